/**
 * The attention of the prompt's last queries to all keys, summed by column and by diagonal (MInference,
 * arXiv 2407.02490, algorithm 2), for a batch of heads at a time, so that scratch stays bounded at any length.
 */
import type { Gpu } from '../gpu/device';
import type { Binding, Recorder } from '../gpu/recorder';
import { bandSums, recordBandSums } from '../kernels/bandSums';
import { diagonalSums, recordDiagonalSums } from '../kernels/diagonalSums';
import { bandPieceCount, recordTailBands, tailBands } from '../kernels/tailBands';
import { recordTailNormalise, tailNormalise } from '../kernels/tailNormalise';
import {
  recordTailStats,
  spanKeys,
  tailStats,
  tailStatsSpec,
  weightBytes,
  type TailShape,
} from '../kernels/tailStats';
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

type Scratch = 'tail_partials' | 'tail_statistics' | 'tail_weights' | 'selection_keys' | 'diagonal_pieces';

/** Columns, and diagonals or bands, of a head. */
export function entriesOf(geometry: Geometry, rules: EstimateRules): [number, number] {
  return [geometry.keys, Math.ceil(geometry.keys / rules.diagonals.pool)];
}

/**
 * Whether the first pass keeps its exponents for the second, which then only reads them: bands of up to 64 rows, as long as
 * a head's fit the scratch. Otherwise the second pass computes the scores again.
 */
function keepsWeights({ keys }: Geometry, { tailRows, diagonals }: EstimateRules): boolean {
  return diagonals.pool === 64 && tailRows <= 64 && weightBytes(keys) <= scratchBytes;
}

/** Bytes of scratch of one head. */
function headSizes(geometry: Geometry, rules: EstimateRules): Sizes<Scratch> {
  const { keys } = geometry;
  const entries = entriesOf(geometry, rules);
  const keeps = keepsWeights(geometry, rules);
  return {
    tail_partials: rules.tailRows * Math.ceil(keys / spanKeys) * 8,
    tail_statistics: rules.tailRows * 8,
    tail_weights: keeps ? weightBytes(keys) : 0,
    selection_keys: (entries[0] + entries[1]) * 4,
    diagonal_pieces: (keeps ? bandPieceCount(keys) : pieceCount(keys, rules.tailRows)) * 4,
  };
}

/** Heads of a batch. */
export function batchOf(geometry: Geometry, rules: EstimateRules): number {
  const bytes = Object.values(headSizes(geometry, rules)).reduce((sum, size) => sum + size, 0);
  return Math.max(1, Math.min(geometry.heads, Math.floor(scratchBytes / bytes)));
}

export function estimateSizes(geometry: Geometry, rules: EstimateRules): Sizes<Scratch> {
  const batch = batchOf(geometry, rules);
  const head = headSizes(geometry, rules);
  return {
    tail_partials: batch * head.tail_partials,
    tail_statistics: batch * head.tail_statistics,
    tail_weights: batch * head.tail_weights,
    selection_keys: batch * head.selection_keys,
    diagonal_pieces: batch * head.diagonal_pieces,
  };
}

/** Operations of the passes over the keys: one where exponents are kept, else two. */
export function estimateFlops(geometry: Geometry, rules: EstimateRules): number {
  const rows = Math.ceil(rules.tailRows / 64) * 64;
  const passes = keepsWeights(geometry, rules) ? 1 : 2;
  return passes * 2 * rows * geometry.keys * geometry.headDim * geometry.heads;
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

type RecordSums = (
  recorder: Recorder,
  buffers: Record<Scratch | 'tail' | 'k', Binding>,
  shape: TailShape,
  base1: number,
) => void;

/** The second pass over scores computed again. */
async function createSums(gpu: Gpu, geometry: Geometry, rules: EstimateRules): Promise<RecordSums> {
  const [sums, diagonals] = await Promise.all([gpu.pipelines.get(tailSums), gpu.pipelines.get(diagonalSums)]);
  const [stride, entries] = entriesOf(geometry, rules);
  return (recorder, buffers, shape, base) => {
    const { tail, k, tail_statistics: stats, selection_keys: scores, diagonal_pieces: pieces } = buffers;
    recordTailSums(
      recorder,
      sums,
      { tail, k, stats, column_scores: scores, pieces },
      shape,
      { ...rules.columns, stride },
      gpu.pacer.dispatchFlops,
    );
    const diagonalRules = { ...rules.diagonals, entries, stride: entries, base };
    recordDiagonalSums(recorder, diagonals, { pieces, scores }, shape, diagonalRules);
  };
}

/** The second pass over exponents that the first kept. */
async function createKeptSums(gpu: Gpu, geometry: Geometry, rules: EstimateRules): Promise<RecordSums> {
  const [sums, bands] = await Promise.all([gpu.pipelines.get(tailBands), gpu.pipelines.get(bandSums)]);
  const [stride, entries] = entriesOf(geometry, rules);
  return (recorder, buffers, shape, base) => {
    const { tail_statistics: stats, selection_keys: scores, diagonal_pieces: pieces } = buffers;
    const { tail_weights: weights, tail_partials: partials } = buffers;
    recordTailBands(recorder, sums, { weights, partials, stats, column_scores: scores, pieces }, shape, {
      ...rules.columns,
      stride,
    });
    recordBandSums(recorder, bands, { pieces, scores }, shape, { ...rules.diagonals, entries, base });
  };
}

export async function createTailEstimate(
  gpu: Gpu,
  geometry: Geometry,
  rules: EstimateRules,
): Promise<TailEstimate> {
  const keeps = keepsWeights(geometry, rules);
  const [stats, normalise] = await Promise.all([
    gpu.pipelines.get(tailStats, tailStatsSpec(keeps)),
    gpu.pipelines.get(tailNormalise),
  ]);
  const recordSums = await (keeps ? createKeptSums : createSums)(gpu, geometry, rules);
  const { heads, kvHeads, keys } = geometry;
  const buffers = allocateAll(gpu, estimateSizes(geometry, rules));
  const mostHeads = batchOf(geometry, rules);
  const base1 = mostHeads * keys;

  return {
    keys: buffers.selection_keys,
    base1,
    record(recorder, { caches, tail }, each) {
      const { tail_partials: partials, tail_statistics, tail_weights: weights } = buffers;
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
          const input = { tail, k, partials, weights };
          recordTailStats(recorder, stats, input, shape, gpu.pacer.dispatchFlops);
          recordTailNormalise(recorder, normalise, { partials, stats: tail_statistics }, shape);
          recordSums(recorder, { ...buffers, tail, k }, shape, base1);
          each(headBase, batch);
        }
      }
    },
    destroy: () => {
      releaseAll(gpu, buffers);
    },
  };
}
