import { normMatvecReference } from './normMatvec';

/** silu(gate v) * (up v) with v the RMS norm of x [length], in f64; w [gate, up][rows][length]. Shazeer 2020, SwiGLU. */
export function normMatvecSwigluReference(
  x: ArrayLike<number>,
  norm: ArrayLike<number>,
  w: ArrayLike<number>,
  { rows, length, epsilon }: { rows: number; length: number; epsilon: number },
): Float64Array {
  const both = normMatvecReference(x, norm, w, null, { rows: 2 * rows, length, epsilon });
  return both
    .subarray(0, rows)
    .map((gate, row) => (gate / (1 + Math.exp(-gate))) * (both[rows + row] ?? NaN));
}
