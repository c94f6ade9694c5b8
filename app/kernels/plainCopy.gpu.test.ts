import { expect, test } from 'vitest';
import { Recorder } from '../gpu/recorder';
import { downloadF32, normals, testGpu, uploadF32 } from '../gpu/testing';
import { plainCopyReference } from '../reference/plainCopy';
import { plainCopy, recordPlainCopy } from './plainCopy';

test.each([4, 4 * 1_023, 4 * 1_025, 4 * 2_500])(
  'plain_copy copies %i words, and nothing after them',
  async (words) => {
    const gpu = await testGpu();
    const values = normals(words + 8, 5);
    const a = uploadF32(gpu, values);
    const before = normals(words + 8, 6);
    const out = uploadF32(gpu, before);
    const recorder = new Recorder(gpu);
    recordPlainCopy(recorder, await gpu.pipelines.get(plainCopy), { a, out }, words * 4, 'test');
    await recorder.drain();
    await recorder.destroy();
    const expected = plainCopyReference(values, before, words);
    expect([...(await downloadF32(gpu, out, words + 8))]).toEqual(expected);
  },
);
