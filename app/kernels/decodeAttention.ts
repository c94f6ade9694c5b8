import { defineKernel, type Pipeline, type Specialisation } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/decode_attention.wgsl';

export const decodeAttention = defineKernel({
  shader,
  bindings: { q: 'read', k: 'read', v: 'read', partials: 'read_write' },
  variants: ['f16'],
});

/** Keys that a split has at least, and splits at most: `decode_merge` has a thread for each. */
const leastKeys = 128;
const mostSplits = 256;

/** Parts that a row over `keys` keys is split into; never fewer for more keys. Tiles of 64 are dealt out evenly. */
export function decodeSplits(keys: number): number {
  return Math.min(mostSplits, Math.max(1, Math.ceil(keys / leastKeys)));
}

/** Vec4s of a head, padded so that they divide the threads of a workgroup. */
export function paddedHead4(headDim: number): number {
  return headDim <= 64 ? 16 : headDim <= 128 ? 32 : 64;
}

/** Query heads that one workgroup takes, for which it reads K and V once; fewer where their queries need the room. */
function headsAtOnce(headDim: number): number {
  return headDim <= 128 ? 8 : 4;
}

/** Head dims are multiples of 8 up to 256. */
export function decodeAttentionSpec(headDim: number): Specialisation {
  return { constants: { HEAD4: headDim / 4, PAD4: paddedHead4(headDim), HEADS: headsAtOnce(headDim) } };
}

/**
 * q [totalHeads][headDim] half, k and v [KV head of the range][keyStride][headDim] half, partials f32
 * [totalHeads][splits][headDim + 2]: unnormalised output, maximum (base 2) and sum of each of `decodeSplits(keys)`
 * splits. `heads` is the number of query heads in the range, whole groups.
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
    workgroups: [splits, (shape.heads / shape.group) * Math.ceil(shape.group / headsAtOnce(shape.headDim))],
    phase,
    flops: 4 * shape.keys * shape.heads * shape.headDim,
  });
}
