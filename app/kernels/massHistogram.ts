import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/mass_histogram.wgsl';
import { segmentsOf, selectParams, type SelectShape } from './selectHistogram';

export const massHistogram = defineKernel({
  shader,
  bindings: { keys: 'read', bins: 'read_write' },
  variants: [],
});

/** Bytes of `bins` for a batch of heads. */
export function massBinBytes(batch: number): number {
  return 2 * batch * 256 * 4;
}

/** Scores of both lists by logarithmic bin into bins [list][batch][256] u32, zeroed before. */
export function recordMassHistogram(
  recorder: Recorder,
  pipeline: Pipeline<'keys' | 'bins'>,
  buffers: { keys: Binding; bins: Binding },
  shape: SelectShape,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: selectParams(shape),
    workgroups: [segmentsOf(shape), shape.batch, 2],
    phase: 'index',
    flops: (shape.entries[0] + shape.entries[1]) * shape.batch,
  });
}
