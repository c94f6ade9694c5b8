/** silu(a gate^T) * (a up^T) in f64; a [rows][length], w [gate, up][cols][length]. Shazeer 2020, SwiGLU. */
export function matmulSwigluReference(
  a: ArrayLike<number>,
  w: ArrayLike<number>,
  rows: number,
  cols: number,
  length: number,
): Float64Array {
  const out = new Float64Array(rows * cols);
  for (let row = 0; row < rows; row++) {
    for (let col = 0; col < cols; col++) {
      let gate = 0;
      let up = 0;
      for (let k = 0; k < length; k++) {
        const value = a[row * length + k] ?? NaN;
        gate += value * (w[col * length + k] ?? NaN);
        up += value * (w[(cols + col) * length + k] ?? NaN);
      }
      out[row * cols + col] = (gate / (1 + Math.exp(-gate))) * up;
    }
  }
  return out;
}
