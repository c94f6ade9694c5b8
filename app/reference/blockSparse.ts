/**
 * MInference's block-sparse pattern for one head, in f64 (arXiv 2407.02490, appendix C; `block_sparse_attention` in
 * minference_forward.py): queries and keys are pooled to the mean of 64 rows, the last block as if zeros followed, and
 * of the causal tiles of a row block those with the largest unscaled products are kept.
 */
import type { RowIndex } from './rowIndex';

export interface BlockSparseShape {
  /** Position of the first row of q; keys there are: past + rows. */
  past: number;
  rows: number;
  keys: number;
  dim: number;
}

/** Means [ceil(rows / 64)][dim] of x [rows][dim]. */
export function meanPoolReference(x: ArrayLike<number>, rows: number, dim: number): Float64Array {
  const pooled = new Float64Array(Math.ceil(rows / 64) * dim);
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < dim; i++) {
      const at = Math.floor(row / 64) * dim + i;
      pooled[at] = (pooled[at] ?? NaN) + (x[row * dim + i] ?? NaN) / 64;
    }
  }
  return pooled;
}

/** Scores of the causal tiles of each row block; q [rows][dim], k [keys][dim]. */
export function blockScoresReference(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  shape: BlockSparseShape,
): number[][] {
  const { past, rows, keys, dim } = shape;
  const pooledQ = meanPoolReference(q, rows, dim);
  const pooledK = meanPoolReference(k, keys, dim);
  return Array.from({ length: Math.ceil(rows / 64) }, (_row, block) => {
    const end = Math.min(past + block * 64 + 64, keys);
    return Array.from({ length: Math.ceil(end / 64) }, (_tile, tile) => {
      let score = 0;
      for (let i = 0; i < dim; i++)
        score += (pooledQ[block * dim + i] ?? NaN) * (pooledK[tile * dim + i] ?? NaN);
      return score;
    });
  });
}

/**
 * The index of the row block at position `start` from the scores of its causal tiles. `scaled` takes the first tile,
 * the tile before the row block and its own first; both budgets take its own first where it is not aligned to tiles.
 * Of equal scores the lowest index wins.
 */
export function blockSparseIndexReference(
  start: number,
  scores: readonly number[],
  topK: number,
  scaled: boolean,
): RowIndex {
  const own = Math.floor(start / 64);
  const ranked = scores.map((score, tile) => {
    const safe = scaled && (tile === 0 || tile + 1 >= own);
    return { tile, score: safe || (start % 64 !== 0 && tile >= own) ? Infinity : score };
  });
  ranked.sort((a, b) => (a.score === b.score ? a.tile - b.tile : b.score - a.score));
  const tiles = ranked.slice(0, topK).map(({ tile }) => tile * 64);
  return { tiles: tiles.toSorted((a, b) => a - b), columns: [] };
}
