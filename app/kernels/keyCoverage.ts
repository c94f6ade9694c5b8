import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/key_coverage.wgsl';

export const keyCoverage = defineKernel({
  shader,
  bindings: { counts: 'read', tiles: 'read', columns: 'read', sums: 'read_write' },
  variants: [],
});

/** Consecutive keys counted together. */
export interface KeyBins {
  /** Keys of a bin: a power of two. */
  keysPerBin: number;
  /** At most 2,048. */
  bins: number;
}

/** The finest bins of at most `most` (2,048 or fewer) for so many keys: single keys where there are no more. */
export function keyBins(keys: number, most = 2_048): KeyBins {
  let keysPerBin = 1;
  while (keys > keysPerBin * most) keysPerBin *= 2;
  return { keysPerBin, bins: Math.ceil(keys / keysPerBin) };
}

export interface KeyCoverageShape extends KeyBins {
  /** Rows of the chunk, and the position of its first. */
  rows: number;
  rowPosition: number;
  heads: number;
  /** Which sums are the layer's: those from `firstSum * bins`. */
  firstSum: number;
  /** null: every head is dense. */
  index: { rowBlocks: number; tileCapacity: number; columnCapacity: number } | null;
}

/** Row blocks of a workgroup, as in the shader. */
const blocksPerGroup = 16;

/**
 * Adds a chunk's index to sums u32 [layer][bins]: pairs of a row block and a key that the index covers and that is at
 * most the row block's last position, over all heads. The index is described in `attention/tileIndex.ts`. The sum of a
 * layer is at most heads * row blocks * keysPerBin: below 2^32 for 1,048,576 tokens (512 keys a bin) and 511 heads.
 */
export function recordKeyCoverage(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof keyCoverage.bindings>,
  buffers: Record<keyof typeof keyCoverage.bindings, Binding>,
  shape: KeyCoverageShape,
  phase: string,
): void {
  const rowBlocks = Math.ceil(shape.rows / 64);
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      rows: shape.rows,
      row_position: shape.rowPosition,
      indexed: Number(shape.index !== null),
      index_row_blocks: shape.index?.rowBlocks ?? 0,
      tile_capacity: shape.index?.tileCapacity ?? 0,
      column_capacity: shape.index?.columnCapacity ?? 0,
      bin_shift: Math.log2(shape.keysPerBin),
      bins: shape.bins,
      first_sum: shape.firstSum * shape.bins,
    },
    workgroups: [shape.heads, Math.ceil(rowBlocks / blocksPerGroup)],
    phase,
    flops: shape.heads * shape.rows * 16,
  });
}
