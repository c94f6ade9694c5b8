/** Row blocks of 64 queries, tiles of 64 keys: how many there are, and when dense is better. */
import type { Geometry } from './types';

export const blockRows = 64;
/** Share of the causal tiles above which a head is better dense. */
export const denseAbove = 0.7;
/**
 * Up to here, estimate and index cost more than the tiles saved: on an H200 the built-in model's first token took 10.2 ms dense
 * and 10.7 with 'adaptive' at 4,096 tokens, 22.3 and 15.5 at 8,192.
 */
export const mostDenseKeys = 4096;
/** Below, the estimate's rows are too large a share of all rows. */
export const fewestRows = 512;
/** Value of `denseAbove` that never applies: no index computes a thousand times the causal tiles. */
export const neverDense = 1000;

export function rowBlocksOf(rows: number): number {
  return Math.ceil(rows / blockRows);
}

/** Tiles that a dense head computes for rows [past, past + rows): a row block reads every tile up to its last row's. */
export function causalTiles({ past, rows }: Pick<Geometry, 'past' | 'rows'>): number {
  let tiles = 0;
  for (let first = 0; first < rows; first += blockRows)
    tiles += Math.ceil((past + Math.min(rows, first + blockRows)) / 64);
  return tiles;
}
