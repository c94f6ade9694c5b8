/** One tile index of several: each head's lists from the part that it follows (shaders/attention/merge_index.wgsl). */
import type { Gpu } from '../gpu/device';
import type { Recorder } from '../gpu/recorder';
import { mergeIndex, recordMergeIndex } from '../kernels/mergeIndex';
import { allocateAll, releaseAll } from './buffers';
import type { TileIndex } from './tileIndex';
import { DENSE_TILES } from './tileIndex';
import { rowBlocksOf } from './tiles';
import type { Geometry } from './types';

export interface MergedPart {
  /** [layer][head], row-major: heads that follow this part. */
  readonly owns: readonly boolean[];
  /** Tiles and columns that a row block's lists have room for; [0, 0] of a dense part. */
  readonly room: readonly [number, number];
}

/** [layer]: the parts that its heads follow, ascending. */
export function partsByLayer(parts: readonly MergedPart[], { layers, heads }: Geometry): number[][] {
  return Array.from({ length: layers }, (_, layer) =>
    parts.flatMap(({ owns }, at) =>
      owns.slice(layer * heads, (layer + 1) * heads).includes(true) ? [at] : [],
    ),
  );
}

function capacitiesOf(parts: readonly MergedPart[]) {
  const most = (list: 0 | 1) => Math.max(0, ...parts.map(({ room }) => room[list]));
  return { tileCapacity: most(0), columnCapacity: most(1) };
}

export function mergedSizes({ heads, layers, chunkRows }: Geometry, parts: readonly MergedPart[]) {
  const blocks = heads * rowBlocksOf(chunkRows);
  const { tileCapacity, columnCapacity } = capacitiesOf(parts);
  return {
    parts: layers * heads * 4,
    counts: blocks * 8,
    tiles: blocks * tileCapacity * 4,
    columns: blocks * columnCapacity * 4,
    dense_counts: blocks * 8,
  };
}

export interface MergedIndex {
  /** Records the merge of a chunk's indexes, by part; null: its heads are dense. */
  rows(
    recorder: Recorder,
    layer: number,
    rowBlocks: number,
    indexes: ReadonlyMap<number, TileIndex | null>,
  ): TileIndex;
  destroy(): void;
}

export async function createMergedIndex(
  gpu: Gpu,
  geometry: Geometry,
  parts: readonly MergedPart[],
): Promise<MergedIndex> {
  const pipeline = await gpu.pipelines.get(mergeIndex);
  const { heads, layers } = geometry;
  const buffers = allocateAll(gpu, mergedSizes(geometry, parts));
  const merged = capacitiesOf(parts);
  const { queue } = gpu.device;
  const owner = (at: number) => parts.findIndex(({ owns }) => owns[at]);
  queue.writeBuffer(
    buffers.parts,
    0,
    Uint32Array.from({ length: layers * heads }, (_, at) => owner(at)),
  );
  const dense = Uint32Array.from({ length: buffers.dense_counts.size / 4 }, (_, at) =>
    at % 2 === 0 ? DENSE_TILES : 0,
  );
  queue.writeBuffer(buffers.dense_counts, 0, dense);
  const { counts, tiles, columns, dense_counts } = buffers;
  return {
    rows(recorder, layer, rowBlocks, indexes) {
      for (const [part, index] of indexes) {
        recordMergeIndex(
          recorder,
          pipeline,
          {
            parts: buffers.parts,
            // A dense part's lists are not read; any other buffer will do.
            counts: index?.counts ?? dense_counts,
            tiles: index?.tiles ?? dense_counts,
            columns: index?.columns ?? dense_counts,
            merged_counts: counts,
            merged_tiles: tiles,
            merged_columns: columns,
          },
          {
            layer,
            heads,
            rowBlocks,
            part,
            tileCapacity: index?.tileCapacity ?? 0,
            columnCapacity: index?.columnCapacity ?? 0,
            merged,
          },
        );
      }
      return { counts, tiles, columns, ...merged, rowBlocks };
    },
    destroy: () => {
      releaseAll(gpu, buffers);
    },
  };
}
