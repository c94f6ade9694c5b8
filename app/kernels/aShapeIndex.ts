import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/a_shape_index.wgsl';
import { indexParams, type IndexShape } from './bandIndex';

export const aShapeIndex = defineKernel({
  shader,
  bindings: { counts: 'read_write', tiles: 'read_write', columns: 'read_write' },
  variants: [],
});

/** The tile index of a chunk: the first `init` keys, and tiles with the last `local` keys of every row. */
export function recordAShapeIndex(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof aShapeIndex.bindings>,
  buffers: Record<keyof typeof aShapeIndex.bindings, Binding>,
  shape: IndexShape & { init: number; local: number; denseFrom: number },
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      ...indexParams(shape),
      init: shape.init,
      local: shape.local,
      dense_from: shape.denseFrom,
      column_capacity: shape.columnCapacity,
    },
    workgroups: [shape.rowBlocks, shape.heads],
    phase: 'index',
    flops: shape.rowBlocks * shape.heads * shape.tileCapacity,
  });
}
