/**
 * XAttention for one head, in f64 (arXiv 2503.16428; `xattn_estimate` and `find_blocks_chunked` of its code, as in
 * MInference's modules/xattention.py).
 */
import type { RowIndex } from './rowIndex';

export interface XAttentionShape {
  /** Position of the first row of q; keys there are: past + rows. */
  past: number;
  rows: number;
  keys: number;
  dim: number;
  stride: number;
}

/**
 * Sums [row block of 128][key block of 128] of the softmax over strided keys. Queries of a stride are taken last first
 * and keys first first, so that a product of both sums an antidiagonal; scale 1 / (sqrt(dim) stride); a strided key is
 * causal if it begins no later than the strided row. Rows and keys past the end are zero.
 */
export function antidiagonalSumsReference(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  shape: XAttentionShape,
): number[][] {
  const { past, rows, keys, dim, stride } = shape;
  const at = (x: ArrayLike<number>, row: number, count: number, i: number) =>
    row < count ? (x[row * dim + i] ?? NaN) : 0;
  const sums = Array.from({ length: Math.ceil(rows / 128) }, (_, block) =>
    Array.from({ length: Math.ceil(Math.min(past + block * 128 + 128, keys) / 128) }, () => 0),
  );
  for (let row = 0; row * stride < rows; row++) {
    const scores: number[] = [];
    for (let key = 0; key * stride <= past + row * stride; key++) {
      let score = 0;
      for (let part = 0; part < stride; part++) {
        for (let i = 0; i < dim; i++)
          score += at(q, row * stride + stride - 1 - part, rows, i) * at(k, key * stride + part, keys, i);
      }
      scores.push(score / Math.sqrt(dim) / stride);
    }
    const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
    const weights = scores.map((score) => Math.exp(score - largest));
    const sum = weights.reduce((a, b) => a + b, 0);
    const into = sums[Math.floor((row * stride) / 128)] ?? [];
    weights.forEach((weight, key) => {
      const block = Math.floor((key * stride) / 128);
      into[block] = (into[block] ?? NaN) + weight / sum;
    });
  }
  return sums;
}

/**
 * Blocks that the 128 rows at position `start` keep, ascending: the first and the row block's own, then by descending
 * sum, the first of equals first, until they hold `threshold` of all.
 *
 * `late`: what the original's code does to the rows of its first chunk of 16,384. There its mask of forced blocks loses
 * the first column, so that only the diagonal is counted before the others, and its running sum lags by one block, so
 * that one block more is kept. The first block is kept anyway.
 */
export function xattentionBlocksReference(
  start: number,
  sums: readonly number[],
  threshold: number,
  late: boolean,
): number[] {
  const own = Math.floor(start / 128);
  const total = sums.reduce((a, b) => a + b, 0);
  const kept = new Set<number>([0]);
  const others: number[] = [];
  let held = 0;
  sums.forEach((sum, block) => {
    if (block >= own || (block === 0 && !late)) {
      kept.add(block);
      held += sum;
    } else others.push(block);
  });
  others.sort((a, b) => (sums[b] ?? NaN) - (sums[a] ?? NaN) || a - b);
  let count = 0;
  for (; count < others.length && held < threshold * total; count++)
    held += sums[others[count] ?? NaN] ?? NaN;
  for (const block of others.slice(0, late ? count + 1 : count)) kept.add(block);
  return [...kept].toSorted((a, b) => a - b);
}

/** The index of the 64 rows at position `start` from the blocks of their 128. */
export function xattentionIndexReference(start: number, keys: number, blocks: readonly number[]): RowIndex {
  const end = Math.min(start + 64, keys);
  const tiles = blocks.flatMap((block) => [block * 128, block * 128 + 64]);
  return { tiles: tiles.filter((tile) => tile < end), columns: [] };
}
