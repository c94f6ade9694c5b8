/** Patterns that choose the tiles of each row block by itself (block_sparse, xattention): what they share. */
import type { Gpu } from '../gpu/device';
import { readBuffer } from '../gpu/recorder';
import { allocateAll, releaseAll } from './buffers';
import { summarise } from './ranked';
import type { TileIndex } from './tileIndex';
import { causalTiles, rowBlocksOf } from './tiles';
import type { Geometry, PatternStatistics } from './types';

/** Bytes of scratch that a batch of heads may use; one head is always allowed. */
export const scratchBytes = 2 ** 26;

/** Bytes of the lists of a chunk and of what all layers count, with room for `tileCapacity` tiles a row block. */
export function rowLocalSizes({ heads, layers, chunkRows }: Geometry, tileCapacity: number) {
  const blocks = heads * rowBlocksOf(chunkRows);
  return {
    counts: blocks * 8,
    tiles: blocks * tileCapacity * 4,
    columns: 16,
    statistics: layers * heads * 8,
  };
}

export interface RowLocal {
  readonly counts: GPUBuffer;
  readonly tiles: GPUBuffer;
  /** [layers][heads] vec2u: tiles computed, row blocks that are dense. */
  readonly statistics: GPUBuffer;
  index(rows: number): TileIndex;
  /** One read-back. */
  summary(): Promise<PatternStatistics>;
  destroy(): void;
}

export function createRowLocal(gpu: Gpu, geometry: Geometry, tileCapacity: number): RowLocal {
  const { statistics, ...lists } = allocateAll(gpu, rowLocalSizes(geometry, tileCapacity));
  return {
    counts: lists.counts,
    tiles: lists.tiles,
    statistics,
    index: (rows) => ({ ...lists, tileCapacity, columnCapacity: 0, rowBlocks: rowBlocksOf(rows) }),
    summary: async () => {
      const size = geometry.layers * geometry.heads * 8;
      const counts = new Uint32Array(await readBuffer(gpu, statistics, 0, size));
      return summariseRows(counts, geometry);
    },
    destroy: () => {
      releaseAll(gpu, { ...lists, statistics });
    },
  };
}

/**
 * [layer][head][tiles computed, row blocks that are dense]. Lists become dense one by one; a head counts as dense when
 * none of its row blocks kept a list.
 */
export function summariseRows(
  counts: Uint32Array,
  geometry: Pick<Geometry, 'past' | 'rows'>,
): PatternStatistics {
  const every = rowBlocksOf(geometry.rows);
  const byHead = counts.map((value, at) => (at % 2 === 0 ? value : Number(value === every)));
  return summarise(byHead, causalTiles(geometry));
}
