import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/a_shape_index.wgsl';
import { indexParams, type IndexShape } from './bandIndex';

export const aShapeIndex = defineKernel({
  shader,
  bindings: { counts: 'read_write', tiles: 'read_write' },
  variants: [],
});

/** The tile index of a chunk: the first tiles and the window's. */
export function recordAShapeIndex(
  recorder: Recorder,
  pipeline: Pipeline<'counts' | 'tiles'>,
  buffers: { counts: Binding; tiles: Binding },
  shape: IndexShape & { sinkTiles: number; local: number; denseFrom: number },
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      ...indexParams(shape),
      sink_tiles: shape.sinkTiles,
      local: shape.local,
      dense_from: shape.denseFrom,
    },
    workgroups: [shape.rowBlocks, shape.heads],
    phase: 'index',
    flops: shape.rowBlocks * shape.heads * shape.tileCapacity,
  });
}
