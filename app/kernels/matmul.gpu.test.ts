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
import { hasSmallTile, tiledPipelines, type TiledPipelines } from './productTiles';
import type { Kernel } from '../gpu/kernel';

// On every tier that the adapter has. Inputs are exact f16 and sums are f32: the error of a sum of n products of size 1 is about sqrt(n) * 2^-24.
const tolerance = { rtol: 1e-5, atol: 2e-4 };

type Side = 'large' | 'small';

/** So that all products take the tile of this side: those of these tests are of few rows. */
async function pipelinesOf<Binding extends string>(
  gpu: Gpu,
  kernel: Kernel<Binding>,
  side: Side,
): Promise<TiledPipelines<Binding>> {
  const both = await tiledPipelines(gpu, kernel);
  return side === 'small' ? both : { ...both, small: null };
}

async function product(
  gpu: Gpu,
  side: Side,
  a: Float32Array,
  w: Float32Array,
  bias: Float32Array | null,
  before: Float32Array,
  shape: MatmulShape,
): Promise<Float32Array> {
  const pipelines = await pipelinesOf(gpu, matmul, side);
  const recorder = new Recorder(gpu);
  const out = uploadF32(gpu, before);
  const buffers = {
    a: uploadActivations(gpu, a),
    w: uploadHalf(gpu, w),
    bias: uploadHalf(gpu, bias ?? new Float32Array(4)),
    out,
  };
  recordMatmul(recorder, pipelines, buffers, { ...shape, hasBias: bias !== null }, 'test');
  await recorder.drain();
  await recorder.destroy();
  return downloadF32(gpu, out, before.length);
}

const cases = (await testTiers()).flatMap((gpu) => {
  const sides: Side[] = hasSmallTile(gpu) ? ['large', 'small'] : ['large'];
  return sides.map((side) => ({ tier: gpu.tier, side, gpu }));
});

describe.each(cases)('$tier, $side tile', ({ gpu, side }) => {
  test.each([
    { rows: 1, cols: 4, length: 8 },
    { rows: 5, cols: 12, length: 24 },
    { rows: 64, cols: 64, length: 64 },
    { rows: 77, cols: 136, length: 104 },
    { rows: 130, cols: 68, length: 384 },
    { rows: 3, cols: 260, length: 1032 },
  ])('matmul equals its reference: $rows x $cols x $length', async ({ rows, cols, length }) => {
    const a = normals(rows * length, 1);
    const w = normals(cols * length, 2);
    const bias = normals(cols, 3);
    const actual = await product(gpu, side, a, w, bias, new Float32Array(rows * cols), {
      rows,
      cols,
      length,
    });
    const expected = matmulReference(a, w, bias, rows, cols, length);
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
  });

  test.each([
    { rows: 9, cols: 20 },
    { rows: 131, cols: 132 },
  ])(
    'matmul uses rows from a_first and w_first, writes from out_first and adds to what is there: $rows x $cols',
    async ({ rows, cols }) => {
      const length = 32;
      const a = normals((rows + 3) * length, 4);
      const w = normals((cols + 8) * length, 5);
      const before = normals((rows + 2) * cols, 6);
      const shape = { rows, cols, length, aFirst: 3, wFirst: 8, outFirst: 2, accumulate: true };
      const actual = await product(gpu, side, a, w, null, before, shape);
      const sums = matmulReference(a.subarray(3 * length), w.subarray(8 * length), null, rows, cols, length);
      const expected = Float64Array.from(
        before,
        (value, at) => value + (at < 2 * cols ? 0 : (sums[at - 2 * cols] ?? NaN)),
      );
      expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
    },
  );

  test.each([
    { rows: 1, cols: 4, length: 8 },
    { rows: 67, cols: 100, length: 72 },
  ])('matmul_swiglu equals its reference: $rows x $cols x $length', async ({ rows, cols, length }) => {
    const a = normals(rows * length, 7);
    const w = normals(2 * cols * length, 8, 0.3);
    const pipelines = await pipelinesOf(gpu, matmulSwiglu, side);
    const recorder = new Recorder(gpu);
    const out = allocateActivations(gpu, rows * cols);
    const buffers = { a: uploadActivations(gpu, a), w: uploadHalf(gpu, w), out };
    recordMatmulSwiglu(recorder, pipelines, buffers, { rows, cols, length }, 'test');
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
    const pipelines = await pipelinesOf(gpu, matmulSwiglu, side);
    const recorder = new Recorder(gpu);
    const out = allocateActivations(gpu, 4);
    const buffers = {
      a: uploadActivations(gpu, new Float32Array(8).fill(100)),
      w: uploadHalf(gpu, new Float32Array(64).fill(100)),
      out,
    };
    recordMatmulSwiglu(recorder, pipelines, buffers, { rows: 1, cols: 4, length: 8 }, 'test');
    await recorder.drain();
    await recorder.destroy();
    // silu(80000) * 80000, far beyond f16; the portable tier stores f32.
    const expected = gpu.tier === 'portable' ? 6.4e9 : 65504;
    expect([...(await downloadActivations(gpu, out, 4))]).toEqual([expected, expected, expected, expected]);
  });
});
