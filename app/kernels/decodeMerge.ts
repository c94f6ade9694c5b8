import { defineKernel, type Pipeline, type Specialisation } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/decode_merge.wgsl';
import { paddedHead4 } from './decodeAttention';

export const decodeMerge = defineKernel({
  shader,
  bindings: { partials: 'read', out: 'read_write' },
  variants: ['f16'],
});

/** SLICES of the shader. */
const slices = 4;

export function decodeMergeSpec(headDim: number): Specialisation {
  return { constants: { HEAD4: headDim / 4, PAD4: paddedHead4(headDim) } };
}

/** out [heads][headDim] half from the partials that decoding attention left in `splits` parts. */
export function recordDecodeMerge(
  recorder: Recorder,
  pipeline: Pipeline<'partials' | 'out'>,
  buffers: { partials: Binding; out: Binding },
  shape: { splits: number; heads: number; headDim: number },
  phase: string,
): void {
  const { splits } = shape;
  recorder.dispatch(pipeline, {
    buffers,
    params: { heads: shape.heads, splits },
    workgroups: [shape.heads, slices],
    phase,
    flops: splits * shape.heads * shape.headDim * 2,
  });
}
