/**
 * MInference's online estimate for one head, in f64 (arXiv 2407.02490, algorithm 2; `vertical_and_slash_kernel` in
 * minference_forward.py): softmax of the last queries against all keys, scale 1/sqrt(dim), causal in their corner;
 * sums by column, and by diagonal j = keys - 1 - offset.
 */
export function verticalSlashEstimateReference(
  tail: ArrayLike<number>,
  k: ArrayLike<number>,
  shape: { tailRows: number; keys: number; dim: number },
): { columnSums: Float64Array; diagonalSums: Float64Array } {
  const { tailRows, keys, dim } = shape;
  const columnSums = new Float64Array(keys);
  const diagonalSums = new Float64Array(keys);
  for (let row = 0; row < tailRows; row++) {
    const position = keys - tailRows + row;
    const scores: number[] = [];
    for (let key = 0; key <= position; key++) {
      let score = 0;
      for (let i = 0; i < dim; i++) score += (tail[row * dim + i] ?? NaN) * (k[key * dim + i] ?? NaN);
      scores.push(score / Math.sqrt(dim));
    }
    const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
    const weights = scores.map((score) => Math.exp(score - largest));
    const sum = weights.reduce((a, b) => a + b, 0);
    weights.forEach((weight, key) => {
      columnSums[key] = (columnSums[key] ?? NaN) + weight / sum;
      const j = keys - 1 - (position - key);
      diagonalSums[j] = (diagonalSums[j] ?? NaN) + weight / sum;
    });
  }
  return { columnSums, diagonalSums };
}

/** Sums of bands of 64 neighbouring offsets: band b holds offsets 64 b and on. Ours. */
export function bandSumsReference(diagonalSums: ArrayLike<number>): Float64Array {
  const keys = diagonalSums.length;
  const bands = new Float64Array(Math.ceil(keys / 64));
  for (let offset = 0; offset < keys; offset++) {
    const band = Math.floor(offset / 64);
    bands[band] = (bands[band] ?? NaN) + (diagonalSums[keys - 1 - offset] ?? NaN);
  }
  return bands;
}
