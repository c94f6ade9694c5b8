import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/select_segments.wgsl';
import type { MassRules } from './massBudget';
import { segmentsOf, selectParams, type SelectShape } from './selectHistogram';

export const selectSegments = defineKernel({
  shader,
  bindings: {
    keys: 'read',
    bins: 'read',
    budgets: 'read',
    chosen: 'read_write',
    chosen_counts: 'read_write',
  },
  variants: [],
});

/**
 * Entries of a list up to which each workgroup may read the whole list, as it does where a budget ends within a bin. On an H200
 * the built-in model's index of 131,072 tokens took 292 us a layer so, and 267 in eight dispatches; of bins alone 184 and 252.
 */
const mostEntries = 2 ** 16;

export function selectsBySegments({ entries }: Pick<SelectShape, 'entries'>): boolean {
  return Math.max(...entries) <= mostEntries;
}

/**
 * The chosen entries of both lists, ascending, as `recordSelectWrite` leaves them, from the bins of `select_bins`. `rules`:
 * budgets by mass, as `recordMassBudget` finds them; null: `budgets` [list][heads].
 */
export function recordSelectSegments(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof selectSegments.bindings>,
  buffers: Record<keyof typeof selectSegments.bindings, Binding>,
  shape: SelectShape,
  rules: Pick<MassRules, 'leftOut' | 'least'> | null,
): void {
  const segments = segmentsOf(shape);
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      ...selectParams(shape),
      segment_stride: segments,
      capacity0: shape.capacities[0],
      capacity1: shape.capacities[1],
      by_mass: Number(rules !== null),
      left_out0: rules?.leftOut[0] ?? 0,
      left_out1: rules?.leftOut[1] ?? 0,
      least0: rules?.least[0] ?? 0,
      least1: rules?.least[1] ?? 0,
    },
    workgroups: [segments, shape.batch, 2],
    phase: 'index',
    flops: (shape.entries[0] + shape.entries[1]) * shape.batch * 2,
  });
}
