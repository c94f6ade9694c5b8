import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/select_count.wgsl';
import { segmentsOf, selectParams, type SelectShape } from './selectHistogram';

export const selectCount = defineKernel({
  shader,
  bindings: { keys: 'read', histogram: 'read', picks: 'read_write', segments: 'read_write' },
  variants: [],
});

/** Per segment: keys above the k-th largest, and keys that equal it. */
export function recordSelectCount(
  recorder: Recorder,
  pipeline: Pipeline<'keys' | 'histogram' | 'picks' | 'segments'>,
  buffers: { keys: Binding; histogram: Binding; picks: Binding; segments: Binding },
  shape: SelectShape,
): void {
  const segments = segmentsOf(shape);
  recorder.dispatch(pipeline, {
    buffers,
    params: { ...selectParams(shape), segment_stride: segments },
    workgroups: [segments, shape.batch, 2],
    phase: 'index',
    flops: (shape.entries[0] + shape.entries[1]) * shape.batch,
  });
}
