import { defineKernel, type Pipeline, type Specialisation } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/merge_splits.wgsl';

export const mergeSplits = defineKernel({
  shader,
  bindings: { parts: 'read', stats: 'read', out: 'read_write' },
  variants: ['f16'],
});

export function mergeSplitsSpec(headDim: number): Specialisation {
  return { constants: { HEAD4: headDim / 4 } };
}

/** Workgroups of `tile_attention` that fill a large GPU; at half of that, splitting no longer pays for joining. */
const wantedGroups = 512;
/** Tiles of a part at least: fewer, and the parts cost more to join than to compute. */
const leastTiles = 4;
/** Row blocks times heads times parts at most, see `splitsFor`. */
const mostBlocks = wantedGroups + wantedGroups / 2;

/**
 * Parts that the keys of `rowBlocks` dense row blocks are split into: enough for a large GPU to be busy with them alone; 1
 * where they are many themselves or `keys` are few.
 */
export function splitsFor(rowBlocks: number, heads: number, keys: number): number {
  const groups = rowBlocks * heads;
  if (groups === 0 || groups > wantedGroups / 2) return 1;
  const most = Math.floor(Math.ceil(keys / 64) / leastTiles);
  return Math.max(1, Math.min(most, Math.ceil(wantedGroups / groups)));
}

/** Bytes of parts and statistics, whatever is split. `size` is that of an activation. */
export function splitBytes(headDim: number, size: number): { parts: number; stats: number } {
  return { parts: mostBlocks * 64 * headDim * size, stats: mostBlocks * 64 * 8 };
}

/**
 * out [row][totalHeads][headDim] activations, rows [firstRow, firstRow + rows) of heads [headBase, headBase + heads), from
 * parts [split][splitRows][totalHeads][headDim] and stats [split][splitRows][totalHeads] vec2f of `tile_attention`.
 */
export function recordMergeSplits(
  recorder: Recorder,
  pipeline: Pipeline<'parts' | 'stats' | 'out'>,
  buffers: Record<'parts' | 'stats' | 'out', Binding>,
  shape: {
    rows: number;
    firstRow: number;
    heads: number;
    headBase: number;
    totalHeads: number;
    headDim: number;
    splits: number;
    splitRows: number;
  },
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      rows: shape.rows,
      first_row: shape.firstRow,
      heads: shape.heads,
      head_base: shape.headBase,
      total_heads: shape.totalHeads,
      splits: shape.splits,
      split_rows: shape.splitRows,
    },
    workgroups: [Math.ceil((shape.rows * shape.heads * shape.headDim) / 4 / 64)],
    phase,
    flops: 4 * shape.splits * shape.rows * shape.heads * shape.headDim,
  });
}
