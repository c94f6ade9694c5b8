import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/tail_bands.wgsl';
import { spanKeys, type TailShape } from './tailStats';
import type { ColumnRules } from './tailSums';

export const tailBands = defineKernel({
  shader,
  bindings: {
    weights: 'read',
    partials: 'read',
    stats: 'read',
    column_scores: 'read_write',
    pieces: 'read_write',
  },
  variants: [],
});

/** Bands of 64 offsets that cross a span. */
const bandsOfSpan = 4;

/** f32 of band pieces: [batch][span][4]. */
export function bandPieceCount(keys: number): number {
  return Math.ceil(keys / spanKeys) * bandsOfSpan;
}

/** Column sums as selection keys into column_scores [batch][columnStride], pieces of bands into pieces. */
export function recordTailBands(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof tailBands.bindings>,
  buffers: Record<keyof typeof tailBands.bindings, Binding>,
  shape: TailShape,
  columns: ColumnRules & { stride: number },
): void {
  const spans = Math.ceil(shape.keys / spanKeys);
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      keys: shape.keys,
      tail_rows: shape.tailRows,
      spans,
      column_stride: columns.stride,
      forced_columns: columns.forced,
      open_from: columns.openFrom,
      open_to: columns.openTo,
    },
    workgroups: [spans, shape.batch],
    phase: 'estimate',
    flops: spans * spanKeys * 64 * 6 * shape.batch,
  });
}
