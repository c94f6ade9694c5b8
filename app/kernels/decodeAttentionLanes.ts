import type { Capabilities } from '../gpu/capabilities';
import { defineKernel, type Specialisation } from '../gpu/kernel';
import shader from '../../shaders/attention/decode_attention_lanes.wgsl';

export const decodeAttentionLanes = defineKernel({
  shader,
  bindings: { q: 'read', k: 'read', v: 'read', partials: 'read_write' },
  variants: ['subgroups'],
});

/** Threads that share a key, and so the least size of a subgroup. */
const lanes = 8;

export function hasLanes({ subgroupMinSize }: Pick<Capabilities, 'subgroupMinSize'>): boolean {
  return subgroupMinSize >= lanes;
}

/** 16-byte parts of a head that a lane has: 1, 2 or 4. */
function partsOf(headDim: number): number {
  return headDim <= 64 ? 1 : headDim <= 128 ? 2 : 4;
}

/** Query heads of a group that one workgroup takes, for which it reads K and V once: what registers hold, dealt out evenly. */
export function lanesHeadsAtOnce(headDim: number, group: number): number {
  return Math.ceil(group / Math.ceil((group * partsOf(headDim)) / 8));
}

/** Head dims are multiples of 8 up to 256. `keys`: 16-byte parts of K, and of V, that a lane has on their way. */
export function decodeAttentionLanesSpec(headDim: number, group: number, keys: 4 | 8): Specialisation {
  const parts = partsOf(headDim);
  const heads = lanesHeadsAtOnce(headDim, group);
  return {
    constants: {
      HEAD8: headDim / 8,
      PARTS: parts,
      HEADS: heads,
      SLOTS: 2 ** Math.ceil(Math.log2(heads)),
      KEYS: keys / parts,
    },
  };
}
