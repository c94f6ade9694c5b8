import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/select_write.wgsl';
import { segmentsOf, selectParams, type SelectShape } from './selectHistogram';

export const selectWrite = defineKernel({
  shader,
  bindings: {
    keys: 'read',
    budgets: 'read',
    picks: 'read',
    segments: 'read',
    chosen: 'read_write',
    chosen_counts: 'read_write',
  },
  variants: [],
});

/** The chosen entries, ascending: chosen [heads][capacity 0] then [heads][capacity 1], chosen_counts [list][heads]. */
export function recordSelectWrite(
  recorder: Recorder,
  pipeline: Pipeline<'keys' | 'budgets' | 'picks' | 'segments' | 'chosen' | 'chosen_counts'>,
  buffers: {
    keys: Binding;
    budgets: Binding;
    picks: Binding;
    segments: Binding;
    chosen: Binding;
    chosen_counts: Binding;
  },
  shape: SelectShape,
): void {
  const segments = segmentsOf(shape);
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      ...selectParams(shape),
      segment_stride: segments,
      capacity0: shape.capacities[0],
      capacity1: shape.capacities[1],
    },
    workgroups: [segments, shape.batch, 2],
    phase: 'index',
    flops: (shape.entries[0] + shape.entries[1]) * shape.batch * 2,
  });
}
