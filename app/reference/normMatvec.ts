import { matvecReference } from './matvec';
import { rmsNormReference } from './rmsNorm';

/** w [rows][length] times the RMS norm of x [length] plus bias [rows], in f64. */
export function normMatvecReference(
  x: ArrayLike<number>,
  norm: ArrayLike<number>,
  w: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  { rows, length, epsilon }: { rows: number; length: number; epsilon: number },
): Float64Array {
  return matvecReference(rmsNormReference(x, norm, 1, length, epsilon), w, bias, rows, length);
}
