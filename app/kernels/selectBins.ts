import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/select_bins.wgsl';
import { segmentsOf, selectParams, type SelectShape } from './selectHistogram';

export const selectBins = defineKernel({
  shader,
  bindings: { keys: 'read', bins: 'read_write' },
  variants: [],
});

/** Bytes of `bins` for a batch of heads. */
export function segmentBinBytes(batch: number, segments: number): number {
  return 2 * batch * segments * 256 * 4;
}

/** Scores of each segment of both lists by logarithmic bin into bins [list][batch][segment][256] u32. */
export function recordSelectBins(
  recorder: Recorder,
  pipeline: Pipeline<'keys' | 'bins'>,
  buffers: { keys: Binding; bins: Binding },
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
