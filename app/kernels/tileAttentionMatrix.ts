import type { Capabilities } from '../gpu/capabilities';
import { defineKernel, type Specialisation } from '../gpu/kernel';
import shader from '../../shaders/attention/tile_attention_matrix.wgsl';

/** `tileAttention` by subgroup matrices, with its bindings and parameters: `recordTileAttention` records either. */
export const tileAttentionMatrix = defineKernel({
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

/** Outputs and queries of longer heads don't fit a thread's registers. */
const mostDims = 128;
const mostThreads = 256;
/** Threads that share a row of scores: neighbours in one subgroup. */
const rowThreads = 8;

/** How subgroups share 64 rows by the keys of a step: powers of two. */
export interface MatrixSharing {
  subRows: number;
  subCols: number;
  /** 64, 32 or 16. */
  stepKeys: number;
}

/** Bytes of workgroup memory, as `lib/attention_fragments.wgsl` declares it. */
function workgroupBytes(dim: number, { subRows, subCols, stepKeys }: MatrixSharing): number {
  const keys = stepKeys * (dim + 8);
  const values = stepKeys * (dim + 8 * subCols);
  const weights = 64 * (stepKeys + 8);
  const scores = 64 * (stepKeys + 8 * subCols);
  return 2 * (keys + values + weights) + 4 * scores + 4 * subRows * subCols;
}

/**
 * Null where the kernel doesn't take heads of this size on this adapter. By default each subgroup has one row of
 * fragments, and a step the most keys that workgroup memory holds; `sharing` asks for another share.
 */
export function tileAttentionMatrixSpec(
  headDim: number,
  { subgroupMatrix: shape, subgroupMinSize: size, limits }: Capabilities,
  sharing: Partial<MatrixSharing> = {},
): Specialisation | null {
  if (!shape || headDim > mostDims || size % rowThreads !== 0) return null;
  const { m, n, k } = shape;
  const subCols = sharing.subCols ?? 1;
  const subRows = sharing.subRows ?? Math.min(64 / m, mostThreads / size / subCols);
  const threads = subRows * subCols * size;
  const unit = Math.max(8, k, n * subCols);
  const dim = Math.ceil(headDim / unit) * unit;
  const fits = (stepKeys: number): boolean =>
    stepKeys % (n * subCols) === 0 &&
    stepKeys % k === 0 &&
    workgroupBytes(dim, { subRows, subCols, stepKeys }) <= limits.maxComputeWorkgroupStorageSize;
  const stepKeys = (sharing.stepKeys === undefined ? [64, 32, 16] : [sharing.stepKeys]).find(fits);
  const most = Math.min(64 * rowThreads, limits.maxComputeInvocationsPerWorkgroup);
  if (stepKeys === undefined || subRows < 1 || (64 / subRows) % m !== 0 || threads > most) return null;
  return {
    constants: {
      MAT_M: m,
      MAT_N: n,
      MAT_K: k,
      SUB_ROWS: subRows,
      SUB_COLS: subCols,
      THREADS: threads,
      STEP_KEYS: stepKeys,
      HEAD8: headDim / 8,
      DIM: dim,
    },
    with: ['subgroup_matrix', ...(shape.experimental ? (['chromium_matrix'] as const) : [])],
  };
}
