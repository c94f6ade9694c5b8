import type { AttentionShape } from './tileAttention';

/** Of one head and one bin of consecutive keys, over the rows asked for. */
export interface BinMass {
  /** Dense softmax mass on the bin's keys, summed over rows: all bins together come to the number of rows. */
  mass: number;
  /** The part of it on keys that the row's list covers. */
  kept: number;
  /** (row, key) pairs that the list covers and causality allows. */
  pairs: number;
}

/**
 * Where the dense softmax mass of rows from `firstRow` on lies, in f64, scale 1 / sqrt(headDim), as [head][bin].
 * q [head][row][dim], k [kvHead][key][dim]; `seen` names the keys that an index covers of those that the row sees.
 */
export function keyMassReference(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  shape: AttentionShape & { firstRow: number },
  { bins, keysPerBin }: { bins: number; keysPerBin: number },
  seen: (head: number, row: number) => readonly number[],
): BinMass[][] {
  const { rows, keys, heads, kvHeads, headDim } = shape;
  return Array.from({ length: heads }, (_head, head) => {
    const kvBase = Math.floor(head / (heads / kvHeads)) * keys;
    const sums = Array.from({ length: bins }, () => ({ mass: 0, kept: 0, pairs: 0 }));
    for (let row = shape.firstRow; row < rows; row++) {
      const last = Math.min(shape.rowPosition + row, keys - 1);
      const scores = Array.from({ length: last + 1 }, (_key, key) => {
        let dot = 0;
        for (let d = 0; d < headDim; d++) {
          dot += (q[(head * rows + row) * headDim + d] ?? NaN) * (k[(kvBase + key) * headDim + d] ?? NaN);
        }
        return dot / Math.sqrt(headDim);
      });
      const largest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
      const weights = scores.map((score) => Math.exp(score - largest));
      const sum = weights.reduce((total, weight) => total + weight, 0);
      const covered = new Set(seen(head, row));
      weights.forEach((weight, key) => {
        const bin = sums[Math.floor(key / keysPerBin)];
        if (!bin) return;
        bin.mass += weight / sum;
        if (!covered.has(key)) return;
        bin.kept += weight / sum;
        bin.pairs++;
      });
    }
    return sums;
  });
}
