import { matmulSwigluReference } from './matmulSwiglu';
import { rmsNormReference } from './rmsNorm';

/** silu(gate v) * (up v) with v the RMS norm of x [length], in f64; w [gate, up][rows][length]. Shazeer 2020, SwiGLU. */
export function normMatvecSwigluReference(
  x: ArrayLike<number>,
  norm: ArrayLike<number>,
  w: ArrayLike<number>,
  { rows, length, epsilon }: { rows: number; length: number; epsilon: number },
): Float64Array {
  return matmulSwigluReference(rmsNormReference(x, norm, 1, length, epsilon), w, 1, rows, length);
}
