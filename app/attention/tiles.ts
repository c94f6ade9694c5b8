/** Row blocks of 64 queries, tiles of 64 keys: how many there are. */
import type { Geometry } from './types';

export const blockRows = 64;
/** Share of the causal tiles above which a head is better dense. */
export const denseAbove = 0.7;
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
