import { expect, test } from 'vitest';
import { downloadHalf, normals, testTiers, uploadF32, uploadHalf, worstError } from '../gpu/testing';
import { Recorder } from '../gpu/recorder';
import { splitRowReference } from '../reference/splitRow';
import { ropeTables, splitHeadsSpec } from './splitHeads';
import { recordSplitRow, splitRow } from './splitRow';

// f16 output: 2^-11 relative; f32 cos and sin of the joined tables are within 2e-7.
const tolerance = { rtol: 2 ** -10, atol: 1e-5 };

test.each([
  { heads: 1, kvHeads: 1, headDim: 8, ranges: 1, position: 0, hasNorm: false },
  { heads: 6, kvHeads: 2, headDim: 40, ranges: 2, position: 1021, hasNorm: true },
  { heads: 6, kvHeads: 3, headDim: 64, ranges: 1, position: 2050, hasNorm: false },
  { heads: 8, kvHeads: 4, headDim: 128, ranges: 2, position: 77, hasNorm: true },
  { heads: 2, kvHeads: 1, headDim: 256, ranges: 1, position: 5, hasNorm: true },
])('split_row equals its reference: %o', async ({ heads, kvHeads, headDim, ranges, position, hasNorm }) => {
  const x = normals((heads + 2 * kvHeads) * headDim, 1);
  const norms = { query: normals(headDim, 2), key: normals(headDim, 3) };
  const inverse = Float64Array.from({ length: headDim / 2 }, (_, i) => 5e5 ** ((-2 * i) / headDim));
  const scale = 1.25;
  const { data, coarseRows } = ropeTables(inverse, scale, 2 ** 12);
  const shape = { heads, kvHeads, headDim, position, epsilon: 1e-6 };
  const expected = splitRowReference(x, shape, hasNorm ? norms : null, { inverse, scale });
  const keyStride = position + 2;
  const each = { heads: heads / ranges, kvHeads: kvHeads / ranges };

  for (const gpu of await testTiers()) {
    const pipeline = await gpu.pipelines.get(splitRow, splitHeadsSpec(headDim));
    const recorder = new Recorder(gpu);
    const inputs = {
      x: uploadF32(gpu, x),
      query_norm: uploadHalf(gpu, norms.query),
      key_norm: uploadHalf(gpu, norms.key),
      tables: uploadF32(gpu, data),
    };
    const q = gpu.memory.allocate('q', heads * headDim * 2);
    const caches = Array.from({ length: ranges }, (_, index) => {
      const [k, v] = ['k', 'v'].map((what) =>
        gpu.memory.allocate(what, each.kvHeads * keyStride * headDim * 2),
      ) as [GPUBuffer, GPUBuffer];
      const range = { ...each, headBase: index * each.heads, kvHeadBase: index * each.kvHeads };
      const settings = { ...shape, range, keyStride, hasNorm, coarseRows };
      recordSplitRow(recorder, pipeline, { ...inputs, q, k, v }, settings, 'test');
      return { k, v };
    });
    await recorder.drain();
    await recorder.destroy();

    const queries = await downloadHalf(gpu, q, heads * headDim);
    expect(worstError(queries, expected.q, tolerance), gpu.tier).toBeLessThanOrEqual(1);
    for (const name of ['k', 'v'] as const) {
      for (const [index, cache] of caches.entries()) {
        const all = await downloadHalf(gpu, cache[name], each.kvHeads * keyStride * headDim);
        for (let head = 0; head < each.kvHeads; head++) {
          const row = (head * keyStride + position) * headDim;
          const from = (index * each.kvHeads + head) * headDim;
          const want = expected[name].subarray(from, from + headDim);
          const actual = all.slice(row, row + headDim);
          expect(worstError(actual, want, tolerance), `${gpu.tier} ${name} ${index}`).toBeLessThanOrEqual(1);
          all.fill(0, row, row + headDim);
        }
        // No other row of the cache is touched.
        expect(all.every((value) => value === 0)).toBe(true);
      }
    }
  }
});
