/**
 * Squared L2 norms, summed over `rows` rows of one head: of sparse minus dense, and of dense.
 * Outputs [row][heads][dim], from row `firstRow` on.
 */
export function sampledErrorReference(
  sparse: ArrayLike<number>,
  dense: ArrayLike<number>,
  shape: { firstRow: number; rows: number; heads: number; headDim: number },
  head: number,
): { error: number; norm: number } {
  let error = 0;
  let norm = 0;
  for (let row = shape.firstRow; row < shape.firstRow + shape.rows; row++) {
    for (let d = 0; d < shape.headDim; d++) {
      const at = (row * shape.heads + head) * shape.headDim + d;
      const want = dense[at] ?? NaN;
      error += ((sparse[at] ?? NaN) - want) ** 2;
      norm += want ** 2;
    }
  }
  return { error, norm };
}
