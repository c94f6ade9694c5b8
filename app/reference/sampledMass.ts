import type { AttentionShape } from './tileAttention';

/** Softmax mass of one row over some keys: the largest score times log2(e), and the sum of 2^(score - largest). */
export interface RowMass {
  largest: number;
  sum: number;
}

/**
 * Softmax mass of each row over the keys that it sees (`coveredKeys` of a list, say), in f64, scale 1 / sqrt(headDim);
 * (-Infinity, 0) without keys. q [head][row][dim], k [kvHead][key][dim]; returns [head][row]. A key that is seen twice
 * counts twice.
 */
export function sampledMassReference(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  shape: AttentionShape,
  seen: (head: number, row: number) => readonly number[],
): RowMass[][] {
  const { rows, keys, heads, kvHeads, headDim } = shape;
  return Array.from({ length: heads }, (_head, head) => {
    const kvBase = Math.floor(head / (heads / kvHeads)) * keys;
    return Array.from({ length: rows }, (_row, row) => {
      const scores = seen(head, row).map((key) => {
        let dot = 0;
        for (let d = 0; d < headDim; d++) {
          dot += (q[(head * rows + row) * headDim + d] ?? NaN) * (k[(kvBase + key) * headDim + d] ?? NaN);
        }
        return (dot * Math.LOG2E) / Math.sqrt(headDim);
      });
      const largest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
      return { largest, sum: scores.reduce((total, score) => total + 2 ** (score - largest), 0) };
    });
  });
}

/** Share of a row's dense softmax mass that its sparse one keeps (MInference's attention recall): 0 without keys. */
export function recallReference(sparse: RowMass, dense: RowMass): number {
  return sparse.sum === 0 ? 0 : (2 ** (sparse.largest - dense.largest) * sparse.sum) / dense.sum;
}
