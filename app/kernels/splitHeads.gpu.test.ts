import { expect, test } from 'vitest';
import { downloadHalf, normals, testGpu, uploadF32, uploadHalf, worstError } from '../gpu/testing';
import { Recorder } from '../gpu/recorder';
import { splitHeadsReference } from '../reference/splitHeads';
import { recordSplitHeads, ropeTables, splitHeads, splitHeadsSpec } from './splitHeads';

// f16 output: 2^-11 relative; f32 cos and sin of the joined tables are within 2e-7.
const tolerance = { rtol: 2 ** -10, atol: 1e-5 };

test.each([
  { tokens: 1, heads: 1, headDim: 8, position: 0, hasNorm: false, hasRope: true },
  { tokens: 5, heads: 3, headDim: 40, position: 1021, hasNorm: true, hasRope: true },
  { tokens: 9, heads: 2, headDim: 64, position: 1_048_560, hasNorm: false, hasRope: true },
  { tokens: 17, heads: 2, headDim: 128, position: 77, hasNorm: true, hasRope: true },
  { tokens: 3, heads: 2, headDim: 256, position: 5, hasNorm: true, hasRope: false },
  { tokens: 33, heads: 2, headDim: 64, position: 5, hasNorm: false, hasRope: false },
])('split_heads equals its reference: %o', async ({ tokens, heads, headDim, position, hasNorm, hasRope }) => {
  const gpu = await testGpu();
  const column = 8;
  const rowWidth = column + heads * headDim + 4;
  const x = normals(tokens * rowWidth, 1);
  const norm = normals(headDim, 2);
  const inverse = Float64Array.from({ length: headDim / 2 }, (_, i) => 5e5 ** ((-2 * i) / headDim));
  const scale = 1.25;
  const tables = ropeTables(inverse, scale, 2 ** 20);
  const pipeline = await gpu.pipelines.get(splitHeads, splitHeadsSpec(headDim));
  const recorder = new Recorder(gpu);
  const outStride = tokens + 2;
  const out = gpu.memory.allocate('out', heads * outStride * headDim * 2);
  recordSplitHeads(
    recorder,
    pipeline,
    { x: uploadF32(gpu, x), norm: uploadHalf(gpu, norm), tables: uploadF32(gpu, tables.data), out },
    {
      tokens,
      heads,
      headDim,
      rowWidth,
      column,
      outStride,
      outFirst: 2,
      position,
      hasNorm,
      hasRope,
      epsilon: 1e-6,
      coarseRows: tables.coarseRows,
    },
    'test',
  );
  await recorder.drain();
  await recorder.destroy();
  const shape = { tokens, heads, headDim, rowWidth, column, position, epsilon: 1e-6 };
  const expected = splitHeadsReference(x, shape, hasNorm ? norm : null, hasRope ? { inverse, scale } : null);
  const all = await downloadHalf(gpu, out, heads * outStride * headDim);
  for (let head = 0; head < heads; head++) {
    const actual = all.subarray((head * outStride + 2) * headDim, (head + 1) * outStride * headDim);
    const want = expected.subarray(head * tokens * headDim, (head + 1) * tokens * headDim);
    expect(worstError(actual, want, tolerance)).toBeLessThanOrEqual(1);
    expect(
      all.slice(head * outStride * headDim, (head * outStride + 2) * headDim).every((v) => v === 0),
    ).toBe(true);
  }
});
