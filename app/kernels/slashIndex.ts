import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/slash_index.wgsl';
import { indexParams, type IndexShape } from './bandIndex';

export const slashIndex = defineKernel({
  shader,
  bindings: {
    chosen: 'read',
    chosen_counts: 'read',
    chain: 'read',
    chain_counts: 'read',
    statistics: 'read_write',
    counts: 'read_write',
    tiles: 'read_write',
    columns: 'read_write',
  },
  variants: [],
});

/** The tile index of a chunk, key for key that of MInference's index builder. */
export function recordSlashIndex(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof slashIndex.bindings>,
  buffers: Record<keyof typeof slashIndex.bindings, Binding>,
  shape: IndexShape & { chosenColumns: number; slashCapacity: number },
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      ...indexParams(shape),
      layer: shape.layer,
      column_capacity: shape.columnCapacity,
      chosen_columns: shape.chosenColumns,
      slash_capacity: shape.slashCapacity,
    },
    workgroups: [shape.rowBlocks, shape.heads],
    phase: 'index',
    flops: shape.rowBlocks * shape.heads * (shape.columnCapacity * 32 + shape.tileCapacity * 4),
  });
}
