import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/bench/plain_copy.wgsl';

/** For benchmarks only. */
export const plainCopy = defineKernel({ shader, bindings: { a: 'read', out: 'read_write' }, variants: [] });

/** Vec4s that a workgroup copies. */
const perGroup = 1_024;

/** out = a, `bytes` of each: a multiple of 16, at most 1 GiB (65,535 workgroups). */
export function recordPlainCopy(
  recorder: Recorder,
  pipeline: Pipeline<'a' | 'out'>,
  buffers: { a: Binding; out: Binding },
  bytes: number,
  phase: string,
): void {
  const count = bytes / 16;
  recorder.dispatch(pipeline, {
    buffers,
    params: { count },
    workgroups: [Math.ceil(count / perGroup)],
    phase,
    flops: count,
  });
}
