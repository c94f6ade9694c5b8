import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/flex_index.wgsl';
import { flexRowsParams, type FlexRowsShape } from './flexCount';

export const flexIndex = defineKernel({
  shader,
  bindings: {
    masks: 'read',
    aware: 'read',
    map: 'read',
    thresholds: 'read',
    statistics: 'read',
    counts: 'read_write',
    tiles: 'read_write',
  },
  variants: [],
});

/** The tile index of a chunk whose first row stands at `position`. */
export function recordFlexIndex(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof flexIndex.bindings>,
  buffers: Record<keyof typeof flexIndex.bindings, Binding>,
  shape: FlexRowsShape & { position: number; tileCapacity: number; mostTiles: number },
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      ...flexRowsParams(shape),
      row_blocks: shape.rowBlocks,
      position: shape.position,
      tile_capacity: shape.tileCapacity,
      most_tiles: shape.mostTiles,
    },
    workgroups: [shape.rowBlocks, shape.batch],
    phase: 'index',
    flops: shape.rowBlocks * shape.batch * (shape.keys / shape.block) * 4,
  });
}
