/**
 * The attention of the prompt's last queries to all keys, summed by column and by diagonal (MInference,
 * arXiv 2407.02490, algorithm 2), for a batch of heads at a time, so that scratch stays bounded at any length.
 */
import type { Gpu } from '../gpu/device';
import type { Recorder } from '../gpu/recorder';
import { diagonalSums, recordDiagonalSums } from '../kernels/diagonalSums';
import { recordTailNormalise, tailNormalise } from '../kernels/tailNormalise';
import { recordTailStats, spanKeys, tailStats } from '../kernels/tailStats';
import { pieceCount, recordTailSums, tailSums, type ColumnRules } from '../kernels/tailSums';
import { allocateAll, releaseAll, type Sizes } from './buffers';
import type { Geometry, LayerInput } from './types';

/** Bytes of scratch that a batch of heads may use; one head is always allowed. */
const scratchBytes = 2 ** 26;

export interface EstimateRules {
  tailRows: number;
  columns: ColumnRules;
  /** 1: diagonals by j = keys - 1 - offset. 64: bands of that many offsets. Forced: offsets below it. */
  diagonals: { pool: 1 | 64; forced: number };
}

type Scratch = 'tail_partials' | 'tail_statistics' | 'selection_keys' | 'diagonal_pieces';

/** Columns, and diagonals or bands, of a head. */
export function entriesOf(geometry: Geometry, rules: EstimateRules): [number, number] {
  return [geometry.keys, Math.ceil(geometry.keys / rules.diagonals.pool)];
}

/** Heads of a batch. */
export function batchOf(geometry: Geometry, rules: EstimateRules): number {
  const { keys } = geometry;
  const entries = entriesOf(geometry, rules);
  const spans = Math.ceil(keys / spanKeys);
  const headBytes =
    rules.tailRows * (spans + 1) * 8 + pieceCount(keys, rules.tailRows) * 4 + (entries[0] + entries[1]) * 4;
  return Math.max(1, Math.min(geometry.heads, Math.floor(scratchBytes / headBytes)));
}

export function estimateSizes(geometry: Geometry, rules: EstimateRules): Sizes<Scratch> {
  const { keys } = geometry;
  const batch = batchOf(geometry, rules);
  const entries = entriesOf(geometry, rules);
  return {
    tail_partials: batch * rules.tailRows * Math.ceil(keys / spanKeys) * 8,
    tail_statistics: batch * rules.tailRows * 8,
    selection_keys: batch * (entries[0] + entries[1]) * 4,
    diagonal_pieces: batch * pieceCount(keys, rules.tailRows) * 4,
  };
}

/** Operations of the two passes over the keys. */
export function estimateFlops(geometry: Geometry, rules: EstimateRules): number {
  const rows = Math.ceil(rules.tailRows / 64) * 64;
  return 4 * rows * geometry.keys * geometry.headDim * geometry.heads;
}

export interface TailEstimate {
  /**
   * Sums of the batch as bits of f32 that are not negative: columns [batch][entries 0], and from `base1` on diagonals
   * or bands [batch][entries 1].
   */
  readonly keys: GPUBuffer;
  readonly base1: number;
  /** `each` records what reads the sums of query heads [headBase, headBase + batch), before the next batch's come. */
  record(recorder: Recorder, input: LayerInput, each: (headBase: number, batch: number) => void): void;
  destroy(): void;
}

export async function createTailEstimate(
  gpu: Gpu,
  geometry: Geometry,
  rules: EstimateRules,
): Promise<TailEstimate> {
  const [stats, normalise, sums, diagonals] = await Promise.all([
    gpu.pipelines.get(tailStats),
    gpu.pipelines.get(tailNormalise),
    gpu.pipelines.get(tailSums),
    gpu.pipelines.get(diagonalSums),
  ]);
  const { heads, kvHeads, keys } = geometry;
  const buffers = allocateAll(gpu, estimateSizes(geometry, rules));
  const entries = entriesOf(geometry, rules);
  const mostHeads = batchOf(geometry, rules);
  const base1 = mostHeads * keys;

  return {
    keys: buffers.selection_keys,
    base1,
    record(recorder, { caches, tail }, each) {
      const most = gpu.pacer.dispatchFlops;
      const { tail_partials: partials, tail_statistics, selection_keys, diagonal_pieces: pieces } = buffers;
      for (const { headBase: first, heads: count, kvHeadBase, k } of caches) {
        for (let headBase = first; headBase < first + count; headBase += mostHeads) {
          const batch = Math.min(mostHeads, first + count - headBase);
          const shape = {
            keys,
            tailRows: rules.tailRows,
            headDim: geometry.headDim,
            group: heads / kvHeads,
            headBase,
            batch,
            kvHeadBase,
            keyStride: geometry.keyStride,
          };
          recordTailStats(recorder, stats, { tail, k, partials }, shape, most);
          recordTailNormalise(recorder, normalise, { partials, stats: tail_statistics }, shape);
          recordTailSums(
            recorder,
            sums,
            { tail, k, stats: tail_statistics, column_scores: selection_keys, pieces },
            shape,
            { ...rules.columns, stride: keys },
            most,
          );
          recordDiagonalSums(recorder, diagonals, { pieces, scores: selection_keys }, shape, {
            ...rules.diagonals,
            entries: entries[1],
            stride: entries[1],
            base: base1,
          });
          each(headBase, batch);
        }
      }
    },
    destroy: () => {
      releaseAll(gpu, buffers);
    },
  };
}
