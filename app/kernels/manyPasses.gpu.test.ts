/** That a run of more passes than a set of timestamps holds computes what it should, and books the time of each. */
import { expect, test } from 'vitest';
import { Recorder } from '../gpu/recorder';
import { downloadF32, normals, testGpu, uploadHalf, uploadU32 } from '../gpu/testing';
import { embed, recordEmbed } from './embed';

/** More than the 1,024 passes of a set, and than the 1,024 dispatches of a submit. */
const dispatches = 2_500;
/** Values between two rows of the output: offsets of bindings are multiples of 256 bytes. */
const stride = 64;
const width = 4;

test('thousands of passes without a pause each see their own parameters', async () => {
  const gpu = await testGpu();
  const weight = normals(dispatches * width, 3);
  const ids = Uint32Array.from({ length: dispatches }, (_, n) => (n * 1_001 + 7) % dispatches);
  expect(new Set(ids).size).toBe(dispatches);
  const out = gpu.memory.allocate('test out', dispatches * stride * 4);
  const buffers = { ids: uploadU32(gpu, ids), weight: uploadHalf(gpu, weight) };
  const pipeline = await gpu.pipelines.get(embed);
  const recorder = new Recorder(gpu);
  const record = (n: number, phase: string): void => {
    const to = { buffer: out, offset: n * stride * 4, size: width * 4 };
    const shape = { tokens: 1, first: n, width, rowFirst: 0, rows: dispatches };
    recordEmbed(recorder, pipeline, { ...buffers, out: to }, shape, phase);
  };
  // Passes run ahead of dispatches: the set fills while the submit has room.
  for (let n = 0; n < 3; n++) record(n, 'one');
  await recorder.drain();
  for (let n = 3; n < dispatches; n++) record(n, n % 2 === 0 ? 'one' : 'other');
  await recorder.drain();
  const phases = await recorder.phases();
  await recorder.destroy();

  const values = await downloadF32(gpu, out, dispatches * stride);
  const wrong = [...ids.keys()].filter((n) => {
    const row = ids[n] ?? NaN;
    return [0, 1, 2, 3].some((i) => values[n * stride + i] !== weight[row * width + i]);
  });
  expect(wrong).toEqual([]);
  if (gpu.capabilities.timestamps) {
    expect(phases?.totals.one).toBeGreaterThan(0);
    expect(phases?.totals.other).toBeGreaterThan(0);
  }
});
