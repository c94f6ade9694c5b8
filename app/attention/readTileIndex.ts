/** A tile index on the CPU, for tests, the attention-only run and maps: never inside a prefill. */
import type { Gpu } from '../gpu/device';
import { placeOf, readBuffer, type Binding } from '../gpu/recorder';
import type { RowIndex } from '../reference/rowIndex';
import { DENSE_TILES, type TileIndex } from './tileIndex';

/** [head][row block] */
export async function readTileIndex(
  gpu: Gpu,
  index: TileIndex,
  heads: number,
): Promise<(RowIndex | 'dense')[][]> {
  const { rowBlocks, tileCapacity, columnCapacity } = index;
  const words = async (binding: Binding, count: number) => {
    const { buffer, offset } = placeOf(binding);
    return count === 0
      ? new Uint32Array()
      : new Uint32Array(await readBuffer(gpu, buffer, offset, count * 4));
  };
  const blocks = heads * rowBlocks;
  const counts = await words(index.counts, blocks * 2);
  const tiles = await words(index.tiles, blocks * tileCapacity);
  const columns = await words(index.columns, blocks * columnCapacity);
  return Array.from({ length: heads }, (_head, head) =>
    Array.from({ length: rowBlocks }, (_block, block) => {
      const place = head * rowBlocks + block;
      const tileCount = counts[place * 2] ?? 0;
      if (tileCount === DENSE_TILES) return 'dense';
      const firstTile = place * tileCapacity;
      const firstColumn = place * columnCapacity;
      return {
        tiles: [...tiles.subarray(firstTile, firstTile + tileCount)],
        columns: [...columns.subarray(firstColumn, firstColumn + (counts[place * 2 + 1] ?? 0))],
      };
    }),
  );
}
