/**
 * Joins the outputs of parts of the keys: parts [split][splitRows][heads][headDim], each normalised over its own keys, and
 * stats [split][splitRows][heads][maximum, base 2; sum] into [rows][heads][headDim], in f64. A row that sees no key is zero.
 * Flash-Decoding (Dao et al. 2023).
 */
export function mergeSplitsReference(
  parts: ArrayLike<number>,
  stats: ArrayLike<number>,
  shape: { rows: number; heads: number; headDim: number; splits: number; splitRows: number },
): Float64Array {
  const { rows, heads, headDim, splits, splitRows } = shape;
  const out = new Float64Array(rows * heads * headDim);
  for (let entry = 0; entry < rows * heads; entry++) {
    const places = Array.from({ length: splits }, (_, split) => split * splitRows * heads + entry);
    const widest = Math.max(...places.map((at) => stats[at * 2] ?? NaN));
    const weights = places.map((at) => 2 ** ((stats[at * 2] ?? NaN) - widest) * (stats[at * 2 + 1] ?? NaN));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    if (sum === 0) continue;
    for (let d = 0; d < headDim; d++) {
      const all = places.reduce(
        (total, at, split) => total + (weights[split] ?? NaN) * (parts[at * headDim + d] ?? NaN),
        0,
      );
      out[entry * headDim + d] = all / sum;
    }
  }
  return out;
}
