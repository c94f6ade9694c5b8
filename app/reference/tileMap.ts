import type { BlockList } from './tileAttention';

/**
 * Tiles and gathered columns of one head in each cell of `blocksPerCell` row blocks by as many key tiles, row-major.
 * `lists` are of the prompt's row blocks in order; a tile counts where most of it lies, at most up to the diagonal.
 */
export function tileMapReference(
  lists: readonly BlockList[],
  { cells, blocksPerCell }: { cells: number; blocksPerCell: number },
): { tiles: number[]; columns: number[] } {
  const tiles = Array.from({ length: cells * cells }, () => 0);
  const columns = Array.from({ length: cells * cells }, () => 0);
  lists.forEach((list, block) => {
    const row = Math.floor(block / blocksPerCell) * cells;
    const add = (to: number[], tile: number): void => {
      const at = row + Math.floor(Math.min(tile, block) / blocksPerCell);
      to[at] = (to[at] ?? NaN) + 1;
    };
    if (list === 'dense') {
      for (let tile = 0; tile <= block; tile++) add(tiles, tile);
      return;
    }
    for (const first of list.tiles) add(tiles, Math.floor((first + 32) / 64));
    for (const key of list.columns) add(columns, Math.floor(key / 64));
  });
  return { tiles, columns };
}
