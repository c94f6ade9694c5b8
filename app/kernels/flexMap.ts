import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/flex_map.wgsl';

export const flexMap = defineKernel({
  shader,
  bindings: { query_means: 'read', key_means: 'read', aware: 'read', map: 'read_write' },
  variants: [],
});

export interface FlexMapShape {
  /** Query heads [headBase, headBase + batch). */
  headBase: number;
  batch: number;
  /** Query heads per KV head. */
  group: number;
  headDim: number;
  /** Row blocks of the strip: first, and how many. */
  first: number;
  rows: number;
  /** Row blocks that have queries: first, and how many. */
  rowBase: number;
  rowBlocks: number;
  /** Blocks of keys. */
  blocks: number;
}

/**
 * Causal softmax over mean keys into map [head of batch][row of strip][blocks], bits; only query-aware heads. In
 * dispatches of at most `dispatchFlops`. They count as no work for pacing: the CPU does not know which heads are
 * query-aware, and a GPU that seems faster than it is would be given dispatches that take too long.
 */
export function recordFlexMap(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof flexMap.bindings>,
  buffers: Record<keyof typeof flexMap.bindings, Binding>,
  shape: FlexMapShape,
  dispatchFlops: number,
): void {
  const { rows } = shape;
  const rowFlops = shape.batch * (shape.first + rows / 2) * (2 * shape.headDim + 16);
  const most = Math.max(1, Math.min(rows, Math.floor(dispatchFlops / rowFlops)));
  for (let offset = 0; offset < rows; offset += most) {
    const count = Math.min(most, rows - offset);
    recorder.dispatch(pipeline, {
      buffers,
      params: {
        head_base: shape.headBase,
        group: shape.group,
        first_row: shape.first,
        rows,
        offset,
        row_base: shape.rowBase,
        row_blocks: shape.rowBlocks,
        blocks: shape.blocks,
        dim4: shape.headDim / 4,
        scale: 1 / Math.sqrt(shape.headDim),
      },
      workgroups: [count, shape.batch],
      phase: 'index',
      flops: 0,
    });
  }
}
