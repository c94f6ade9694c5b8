import { defineKernel, type Pipeline, type Specialisation } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/merge_splits.wgsl';

export const mergeSplits = defineKernel({
  shader,
  bindings: { parts: 'read', stats: 'read', out: 'read_write' },
  variants: ['f16'],
});

export function mergeSplitsSpec(headDim: number): Specialisation {
  return { constants: { HEAD4: headDim / 4 } };
}

export { splitBytes, splitsFor } from './splits';

/**
 * out [row][totalHeads][headDim] activations, rows [firstRow, firstRow + rows) of heads [headBase, headBase + heads), from
 * parts [split][splitRows][totalHeads][headDim] and stats [split][splitRows][totalHeads] vec2f of `tile_attention`.
 */
export function recordMergeSplits(
  recorder: Recorder,
  pipeline: Pipeline<'parts' | 'stats' | 'out'>,
  buffers: Record<'parts' | 'stats' | 'out', Binding>,
  shape: {
    rows: number;
    firstRow: number;
    heads: number;
    headBase: number;
    totalHeads: number;
    headDim: number;
    splits: number;
    splitRows: number;
  },
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      rows: shape.rows,
      first_row: shape.firstRow,
      heads: shape.heads,
      head_base: shape.headBase,
      total_heads: shape.totalHeads,
      splits: shape.splits,
      split_rows: shape.splitRows,
    },
    workgroups: [Math.ceil((shape.rows * shape.heads * shape.headDim) / 4 / 64)],
    phase,
    flops: 4 * shape.splits * shape.rows * shape.heads * shape.headDim,
  });
}
