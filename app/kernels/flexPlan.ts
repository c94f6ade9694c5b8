import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/flex_plan.wgsl';

export const flexPlan = defineKernel({
  shader,
  bindings: {
    tail: 'read',
    key_means: 'read',
    scores: 'read',
    covers: 'read',
    pooled: 'read_write',
    masks: 'read_write',
    aware: 'read_write',
    statistics: 'read_write',
  },
  variants: ['f16'],
});

export interface FlexPlanShape {
  heads: number;
  /** Query heads per KV head. */
  group: number;
  headDim: number;
  layer: number;
  /** Query heads [headBase, headBase + batch). */
  headBase: number;
  batch: number;
  keys: number;
  block: number;
  tailRows: number;
  /** u32s before the diagonals in `scores`. */
  diagonalBase: number;
  leastBlocks: number;
  tau: number;
}

/** Words of a mask of blocks. */
export function flexMaskWords(keys: number, block: number): number {
  return Math.ceil(keys / block / 32);
}

/** masks [head][2][words], aware [head], and the tiles of statistics [layer][head] at 0. */
export function recordFlexPlan(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof flexPlan.bindings>,
  buffers: Record<keyof typeof flexPlan.bindings, Binding>,
  shape: FlexPlanShape,
): void {
  const blocks = Math.ceil(shape.keys / shape.block);
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      heads: shape.heads,
      layer: shape.layer,
      head_base: shape.headBase,
      batch: shape.batch,
      keys: shape.keys,
      block: shape.block,
      blocks,
      tail_rows: shape.tailRows,
      dim4: shape.headDim / 4,
      group: shape.group,
      diagonal_base: shape.diagonalBase,
      mask_words: flexMaskWords(shape.keys, shape.block),
      least_blocks: shape.leastBlocks,
      tau: shape.tau,
      scale: 1 / Math.sqrt(shape.headDim),
    },
    workgroups: [shape.batch],
    phase: 'index',
    flops: shape.batch * (2 * shape.keys + blocks * (2 * shape.headDim + 64)),
  });
}
