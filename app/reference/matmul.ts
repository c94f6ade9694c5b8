/** a [rows][length] times w [cols][length] transposed plus bias [cols], in f64. */
export function matmulReference(
  a: ArrayLike<number>,
  w: ArrayLike<number>,
  bias: ArrayLike<number> | null,
  rows: number,
  cols: number,
  length: number,
): Float64Array {
  const out = new Float64Array(rows * cols);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      let sum = bias ? (bias[col] ?? NaN) : 0;
      for (let k = 0; k < length; k++) sum += (a[row * length + k] ?? NaN) * (w[col * length + k] ?? NaN);
      out[row * cols + col] = sum;
    }
  }
  return out;
}
