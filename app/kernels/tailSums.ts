import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/tail_sums.wgsl';
import { spanKeys, spanParts, tailParams, type TailShape } from './tailStats';

export const tailSums = defineKernel({
  shader,
  bindings: {
    tail: 'read',
    k: 'read',
    stats: 'read',
    column_scores: 'read_write',
    pieces: 'read_write',
  },
  variants: ['f16'],
});

export interface ColumnRules {
  /** Columns below this are chosen first. */
  forced: number;
  /** Columns outside [openFrom, openTo) are chosen last. */
  openFrom: number;
  openTo: number;
}

/** f32 of diagonal pieces: [batch][span][128 + tailRows]. */
export function pieceCount(keys: number, tailRows: number): number {
  return Math.ceil(keys / spanKeys) * (spanKeys + tailRows);
}

/** Column sums as selection keys into column_scores [batch][columnStride], pieces of diagonal sums into pieces. */
export function recordTailSums(
  recorder: Recorder,
  pipeline: Pipeline<'tail' | 'k' | 'stats' | 'column_scores' | 'pieces'>,
  buffers: { tail: Binding; k: Binding; stats: Binding; column_scores: Binding; pieces: Binding },
  shape: TailShape,
  columns: ColumnRules & { stride: number },
  dispatchFlops: number,
): void {
  for (const [first, count, flops] of spanParts(shape, dispatchFlops)) {
    recorder.dispatch(pipeline, {
      buffers,
      params: {
        ...tailParams(shape, first),
        column_stride: columns.stride,
        forced_columns: columns.forced,
        open_from: columns.openFrom,
        open_to: columns.openTo,
      },
      workgroups: [count, shape.batch],
      phase: 'estimate',
      flops,
    });
  }
}
