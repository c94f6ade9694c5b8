import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/flex_count.wgsl';
import { flexMaskWords } from './flexPlan';

export const flexCount = defineKernel({
  shader,
  bindings: { masks: 'read', aware: 'read', map: 'read', thresholds: 'read', statistics: 'read_write' },
  variants: [],
});

/** What counting and indexing need to know of 64-row blocks whose strip of the map is at hand. */
export interface FlexRowsShape {
  heads: number;
  /** Query heads [headBase, headBase + batch). */
  headBase: number;
  batch: number;
  layer: number;
  keys: number;
  block: number;
  /** 64-row blocks. */
  rowBlocks: number;
  /** Strip of the map: first row block and row blocks. */
  mapFirst: number;
  mapRows: number;
}

export function flexRowsParams(shape: FlexRowsShape): Record<string, number> {
  return {
    heads: shape.heads,
    head_base: shape.headBase,
    layer: shape.layer,
    keys: shape.keys,
    block: shape.block,
    blocks: Math.ceil(shape.keys / shape.block),
    mask_words: flexMaskWords(shape.keys, shape.block),
    map_first: shape.mapFirst,
    map_rows: shape.mapRows,
  };
}

/** Adds the tiles of 64-row blocks [first, first + rowBlocks) to statistics [layer][head]. */
export function recordFlexCount(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof flexCount.bindings>,
  buffers: Record<keyof typeof flexCount.bindings, Binding>,
  shape: FlexRowsShape & { first: number; past: number },
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: { ...flexRowsParams(shape), first: shape.first, past: shape.past },
    workgroups: [shape.rowBlocks, shape.batch],
    phase: 'index',
    flops: shape.rowBlocks * shape.batch * (shape.keys / shape.block) * 2,
  });
}
