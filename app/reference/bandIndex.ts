import type { RowIndex } from './rowIndex';

/**
 * The index of the row block [start, start + 64) under `budget=scaled` (ours; design 4): every tile that a chosen band
 * of 64 offsets touches in these rows, the first tile, and the chosen columns before the row block outside the tiles.
 */
export function bandIndexReference(
  start: number,
  keys: number,
  columns: readonly number[],
  bands: readonly number[],
): RowIndex {
  const end = Math.min(start + 64, keys);
  const tiles = new Set([0]);
  for (const band of bands) {
    // Of rows start to start + 63 and offsets 64 band to 64 band + 63.
    const lowest = Math.max(0, start - 64 * band - 63);
    const highest = Math.min(end - 1, start + 63 - 64 * band);
    for (let tile = Math.floor(lowest / 64); tile * 64 <= highest; tile++) tiles.add(tile);
  }
  return {
    tiles: [...tiles].toSorted((a, b) => a - b).map((tile) => tile * 64),
    columns: columns.filter((column) => column < start && !tiles.has(Math.floor(column / 64))),
  };
}
