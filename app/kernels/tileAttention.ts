import type { Gpu } from '../gpu/device';
import { defineKernel, type Pipeline, type Specialisation } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/tile_attention.wgsl';
import { tileAttentionMatrix, tileAttentionMatrixSpec } from './tileAttentionMatrix';
import { tileAttentionNamed, tileAttentionNamedSpec } from './tileAttentionNamed';
import { tileAttentionWhole, tileAttentionWholeSpec } from './tileAttentionWhole';

export const tileAttention = defineKernel({
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

/** Tile count of a (head, row block) that walks all causal tiles, its lists unread. */
export const DENSE_TILES = 0xffffffff;

/** Head dims are multiples of 8 up to 256; output columns are padded to 64, 128 or 256. */
export function tileAttentionSpec(headDim: number): Specialisation {
  return { constants: { HEAD4: headDim / 4, COLUMNS4: headDim <= 64 ? 1 : headDim <= 128 ? 2 : 4 } };
}

export type TileAttentionPipeline = Pipeline<keyof typeof tileAttention.bindings>;

/**
 * The kernel of the GPU's attention tier for heads of this size: of those by subgroup matrices the one with named fragments
 * where it takes them, then the other, then, with f16, the one that has a whole step in workgroup memory.
 */
export function tileAttentionPipeline(
  { attentionTier, capabilities, flags, pipelines }: Gpu,
  headDim: number,
): Promise<TileAttentionPipeline> {
  const byMatrices = attentionTier === 'subgroup-matrix';
  const named = byMatrices ? tileAttentionNamedSpec(headDim, capabilities) : null;
  if (named) return pipelines.get(tileAttentionNamed, named);
  const matrix = byMatrices ? tileAttentionMatrixSpec(headDim, capabilities) : null;
  if (matrix) return pipelines.get(tileAttentionMatrix, matrix);
  const whole = flags.has('f16') ? tileAttentionWholeSpec(headDim, capabilities) : null;
  return whole
    ? pipelines.get(tileAttentionWhole, whole)
    : pipelines.get(tileAttention, tileAttentionSpec(headDim));
}

/** Operations of dense causal attention for `rows` rows from `rowPosition` on: 4 a head dim, key and row. */
export function denseFlops(rows: number, rowPosition: number, headDim: number, heads: number): number {
  return 4 * headDim * heads * rows * (rowPosition + (rows + 64) / 2);
}

export interface TileAttentionShape {
  /** Rows of the chunk, and the row blocks of 64 that this dispatch computes. */
  rows: number;
  firstRowBlock: number;
  rowBlocks: number;
  /** Position of the chunk's row 0: row i sees keys <= rowPosition + i. */
  rowPosition: number;
  /** Valid keys in the cache. */
  keys: number;
  /** Rows per head of q, and per KV head of k and v. */
  qStride: number;
  keyStride: number;
  /** Query heads of this range of the cache, the first of them, and heads of the model. */
  heads: number;
  headBase: number;
  totalHeads: number;
  /** Query heads per KV head. */
  group: number;
  headDim: number;
  /** null: dense. */
  index: { rowBlocks: number; tileCapacity: number; columnCapacity: number } | null;
  /**
   * Keys split over workgroups: parts [first, first + count) of `splits`, `rows` apart in `out`, where row
   * firstRowBlock * 64 comes first. Only for row blocks that walk all tiles. Absent: `out` is final.
   */
  split?: { splits: number; first: number; count: number; rows: number };
  /** For pacing. */
  flops: number;
}

type Bound = 'q' | 'k' | 'v' | 'counts' | 'tiles' | 'columns' | 'out';

/**
 * q [totalHeads][qStride][headDim] half (RoPE applied, unscaled), k and v [KV head of the range][keyStride][headDim]
 * half, out [row][totalHeads][headDim] activations. The index is described in `attention/tileIndex.ts`. With `split`, out is
 * [split][row][totalHeads][headDim] and stats [split][row][totalHeads] vec2f, for `merge_splits`.
 */
export function recordTileAttention(
  recorder: Recorder,
  pipeline: Pipeline<Bound | 'stats'>,
  buffers: Record<Bound, Binding> & { stats?: Binding },
  shape: TileAttentionShape,
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers: { ...buffers, stats: buffers.stats ?? recorder.unused },
    params: {
      rows: shape.rows,
      first_row_block: shape.firstRowBlock,
      row_blocks: shape.rowBlocks,
      row_position: shape.rowPosition,
      keys: shape.keys,
      q_stride: shape.qStride,
      key_stride: shape.keyStride,
      heads: shape.heads,
      head_base: shape.headBase,
      total_heads: shape.totalHeads,
      group: shape.group,
      indexed: Number(shape.index !== null),
      index_row_blocks: shape.index?.rowBlocks ?? 0,
      tile_capacity: shape.index?.tileCapacity ?? 0,
      column_capacity: shape.index?.columnCapacity ?? 0,
      scale: Math.LOG2E / Math.sqrt(shape.headDim),
      splits: shape.split?.splits ?? 1,
      first_split: shape.split?.first ?? 0,
      split_rows: shape.split?.rows ?? 0,
    },
    workgroups: [shape.heads, shape.rowBlocks, shape.split?.count ?? 1],
    phase,
    flops: shape.flops,
  });
}
