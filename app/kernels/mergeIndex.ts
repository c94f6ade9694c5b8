import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/merge_index.wgsl';

export const mergeIndex = defineKernel({
  shader,
  bindings: {
    parts: 'read',
    counts: 'read',
    tiles: 'read',
    columns: 'read',
    merged_counts: 'read_write',
    merged_tiles: 'read_write',
    merged_columns: 'read_write',
  },
  variants: [],
});

/** Lists of the heads whose `parts` [layers][heads] is `part`, from an index into a merged one of larger capacities. */
export function recordMergeIndex(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof mergeIndex.bindings>,
  buffers: Record<keyof typeof mergeIndex.bindings, Binding>,
  shape: {
    layer: number;
    heads: number;
    rowBlocks: number;
    part: number;
    tileCapacity: number;
    columnCapacity: number;
    merged: { tileCapacity: number; columnCapacity: number };
  },
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      layer: shape.layer,
      heads: shape.heads,
      row_blocks: shape.rowBlocks,
      own_part: shape.part,
      tile_capacity: shape.tileCapacity,
      column_capacity: shape.columnCapacity,
      merged_tile_capacity: shape.merged.tileCapacity,
      merged_column_capacity: shape.merged.columnCapacity,
    },
    workgroups: [shape.rowBlocks, shape.heads],
    phase: 'index',
    flops: shape.rowBlocks * shape.heads * (shape.tileCapacity + shape.columnCapacity),
  });
}
