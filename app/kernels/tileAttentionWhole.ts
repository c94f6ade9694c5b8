import type { Capabilities } from '../gpu/capabilities';
import { defineKernel, type Specialisation } from '../gpu/kernel';
import shader from '../../shaders/attention/tile_attention_whole.wgsl';

/** `tileAttention` with Q and K whole in workgroup memory, its bindings and parameters: `recordTileAttention` records it. */
export const tileAttentionWhole = defineKernel({
  shader,
  bindings: {
    q: 'read',
    k: 'read',
    v: 'read',
    counts: 'read',
    tiles: 'read',
    columns: 'read',
    out: 'read_write',
    stats: 'read_write',
  },
  variants: ['f16'],
});

/** Longer heads don't fit workgroup memory, and their outputs not the registers of 128 threads. */
const mostDims = 64;

/** Bytes of workgroup memory, as the shader declares it: Q, K, V, and what threads of a row exchange. */
function workgroupBytes(headDim: number): number {
  return 64 * 4 * (headDim + Math.max(headDim, 32)) + 64 * 128 + 4096;
}

/** Null where the kernel doesn't take heads of this size on this adapter. */
export function tileAttentionWholeSpec(
  headDim: number,
  { limits }: Pick<Capabilities, 'limits'>,
): Specialisation | null {
  const fits = workgroupBytes(headDim) <= limits.maxComputeWorkgroupStorageSize;
  return headDim <= mostDims && fits ? { constants: { HEAD8: headDim / 8 } } : null;
}
