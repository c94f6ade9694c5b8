/** x / sqrt(mean(x^2) + epsilon) * weight for each token of x [token][width], in f64. Zhang and Sennrich 2019, eq. 4. */
export function rmsNormReference(
  x: ArrayLike<number>,
  weight: ArrayLike<number>,
  tokens: number,
  width: number,
  epsilon: number,
): Float64Array {
  const out = new Float64Array(tokens * width);
  for (let token = 0; token < tokens; token++) {
    let squares = 0;
    for (let i = 0; i < width; i++) squares += (x[token * width + i] ?? NaN) ** 2;
    const scale = 1 / Math.sqrt(squares / width + epsilon);
    for (let i = 0; i < width; i++) {
      out[token * width + i] = (x[token * width + i] ?? NaN) * scale * (weight[i] ?? NaN);
    }
  }
  return out;
}
