import type { Gpu } from '../gpu/device';
import { defineKernel, type Pipeline, type Specialisation } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/decode_attention.wgsl';
import {
  decodeAttentionLanes,
  decodeAttentionLanesSpec,
  hasLanes,
  lanesHeadsAtOnce,
} from './decodeAttentionLanes';

export const decodeAttention = defineKernel({
  shader,
  bindings: { q: 'read', k: 'read', v: 'read', partials: 'read_write' },
  variants: ['f16'],
});

/** Keys that a split has at least. */
const leastKeys = 128;
/**
 * Splits at most: more are not faster, and each must be merged. By lanes, a GPU holds fewer workgroups that keep the outputs
 * of many heads: on an H200 over 131,072 keys, 7 heads a group took 0.030 ms in 128 and 0.033 in 256 splits, 3 heads 0.025
 * and 0.024.
 */
const mostSplits = { memory: 256, manyHeads: 128, fewHeads: 256 };

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

type DecodePipeline = Pipeline<keyof typeof decodeAttention.bindings>;

/** One of two kernels for heads of one size and groups of one size. */
export interface DecodeAttention {
  readonly pipeline: DecodePipeline;
  readonly headsAtOnce: number;
  /** Parts that a row over `keys` keys is split into; never fewer for more keys. Tiles of 64 are dealt out evenly. */
  splits(keys: number): number;
}

function splitsUpTo(most: number): (keys: number) => number {
  return (keys) => Math.min(most, Math.max(1, Math.ceil(keys / leastKeys)));
}

/** The kernel that passes values by workgroup memory, for every adapter. */
export async function decodeAttentionByMemory(
  { pipelines }: Pick<Gpu, 'pipelines'>,
  headDim: number,
): Promise<DecodeAttention> {
  return {
    pipeline: await pipelines.get(decodeAttention, decodeAttentionSpec(headDim)),
    headsAtOnce: headsAtOnce(headDim),
    splits: splitsUpTo(mostSplits.memory),
  };
}

/** The kernel that passes values between lanes; without shuffles, which the GPU's tier may not have, it is slow. */
export async function decodeAttentionByLanes(
  { pipelines }: Pick<Gpu, 'pipelines'>,
  headDim: number,
  group: number,
  shuffles: boolean,
): Promise<DecodeAttention> {
  const spec = decodeAttentionLanesSpec(headDim, group);
  const heads = lanesHeadsAtOnce(group);
  return {
    pipeline: await pipelines.get(decodeAttentionLanes, {
      ...spec,
      ...(!shuffles && { without: ['subgroups'] }),
    }),
    headsAtOnce: heads,
    splits: splitsUpTo(heads > 4 ? mostSplits.manyHeads : mostSplits.fewHeads),
  };
}

/** The faster of the two that the GPU's tier and subgroups allow. */
export function decodeAttentionFor(gpu: Gpu, headDim: number, group: number): Promise<DecodeAttention> {
  return gpu.flags.has('subgroups') && hasLanes(gpu.capabilities, headDim)
    ? decodeAttentionByLanes(gpu, headDim, group, true)
    : decodeAttentionByMemory(gpu, headDim);
}

/**
 * q [totalHeads][headDim] half, k and v [KV head of the range][keyStride][headDim] half, partials f32
 * [totalHeads][splits][headDim + 2]: unnormalised output, maximum (base 2) and sum of each of the kernel's splits of `keys`.
 * `heads` is the number of query heads in the range, whole groups.
 */
export function recordDecodeAttention(
  recorder: Recorder,
  attention: DecodeAttention,
  buffers: { q: Binding; k: Binding; v: Binding; partials: Binding },
  shape: { keys: number; keyStride: number; heads: number; headBase: number; group: number; headDim: number },
  phase: string,
): void {
  const splits = attention.splits(shape.keys);
  recorder.dispatch(attention.pipeline, {
    buffers,
    params: {
      keys: shape.keys,
      key_stride: shape.keyStride,
      head_base: shape.headBase,
      group: shape.group,
      splits,
      scale: Math.LOG2E / Math.sqrt(shape.headDim),
    },
    workgroups: [splits, (shape.heads / shape.group) * Math.ceil(shape.group / attention.headsAtOnce)],
    phase,
    flops: 4 * shape.keys * shape.heads * shape.headDim,
  });
}
