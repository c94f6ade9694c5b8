import { expect, test } from 'vitest';
import { downloadF32, normals, testGpu, uploadHalf, uploadU32 } from '../gpu/testing';
import { Recorder } from '../gpu/recorder';
import { embedReference } from '../reference/embed';
import { embed, recordEmbed } from './embed';

test('embed gathers rows exactly, also from a table bound in two pieces', async () => {
  const gpu = await testGpu();
  const [vocab, width, cut] = [37, 72, 20];
  const weight = normals(vocab * width, 1);
  const ids = Uint32Array.from({ length: 90 }, (_, at) => (at * 7) % vocab);
  const first = 5;
  const tokens = ids.length - first;
  const pipeline = await gpu.pipelines.get(embed);
  const recorder = new Recorder(gpu);
  const out = gpu.memory.allocate('out', tokens * width * 4);
  const uploaded = uploadU32(gpu, ids);
  const low = uploadHalf(gpu, weight.subarray(0, cut * width));
  const high = uploadHalf(gpu, weight.subarray(cut * width));
  const shape = { tokens, first, width };
  recordEmbed(
    recorder,
    pipeline,
    { ids: uploaded, weight: low, out },
    { ...shape, rowFirst: 0, rows: cut },
    'test',
  );
  recordEmbed(
    recorder,
    pipeline,
    { ids: uploaded, weight: high, out },
    { ...shape, rowFirst: cut, rows: vocab - cut },
    'test',
  );
  await recorder.drain();
  await recorder.destroy();
  const expected = embedReference(ids.subarray(first), weight, width);
  expect([...(await downloadF32(gpu, out, tokens * width))]).toEqual([...expected]);
});
