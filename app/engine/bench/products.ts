/** The products of a layer at a model's own shapes. */
import type { Gpu } from '../../gpu/device';
import { matmul, recordMatmul } from '../../kernels/matmul';
import { matmulSwiglu, recordMatmulSwiglu } from '../../kernels/matmulSwiglu';
import { tiledPipelines } from '../../kernels/productTiles';
import { withLab } from './lab';
import { noiseValues, worst } from './noise';
import type { KernelMeasurement } from './types';

export interface ProductShape {
  rows: number;
  cols: number;
  length: number;
  gated: boolean;
}

export function measureProduct(
  gpu: Gpu,
  shape: ProductShape,
  signal: AbortSignal,
): Promise<KernelMeasurement> {
  const { rows, cols, length, gated } = shape;
  return withLab(gpu, async (lab) => {
    const plain = await tiledPipelines(gpu, matmul);
    const swiglu = await tiledPipelines(gpu, matmulSwiglu);
    const buffers = {
      a: await lab.noiseActivations(rows * length, 1),
      w: await lab.noise((gated ? 2 : 1) * cols * length, 2),
      out: lab.empty(rows * cols * 4),
    };
    const bias = lab.empty(16);
    const { ms } = await lab.time((recorder) => {
      if (gated) recordMatmulSwiglu(recorder, swiglu, buffers, { rows, cols, length }, 'bench');
      else recordMatmul(recorder, plain, { ...buffers, bias }, { rows, cols, length }, 'bench');
    }, signal);

    const last = rows - 1;
    const input = noiseValues(length, 1, last * length);
    const dot = (weight: number): number =>
      noiseValues(length, 2, weight * length).reduce((sum, value, at) => sum + value * (input[at] ?? NaN), 0);
    const expected = Float64Array.from({ length: cols }, (_, col) => {
      const gate = dot(col);
      return gated ? (gate / (1 + Math.exp(-gate))) * dot(cols + col) : gate;
    });
    const actual = gated
      ? await lab.readActivations(buffers.out, last * cols, cols)
      : await lab.readF32(buffers.out, last * cols, cols);
    return {
      kernel: gated ? 'matmul_swiglu' : 'matmul',
      shape: `${rows} x ${cols} x ${length}`,
      tokens: null,
      error: worst(actual, expected),
      // f32 sums; the gated product is stored in 16 bits.
      tolerance: gated ? 2e-3 : 1e-4,
      ms,
      rate: (2 * rows * cols * length * (gated ? 2 : 1)) / ms / 1e9,
      unit: 'TFLOP/s',
    };
  });
}
