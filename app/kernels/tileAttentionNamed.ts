import type { Capabilities } from '../gpu/capabilities';
import { defineKernel, type Specialisation } from '../gpu/kernel';
import shader from '../../shaders/attention/tile_attention_named.wgsl';

/** `tileAttentionMatrix` with fragments by name, its bindings and parameters: `recordTileAttention` records it. */
export const tileAttentionNamed = defineKernel({
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
  variants: ['f16', 'subgroup_matrix', 'chromium_matrix'],
});

/** Threads that share a row of scores: neighbours in one subgroup. */
const rowThreads = 8;
/** Eights of K or V that a thread stages in a step, at most: the shader names them one by one. */
const mostEights = 4;

/** Bytes of workgroup memory, as `lib/attention_rooms.wgsl` declares it: K, V, P, scores, and whether a row grew. */
function workgroupBytes(dim: number): number {
  return 2 * (2 * dim + 64) * (dim + 8) + 4 * 64 * (dim + 8) + 16;
}

/** Null where the kernel doesn't take heads of this size on this adapter: four fragments hold a head, and a step's keys. */
export function tileAttentionNamedSpec(
  headDim: number,
  { subgroupMatrix: shape, subgroupMinSize: size, limits }: Capabilities,
): Specialisation | null {
  if (!shape || shape.n !== shape.k || 64 % shape.m !== 0 || size % rowThreads !== 0) return null;
  const { m, n, k } = shape;
  const dim = 4 * n;
  const threads = (64 / m) * size;
  const fits =
    headDim <= dim &&
    (dim === 64 || dim === 32) &&
    (dim * dim) / 8 <= mostEights * threads &&
    threads <= Math.min(64 * rowThreads, limits.maxComputeInvocationsPerWorkgroup) &&
    workgroupBytes(dim) <= limits.maxComputeWorkgroupStorageSize;
  if (!fits) return null;
  return {
    constants: { MAT_M: m, MAT_N: n, MAT_K: k, THREADS: threads, HEAD8: headDim / 8 },
    with: ['subgroup_matrix', ...(shape.experimental ? (['chromium_matrix'] as const) : [])],
  };
}
