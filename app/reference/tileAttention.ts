/** Key tiles (first key of each 64) and single keys of one (head, row block), or all causal keys. */
export type BlockList = 'dense' | { readonly tiles: readonly number[]; readonly columns: readonly number[] };

export interface AttentionShape {
  rows: number;
  /** Position of row 0: row i sees keys <= rowPosition + i. */
  rowPosition: number;
  keys: number;
  heads: number;
  kvHeads: number;
  headDim: number;
}

/**
 * Softmax attention in f64 over the keys that `lists` covers and causality allows, scale 1 / sqrt(headDim).
 * q [head][row][dim], k and v [kvHead][key][dim]; returns [row][head][dim]. A key in several lists counts several
 * times, as the kernel sums what it is told; a row that sees no key is zero. Jiang et al. 2024, section 3.3.
 */
export function tileAttentionReference(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
  shape: AttentionShape,
  lists: (head: number, rowBlock: number) => BlockList,
): Float64Array {
  const { rows, keys, heads, kvHeads, headDim } = shape;
  const out = new Float64Array(rows * heads * headDim);
  for (let head = 0; head < heads; head++) {
    const kvBase = Math.floor(head / (heads / kvHeads)) * keys;
    for (let row = 0; row < rows; row++) {
      const list = lists(head, Math.floor(row / 64));
      const seen = coveredKeys(list, Math.min(shape.rowPosition + row, keys - 1));
      const scores = seen.map((key) => {
        let dot = 0;
        for (let d = 0; d < headDim; d++) {
          dot += (q[(head * rows + row) * headDim + d] ?? NaN) * (k[(kvBase + key) * headDim + d] ?? NaN);
        }
        return dot / Math.sqrt(headDim);
      });
      const widest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
      const weights = scores.map((score) => Math.exp(score - widest));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      seen.forEach((key, at) => {
        const share = (weights[at] ?? NaN) / sum;
        for (let d = 0; d < headDim; d++) {
          const to = (row * heads + head) * headDim + d;
          out[to] = (out[to] ?? NaN) + share * (v[(kvBase + key) * headDim + d] ?? NaN);
        }
      });
    }
  }
  return out;
}

/** Keys up to `last` that a list covers, tiles first. */
export function coveredKeys(list: BlockList, last: number): number[] {
  if (list === 'dense') return Array.from({ length: last + 1 }, (_, key) => key);
  const fromTiles = list.tiles.flatMap((first) => Array.from({ length: 64 }, (_, slot) => first + slot));
  return [...fromTiles, ...list.columns].filter((key) => key <= last);
}
