import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/band_index.wgsl';
import { maskWords } from './bandPlan';

export const bandIndex = defineKernel({
  shader,
  bindings: {
    chosen: 'read',
    chosen_counts: 'read',
    bands: 'read',
    statistics: 'read_write',
    counts: 'read_write',
    tiles: 'read_write',
    columns: 'read_write',
  },
  variants: [],
});

/** Keys that the kernel's bitmask of tiles has room for. */
export const mostKeys = 2 ** 20;

/** What every index kernel needs to know of a chunk of rows. */
export interface IndexShape {
  heads: number;
  layer: number;
  keys: number;
  /** Row blocks of the chunk; position of its first row. */
  rowBlocks: number;
  rowPosition: number;
  tileCapacity: number;
  columnCapacity: number;
}

export function indexParams(shape: IndexShape): Record<string, number> {
  return {
    heads: shape.heads,
    row_blocks: shape.rowBlocks,
    row_position: shape.rowPosition,
    keys: shape.keys,
    tile_capacity: shape.tileCapacity,
  };
}

/**
 * The tile index of a chunk, or of several that follow each other with as many row blocks, from the layer's bands and columns.
 * `strides`: distances of chunks in counts (pairs), tiles and columns.
 */
export function recordBandIndex(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof bandIndex.bindings>,
  buffers: Record<keyof typeof bandIndex.bindings, Binding>,
  shape: IndexShape & {
    chosenColumns: number;
    denseFrom: number;
    chunks: number;
    strides: readonly [number, number, number];
  },
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      ...indexParams(shape),
      layer: shape.layer,
      dense_from: shape.denseFrom,
      column_capacity: shape.columnCapacity,
      chosen_columns: shape.chosenColumns,
      mask_words: maskWords(shape.keys),
      counts_stride: shape.strides[0],
      tiles_stride: shape.strides[1],
      columns_stride: shape.strides[2],
    },
    workgroups: [shape.rowBlocks, shape.heads, shape.chunks],
    phase: 'index',
    flops: shape.chunks * shape.rowBlocks * shape.heads * (shape.columnCapacity * 8 + shape.keys / 64),
  });
}
