import { defineKernel, type Pipeline, type Specialisation } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/decode_attention.wgsl';

export const decodeAttention = defineKernel({
  shader,
  bindings: { q: 'read', k: 'read', v: 'read', partials: 'read_write' },
  variants: ['f16'],
});

const splitKeys = 256;

/** Parts that a row over `keys` keys is split into. */
export function decodeSplits(keys: number): number {
  return Math.max(1, Math.ceil(keys / splitKeys));
}

export function decodeAttentionSpec(headDim: number): Specialisation {
  return { constants: { HEAD4: headDim / 4 } };
}

/**
 * q [totalHeads][headDim] half, k and v [KV head of the range][keyStride][headDim] half, partials f32
 * [totalHeads][splits][headDim + 2]: unnormalised output, maximum (base 2) and sum of each split of 256 keys.
 */
export function recordDecodeAttention(
  recorder: Recorder,
  pipeline: Pipeline<'q' | 'k' | 'v' | 'partials'>,
  buffers: { q: Binding; k: Binding; v: Binding; partials: Binding },
  shape: { keys: number; keyStride: number; heads: number; headBase: number; group: number; headDim: number },
  phase: string,
): void {
  const splits = decodeSplits(shape.keys);
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      keys: shape.keys,
      key_stride: shape.keyStride,
      head_base: shape.headBase,
      group: shape.group,
      splits,
      scale: Math.LOG2E / Math.sqrt(shape.headDim),
    },
    workgroups: [splits, shape.heads],
    phase,
    flops: 4 * shape.keys * shape.heads * shape.headDim,
  });
}
