/** w [rows][length] times a [length] plus bias [rows], in f64. */
export function matvecReference(
  a: ArrayLike<number>,
  w: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  rows: number,
  length: number,
): Float64Array {
  return Float64Array.from({ length: rows }, (_, row) => {
    let sum = bias ? (bias[row] ?? NaN) : 0;
    for (let k = 0; k < length; k++) sum += (w[row * length + k] ?? NaN) * (a[k] ?? NaN);
    return sum;
  });
}
