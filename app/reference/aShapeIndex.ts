import type { RowIndex } from './rowIndex';

/**
 * The index of the row block [start, start + 64) of A-shape (StreamingLLM, arXiv 2309.17453): every tile with a key
 * j <= i that has j < init or i - j < local for a row i, and the tiles between.
 */
export function aShapeIndexReference(start: number, keys: number, init: number, local: number): RowIndex {
  const end = Math.min(start + 64, keys);
  const tiles: number[] = [];
  for (let tile = 0; tile < end; tile += 64) {
    // The first row reaches furthest back.
    const sink = tile < init;
    const near = tile + 63 > start - local;
    if (sink || near) tiles.push(tile);
  }
  return { tiles, columns: [] };
}
