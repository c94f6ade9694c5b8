/** One query's attention so far: the widest score, the sum of exp(score - widest), and the values weighted alike. */
export interface RowSums {
  widest: number;
  sum: number;
  /** [dim] */
  weighted: Float64Array;
}

export function noKeys(headDim: number): RowSums {
  return { widest: -Infinity, sum: 0, weighted: new Float64Array(headDim) };
}

/**
 * Adds `keys` to a query's softmax attention in f64, scale 1 / sqrt(headDim), so that K and V may come piece by piece:
 * k and v [key - first][dim]. A key that is named twice counts twice, as the kernel sums what it is told. Sums are rescaled
 * where a wider score comes (Milakov and Gimelshein 2018, algorithm 3).
 */
export function addKeys(
  to: RowSums,
  query: ArrayLike<number>,
  { k, v, first }: { k: ArrayLike<number>; v: ArrayLike<number>; first: number },
  keys: ArrayLike<number>,
): void {
  const { weighted } = to;
  const headDim = weighted.length;
  const scores = new Float64Array(keys.length);
  let widest = to.widest;
  for (let at = 0; at < keys.length; at++) {
    const from = ((keys[at] ?? NaN) - first) * headDim;
    let dot = 0;
    for (let d = 0; d < headDim; d++) dot += (query[d] ?? NaN) * (k[from + d] ?? NaN);
    const score = dot / Math.sqrt(headDim);
    scores[at] = score;
    // A score that is no number must not be passed over.
    if (!(score <= widest)) widest = score;
  }
  if (keys.length === 0) return;
  const rescale = to.sum === 0 ? 0 : Math.exp(to.widest - widest);
  to.sum *= rescale;
  for (let d = 0; d < headDim; d++) weighted[d] = (weighted[d] ?? NaN) * rescale;
  for (let at = 0; at < keys.length; at++) {
    const weight = Math.exp((scores[at] ?? NaN) - widest);
    const from = ((keys[at] ?? NaN) - first) * headDim;
    to.sum += weight;
    for (let d = 0; d < headDim; d++) weighted[d] = (weighted[d] ?? NaN) + weight * (v[from + d] ?? NaN);
  }
  to.widest = widest;
}

/** What the row's attention is, [dim]; zero for a row that saw no key. */
export function attended({ sum, weighted }: RowSums): Float64Array {
  return weighted.map((value) => (sum === 0 ? 0 : value / sum));
}
