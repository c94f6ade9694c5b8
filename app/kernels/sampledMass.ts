import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/sampled_mass.wgsl';

export const sampledMass = defineKernel({
  shader,
  bindings: {
    q: 'read',
    k: 'read',
    counts: 'read',
    tiles: 'read',
    columns: 'read',
    masses: 'read_write',
  },
  variants: ['f16'],
});

export interface SampledMassShape {
  /** Rows of the chunk, and the row block of 64 that is sampled. */
  rows: number;
  rowBlock: number;
  /** Position of the chunk's row 0: row i sees keys <= rowPosition + i. */
  rowPosition: number;
  /** Valid keys in the cache. */
  keys: number;
  /** Rows per head of q, and per KV head of k. */
  qStride: number;
  keyStride: number;
  /** Query heads of this dispatch, the first of them, and query heads per KV head. */
  heads: number;
  headBase: number;
  group: number;
  headDim: number;
  /** null: all causal keys. */
  index: { rowBlocks: number; tileCapacity: number; columnCapacity: number } | null;
  /** Parts of the walk over all causal keys (1 with an index), and masses from one part to the next. */
  splits?: { count: number; stride: number };
  /** For pacing. */
  flops: number;
}

/**
 * q [all heads][qStride][headDim] half (RoPE applied, unscaled), k [KV head of the dispatch][keyStride][headDim] half,
 * masses [split][all heads][64] vec2f: of each row the largest score (times log2 e) and the sum of exp2(score - largest);
 * (-1e20, 0) for rows without a key. The index is described in `attention/tileIndex.ts`.
 */
export function recordSampledMass(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof sampledMass.bindings>,
  buffers: Record<keyof typeof sampledMass.bindings, Binding>,
  shape: SampledMassShape,
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      rows: shape.rows,
      row_block: shape.rowBlock,
      row_position: shape.rowPosition,
      keys: shape.keys,
      q_stride: shape.qStride,
      key_stride: shape.keyStride,
      head_base: shape.headBase,
      group: shape.group,
      indexed: Number(shape.index !== null),
      index_row_blocks: shape.index?.rowBlocks ?? 0,
      tile_capacity: shape.index?.tileCapacity ?? 0,
      column_capacity: shape.index?.columnCapacity ?? 0,
      dim4: shape.headDim / 4,
      scale: Math.LOG2E / Math.sqrt(shape.headDim),
      splits: shape.splits?.count ?? 1,
      split_stride: shape.splits?.stride ?? 0,
    },
    workgroups: [shape.heads, shape.splits?.count ?? 1],
    phase,
    flops: shape.flops,
  });
}
