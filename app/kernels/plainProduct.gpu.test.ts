import { expect, test } from 'vitest';
import { downloadF32, normals, testGpu, uploadF32, worstError } from '../gpu/testing';
import { matmulReference } from '../reference/matmul';
import { plainProduct, recordPlainProduct } from './plainProduct';
import { Recorder } from '../gpu/recorder';

function transposed(values: Float32Array, rows: number, cols: number): Float32Array {
  return Float32Array.from(values, (_, at) => values[(at % rows) * cols + Math.floor(at / rows)] ?? NaN);
}

test('plain_product equals its reference, in f32', async () => {
  const gpu = await testGpu();
  const [rows, cols, length] = [256, 128, 48];
  const a = normals(rows * length, 1);
  const w = normals(cols * length, 2);
  const out = uploadF32(gpu, new Float32Array(rows * cols));
  const buffers = {
    a: uploadF32(gpu, transposed(a, rows, length)),
    w: uploadF32(gpu, transposed(w, cols, length)),
    out,
  };
  const pipeline = await gpu.pipelines.get(plainProduct, { without: ['f16'] });
  const recorder = new Recorder(gpu);
  recordPlainProduct(recorder, pipeline, buffers, { rows, cols, length }, 'test');
  await recorder.drain();
  await recorder.destroy();
  const expected = matmulReference(a, w, null, rows, cols, length);
  const actual = await downloadF32(gpu, out, rows * cols);
  expect(worstError(actual, expected, { rtol: 1e-5, atol: 1e-4 })).toBeLessThanOrEqual(1);
});
