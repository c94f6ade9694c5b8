import type { Capabilities } from '../gpu/capabilities';
import { defineKernel, type Specialisation } from '../gpu/kernel';
import shader from '../../shaders/attention/decode_attention_lanes.wgsl';

export const decodeAttentionLanes = defineKernel({
  shader,
  bindings: { q: 'read', k: 'read', v: 'read', partials: 'read_write' },
  variants: ['subgroups'],
});

/** Threads that share a key, 8 dims each, and so the least size of a subgroup: 8, 16 or 32. */
export function lanesOf(headDim: number): number {
  return headDim <= 64 ? 8 : headDim <= 128 ? 16 : 32;
}

export function hasLanes(
  { subgroupMinSize }: Pick<Capabilities, 'subgroupMinSize'>,
  headDim: number,
): boolean {
  return subgroupMinSize >= lanesOf(headDim);
}

/** Query heads of a group that one workgroup takes, for which it reads K and V once: what registers hold, dealt out evenly. */
export function lanesHeadsAtOnce(group: number): number {
  return Math.ceil(group / Math.ceil(group / 8));
}

/** Head dims are multiples of 8 up to 256. */
export function decodeAttentionLanesSpec(headDim: number, group: number): Specialisation {
  return {
    constants: { HEAD8: headDim / 8, LANES: lanesOf(headDim), HEADS: lanesHeadsAtOnce(group) },
  };
}
