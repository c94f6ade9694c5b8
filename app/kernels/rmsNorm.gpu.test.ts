import { expect, test } from 'vitest';
import { grid } from '../gpu/grid';
import {
  allocateActivations,
  downloadActivations,
  normals,
  runKernel,
  testGpu,
  uploadF32,
  uploadHalf,
  worstError,
} from '../gpu/testing';
import { rmsNormReference } from '../reference/rmsNorm';
import { rmsNorm } from './rmsNorm';

// f16 keeps 11 bits: half an ulp is 2^-11 relative; f32 sums add less than that again.
const tolerance = { rtol: 2 ** -10, atol: 1e-6 };

test.each([
  { tokens: 1, width: 4 },
  { tokens: 3, width: 64 },
  { tokens: 7, width: 388 },
  { tokens: 131, width: 896 },
])('rms_norm equals its reference: $tokens tokens of $width', async ({ tokens, width }) => {
  const gpu = await testGpu();
  const first = 2;
  const x = normals((tokens + first) * width, 1, 3);
  const weight = normals(width, 2);
  const out = allocateActivations(gpu, tokens * width);
  await runKernel(
    gpu,
    rmsNorm,
    {},
    {
      buffers: { x: uploadF32(gpu, x), weight: uploadHalf(gpu, weight), out },
      params: { tokens, first, width4: width / 4, epsilon: 1e-6 },
      workgroups: grid(tokens),
    },
  );
  const expected = rmsNormReference(x.subarray(first * width), weight, tokens, width, 1e-6);
  expect(
    worstError(await downloadActivations(gpu, out, tokens * width), expected, tolerance),
  ).toBeLessThanOrEqual(1);
});

test('rms_norm of a zero vector is zero, not NaN', async () => {
  const gpu = await testGpu();
  const out = allocateActivations(gpu, 64);
  const x = uploadF32(gpu, new Float32Array(64));
  await runKernel(
    gpu,
    rmsNorm,
    {},
    {
      buffers: { x, weight: uploadHalf(gpu, normals(64, 3)), out },
      params: { tokens: 1, first: 0, width4: 16, epsilon: 1e-6 },
      workgroups: [1],
    },
  );
  expect([...(await downloadActivations(gpu, out, 64))].every((value) => value === 0)).toBe(true);
});
