import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/top_tiles.wgsl';
import { indexParams, type IndexShape } from './bandIndex';

export const topTiles = defineKernel({
  shader,
  bindings: { scores: 'read', counts: 'read_write', tiles: 'read_write', statistics: 'read_write' },
  variants: [],
});

export interface TopTilesShape extends IndexShape {
  /** Query heads [headBase, headBase + batch). */
  headBase: number;
  batch: number;
  /** Tiles per row of `scores`. */
  tiles: number;
  topK: number;
  /** First tile, diagonal and neighbour are chosen first. */
  forced: boolean;
  /** Lists above this share of the causal tiles are dense. */
  denseAbove: number;
}

/** The tile index of a chunk from scores of its row blocks; adds to statistics [layers][heads] vec2u. */
export function recordTopTiles(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof topTiles.bindings>,
  buffers: Record<keyof typeof topTiles.bindings, Binding>,
  shape: TopTilesShape,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      ...indexParams(shape),
      layer: shape.layer,
      head_base: shape.headBase,
      tiles: shape.tiles,
      top_k: shape.topK,
      forced: Number(shape.forced),
      dense_above: shape.denseAbove,
    },
    workgroups: [shape.rowBlocks, shape.batch],
    phase: 'index',
    flops: shape.rowBlocks * shape.batch * shape.tiles * 16,
  });
}
