import type { RowIndex } from './rowIndex';

/**
 * The index of the row block [start, start + 64) of A-shape (StreamingLLM, arXiv 2309.17453; MInference's
 * `streaming_forward`): the keys j < init, and every tile with a key j <= i that has i - j < local for a row i, and the
 * tiles between. First keys that fill no tile are columns.
 */
export function aShapeIndexReference(start: number, keys: number, init: number, local: number): RowIndex {
  const end = Math.min(start + 64, keys);
  const tiles: number[] = [];
  const columns: number[] = [];
  for (let tile = 0; tile < end; tile += 64) {
    // The first row reaches furthest back.
    const near = tile + 63 > start - local;
    if (near || tile + 64 <= init) tiles.push(tile);
    else for (let key = tile; key < init; key++) columns.push(key);
  }
  return { tiles, columns };
}
