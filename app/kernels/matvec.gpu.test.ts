import { expect, test } from 'vitest';
import {
  downloadF32,
  normals,
  testTiers,
  uploadActivations,
  uploadF32,
  uploadHalf,
  worstError,
} from '../gpu/testing';
import { Recorder } from '../gpu/recorder';
import { matvecReference } from '../reference/matvec';
import { matvec, recordMatvec } from './matvec';

// f32 sums of exact f16 products.
const tolerance = { rtol: 1e-5, atol: 2e-4 };

test.each([
  { rows: 1, length: 8 },
  { rows: 7, length: 56 },
  { rows: 263, length: 384 },
  // Eight more than what all threads fetch at once, at first, and before the two sets of fetches start anew.
  { rows: 5, length: 520 },
  { rows: 6, length: 1032 },
  { rows: 3, length: 2056 },
])('matvec equals its reference: $rows rows of $length', async ({ rows, length }) => {
  const a = normals(3 * length, 1);
  const w = normals((rows + 4) * length, 2);
  const bias = normals(rows + 4, 3);
  const before = normals(rows + 1, 4);
  const sums = matvecReference(
    a.subarray(2 * length),
    w.subarray(4 * length),
    bias.subarray(4),
    rows,
    length,
  );
  const expected = Float64Array.from(before, (value, at) => value + (at === 0 ? 0 : (sums[at - 1] ?? NaN)));
  for (const gpu of await testTiers()) {
    const pipeline = await gpu.pipelines.get(matvec);
    const recorder = new Recorder(gpu);
    const out = uploadF32(gpu, before);
    const buffers = { a: uploadActivations(gpu, a), w: uploadHalf(gpu, w), bias: uploadHalf(gpu, bias), out };
    const shape = { aRow: 2, rows, wFirst: 4, outFirst: 1, length, hasBias: true, accumulate: true };
    recordMatvec(recorder, pipeline, buffers, shape, 'test');
    await recorder.drain();
    await recorder.destroy();
    const actual = await downloadF32(gpu, out, rows + 1);
    expect(worstError(actual, expected, tolerance), gpu.tier).toBeLessThanOrEqual(1);
  }
});
