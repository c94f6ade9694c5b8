/**
 * One projection of x [token][rowWidth] from `column` on, by head, optionally RMS-normalised over each head
 * (Qwen3) and rotated (Su et al. 2021, half-split form: dims i and i + dim / 2 are a pair), in f64.
 * Returns [head][token][headDim].
 */
export function splitHeadsReference(
  x: ArrayLike<number>,
  shape: {
    tokens: number;
    heads: number;
    headDim: number;
    rowWidth: number;
    column: number;
    position: number;
    epsilon: number;
  },
  norm: ArrayLike<number> | null,
  rope: { inverse: Float64Array; scale: number } | null,
): Float64Array {
  const { tokens, heads, headDim } = shape;
  const out = new Float64Array(heads * tokens * headDim);
  for (let head = 0; head < heads; head++) {
    for (let token = 0; token < tokens; token++) {
      const from = token * shape.rowWidth + shape.column + head * headDim;
      const vector = Float64Array.from({ length: headDim }, (_, i) => x[from + i] ?? NaN);
      if (norm) {
        const squares = vector.reduce((sum, value) => sum + value * value, 0);
        const scale = 1 / Math.sqrt(squares / headDim + shape.epsilon);
        vector.forEach((value, i) => (vector[i] = value * scale * (norm[i] ?? NaN)));
      }
      const to = (head * tokens + token) * headDim;
      if (!rope) {
        out.set(vector, to);
        continue;
      }
      for (let i = 0; i < headDim / 2; i++) {
        const angle = (shape.position + token) * (rope.inverse[i] ?? NaN);
        const low = vector[i] ?? NaN;
        const high = vector[i + headDim / 2] ?? NaN;
        out[to + i] = rope.scale * (low * Math.cos(angle) - high * Math.sin(angle));
        out[to + i + headDim / 2] = rope.scale * (high * Math.cos(angle) + low * Math.sin(angle));
      }
    }
  }
  return out;
}
