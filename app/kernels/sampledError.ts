import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/sampled_error.wgsl';

export const sampledError = defineKernel({
  shader,
  bindings: {
    sparse_masses: 'read',
    dense_masses: 'read',
    sparse_out: 'read',
    dense_out: 'read',
    counts: 'read',
    sums: 'read_write',
  },
  variants: [],
});

/** Values of one head's sums: rows' mass kept, squared error, squared norm, tiles computed. */
export const sumValues = 4;

export interface SampledErrorShape {
  /** Rows of the chunk, and the row block of 64 that is sampled. */
  rows: number;
  rowBlock: number;
  /** Tiles that a dense head computes for this row block. */
  causalTiles: number;
  heads: number;
  headDim: number;
  /** Head 0's place in the sums, in heads. */
  firstSum: number;
  /** null: every head is dense. */
  index: { rowBlocks: number } | null;
  /** Parts that the dense masses come in. */
  splits?: number;
}

/**
 * masses [head][64] vec2f of `sampled_mass`, the dense ones [split][head][64], outputs [row][heads][headDim] f32 of `tile_attention` without f16, with
 * the index and dense; adds to sums [...][head] vec4f. A sum of a million values in f32 is right to about 1e-6.
 */
export function recordSampledError(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof sampledError.bindings>,
  buffers: Record<keyof typeof sampledError.bindings, Binding>,
  shape: SampledErrorShape,
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      rows: shape.rows,
      row_block: shape.rowBlock,
      causal_tiles: shape.causalTiles,
      heads: shape.heads,
      first_sum: shape.firstSum,
      indexed: Number(shape.index !== null),
      index_row_blocks: shape.index?.rowBlocks ?? 0,
      dim4: shape.headDim / 4,
      splits: shape.splits ?? 1,
    },
    workgroups: [shape.heads],
    phase,
    flops: 5 * 64 * shape.headDim * shape.heads,
  });
}
