import { describe, expect, test } from 'vitest';
import type { Gpu } from '../gpu/device';
import {
  downloadF32,
  allocateActivations,
  downloadActivations,
  uploadActivations,
  normals,
  testTiers,
  uploadF32,
  uploadHalf,
  worstError,
} from '../gpu/testing';
import { Recorder } from '../gpu/recorder';
import { matmulReference } from '../reference/matmul';
import { matmulSwigluReference } from '../reference/matmulSwiglu';
import { matmul, recordMatmul, type MatmulShape } from './matmul';
import { matmulSwiglu, recordMatmulSwiglu } from './matmulSwiglu';

// On every tier that the adapter has. Inputs are exact f16 and sums are f32: the error of a sum of n products of size 1 is about sqrt(n) * 2^-24.
const tolerance = { rtol: 1e-5, atol: 2e-4 };

async function product(
  gpu: Gpu,
  a: Float32Array,
  w: Float32Array,
  bias: Float32Array | null,
  before: Float32Array,
  shape: MatmulShape,
): Promise<Float32Array> {
  const pipeline = await gpu.pipelines.get(matmul);
  const recorder = new Recorder(gpu);
  const out = uploadF32(gpu, before);
  const buffers = {
    a: uploadActivations(gpu, a),
    w: uploadHalf(gpu, w),
    bias: uploadHalf(gpu, bias ?? new Float32Array(4)),
    out,
  };
  recordMatmul(recorder, pipeline, buffers, { ...shape, hasBias: bias !== null }, 'test');
  await recorder.drain();
  await recorder.destroy();
  return downloadF32(gpu, out, before.length);
}

describe.each((await testTiers()).map((gpu) => ({ tier: gpu.tier, gpu })))('$tier', ({ gpu }) => {
  test.each([
    { rows: 1, cols: 4, length: 8 },
    { rows: 5, cols: 12, length: 24 },
    { rows: 64, cols: 64, length: 64 },
    { rows: 77, cols: 136, length: 104 },
    { rows: 130, cols: 68, length: 384 },
  ])('matmul equals its reference: $rows x $cols x $length', async ({ rows, cols, length }) => {
    const a = normals(rows * length, 1);
    const w = normals(cols * length, 2);
    const bias = normals(cols, 3);
    const actual = await product(gpu, a, w, bias, new Float32Array(rows * cols), { rows, cols, length });
    const expected = matmulReference(a, w, bias, rows, cols, length);
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
  });

  test('matmul uses rows from a_first and w_first, writes from out_first and adds to what is there', async () => {
    const [rows, cols, length] = [9, 20, 32];
    const a = normals((rows + 3) * length, 4);
    const w = normals((cols + 8) * length, 5);
    const before = normals((rows + 2) * cols, 6);
    const shape = { rows, cols, length, aFirst: 3, wFirst: 8, outFirst: 2, accumulate: true };
    const actual = await product(gpu, a, w, null, before, shape);
    const sums = matmulReference(a.subarray(3 * length), w.subarray(8 * length), null, rows, cols, length);
    const expected = Float64Array.from(
      before,
      (value, at) => value + (at < 2 * cols ? 0 : (sums[at - 2 * cols] ?? NaN)),
    );
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
  });

  test.each([
    { rows: 1, cols: 4, length: 8 },
    { rows: 67, cols: 100, length: 72 },
  ])('matmul_swiglu equals its reference: $rows x $cols x $length', async ({ rows, cols, length }) => {
    const a = normals(rows * length, 7);
    const w = normals(2 * cols * length, 8, 0.3);
    const pipeline = await gpu.pipelines.get(matmulSwiglu);
    const recorder = new Recorder(gpu);
    const out = allocateActivations(gpu, rows * cols);
    const buffers = { a: uploadActivations(gpu, a), w: uploadHalf(gpu, w), out };
    recordMatmulSwiglu(recorder, pipeline, buffers, { rows, cols, length }, 'test');
    await recorder.drain();
    await recorder.destroy();
    const expected = matmulSwigluReference(a, w, rows, cols, length);
    // The output is rounded to f16: 2^-11 relative.
    const rounded = { rtol: 2 ** -10, atol: 1e-4 };
    expect(
      worstError(await downloadActivations(gpu, out, rows * cols), expected, rounded),
    ).toBeLessThanOrEqual(1);
  });

  test('matmul_swiglu saturates instead of overflowing f16', async () => {
    const pipeline = await gpu.pipelines.get(matmulSwiglu);
    const recorder = new Recorder(gpu);
    const out = allocateActivations(gpu, 4);
    const buffers = {
      a: uploadActivations(gpu, new Float32Array(8).fill(100)),
      w: uploadHalf(gpu, new Float32Array(64).fill(100)),
      out,
    };
    recordMatmulSwiglu(recorder, pipeline, buffers, { rows: 1, cols: 4, length: 8 }, 'test');
    await recorder.drain();
    await recorder.destroy();
    // silu(80000) * 80000, far beyond f16; the portable tier stores f32.
    const expected = gpu.tier === 'portable' ? 6.4e9 : 65504;
    expect([...(await downloadActivations(gpu, out, 4))]).toEqual([expected, expected, expected, expected]);
  });
});
