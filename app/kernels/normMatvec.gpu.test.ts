import { expect, test } from 'vitest';
import { activationSize } from '../gpu/capabilities';
import type { Gpu } from '../gpu/device';
import {
  allocateActivations,
  downloadActivations,
  downloadF32,
  normals,
  testTiers,
  uploadF32,
  uploadHalf,
  worstError,
} from '../gpu/testing';
import { Recorder } from '../gpu/recorder';
import { normMatvecReference } from '../reference/normMatvec';
import { normMatvecSwigluReference } from '../reference/normMatvecSwiglu';
import { normMatvec, recordNormMatvec } from './normMatvec';
import { normMatvecSwiglu, recordNormMatvecSwiglu } from './normMatvecSwiglu';

const epsilon = 1e-5;
/** Of x, above its own size and below it, so that neither the mean square nor epsilon is lost in the other. */
const scales = [3, 2e-3];

/**
 * f32 sums of products of weights of size `size`. Where activations are 16-bit, normed values are rounded to them, each by
 * up to 2^-11: normal errors of at most a third of that, of which four standard deviations may meet in a sum.
 */
function tolerance(gpu: Gpu, length: number, size: number): { rtol: number; atol: number } {
  const rounded = activationSize(gpu.tier) === 2 ? 4 * Math.sqrt(length) * (2 ** -11 / 3) * size : 0;
  return { rtol: 1e-5, atol: 2e-4 + rounded };
}

async function run(gpu: Gpu, record: (recorder: Recorder) => void): Promise<void> {
  const recorder = new Recorder(gpu);
  record(recorder);
  await recorder.drain();
  await recorder.destroy();
}

test.each([
  { rows: 1, length: 8, hasBias: false },
  { rows: 7, length: 56, hasBias: true },
  { rows: 131, length: 384, hasBias: true },
  { rows: 6, length: 1032, hasBias: false },
])('norm_matvec equals its reference: %o', async ({ rows, length, hasBias }) => {
  const shape = { rows, length, epsilon };
  const norm = normals(length, 2);
  const w = normals(rows * length, 3);
  const bias = normals(rows, 4);
  for (const scale of scales) {
    const x = normals(3 * length, 1, scale);
    const sums = normMatvecReference(x.subarray(2 * length), norm, w, hasBias ? bias : null, shape);
    const expected = Float64Array.from([7, ...sums]);
    for (const gpu of await testTiers()) {
      const pipeline = await gpu.pipelines.get(normMatvec);
      const out = uploadF32(gpu, new Float32Array(rows + 1).fill(7));
      const weights = { norm: uploadHalf(gpu, norm), w: uploadHalf(gpu, w), bias: uploadHalf(gpu, bias) };
      const buffers = { x: uploadF32(gpu, x), ...weights, out };
      await run(gpu, (recorder) => {
        recordNormMatvec(recorder, pipeline, buffers, { ...shape, xRow: 2, outFirst: 1, hasBias }, 'test');
      });
      const actual = await downloadF32(gpu, out, rows + 1);
      expect(worstError(actual, expected, tolerance(gpu, length, 1)), gpu.tier).toBeLessThanOrEqual(1);
    }
  }
});

test.each([
  { rows: 4, length: 8 },
  { rows: 148, length: 96 },
  { rows: 12, length: 1096 },
])('norm_matvec_swiglu equals its reference: $rows rows of $length', async ({ rows, length }) => {
  const shape = { rows, length, epsilon };
  const norm = normals(length, 6);
  const size = 1 / Math.sqrt(length);
  const w = normals(2 * rows * length, 7, size);
  for (const scale of scales) {
    const x = normals(2 * length, 5, scale);
    const expected = normMatvecSwigluReference(x.subarray(length), norm, w, shape);
    for (const gpu of await testTiers()) {
      const pipeline = await gpu.pipelines.get(normMatvecSwiglu);
      const out = allocateActivations(gpu, rows);
      const buffers = { x: uploadF32(gpu, x), norm: uploadHalf(gpu, norm), w: uploadHalf(gpu, w), out };
      await run(gpu, (recorder) => {
        recordNormMatvecSwiglu(recorder, pipeline, buffers, { ...shape, xRow: 1 }, 'test');
      });
      const { atol } = tolerance(gpu, length, size);
      // The product of two sums, each up to 4 or so; the output is rounded to 16 bits once more, 2^-11 relative.
      const bounds = { rtol: 2 ** -10, atol: 8 * atol };
      const actual = await downloadActivations(gpu, out, rows);
      expect(worstError(actual, expected, bounds), gpu.tier).toBeLessThanOrEqual(1);
    }
  }
});

test('the norm of a zero row is zero, not NaN', async () => {
  for (const gpu of await testTiers()) {
    const pipeline = await gpu.pipelines.get(normMatvec);
    const out = uploadF32(gpu, new Float32Array(4).fill(7));
    const weights = { norm: uploadHalf(gpu, normals(64, 8)), w: uploadHalf(gpu, normals(256, 9)) };
    const buffers = { x: uploadF32(gpu, new Float32Array(64)), ...weights, bias: weights.norm, out };
    await run(gpu, (recorder) => {
      recordNormMatvec(recorder, pipeline, buffers, { rows: 4, length: 64, epsilon }, 'test');
    });
    expect([...(await downloadF32(gpu, out, 4))], gpu.tier).toEqual([0, 0, 0, 0]);
  }
});
