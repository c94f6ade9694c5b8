import type { Binding } from '../gpu/recorder';

export { DENSE_TILES } from '../kernels/tileAttention';

/**
 * What a pattern gives the attention kernel: for each query head and each block of 64 rows of a chunk, an ascending
 * list of 64-wide key tiles and an ascending list of single key columns outside them (design 4).
 */
export interface TileIndex {
  /** vec2<u32> [head][rowBlock]: number of tiles, number of columns; DENSE_TILES tiles: all causal tiles, lists unread. */
  readonly counts: Binding;
  /** u32 [head][rowBlock][tileCapacity]: first key of each tile, at any alignment. */
  readonly tiles: Binding;
  /** u32 [head][rowBlock][columnCapacity]: keys before the row block's first row and outside its tiles. */
  readonly columns: Binding;
  readonly tileCapacity: number;
  readonly columnCapacity: number;
  readonly rowBlocks: number;
}
