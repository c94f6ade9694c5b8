import { defineKernel } from '../gpu/kernel';
import { grid } from '../gpu/grid';
import type { Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/model/rms_norm.wgsl';

export const rmsNorm = defineKernel({
  shader,
  bindings: { x: 'read', weight: 'read', out: 'read_write' },
  variants: ['f16'],
});

/** Normalises `tokens` vectors of `width` from token `first` of x [token][width] f32 into out [token][width] half. */
export function recordRmsNorm(
  recorder: Recorder,
  pipeline: Pipeline<'x' | 'weight' | 'out'>,
  buffers: { x: Binding; weight: Binding; out: Binding },
  shape: { tokens: number; first: number; width: number; epsilon: number },
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: { tokens: shape.tokens, first: shape.first, width4: shape.width / 4, epsilon: shape.epsilon },
    workgroups: grid(shape.tokens),
    phase,
    flops: shape.tokens * shape.width * 4,
  });
}
