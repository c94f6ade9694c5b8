/**
 * MInference's online estimate and its selection, shared by every pattern that ranks columns and diagonals: softmax of
 * the last queries against all keys, column and diagonal sums, the k largest of each, ascending.
 * Heads are taken in batches, so that scratch stays bounded at any length.
 */
import type { Gpu } from '../gpu/device';
import type { Binding, Recorder } from '../gpu/recorder';
import { diagonalSums, recordDiagonalSums } from '../kernels/diagonalSums';
import { massBudget, recordMassBudget, type MassRules } from '../kernels/massBudget';
import { massBinBytes, massHistogram, recordMassHistogram } from '../kernels/massHistogram';
import { recordSelectCount, selectCount } from '../kernels/selectCount';
import {
  digits,
  recordSelectHistogram,
  segmentsOf,
  selectHistogram,
  selectScratch,
  type SelectShape,
} from '../kernels/selectHistogram';
import { recordSelectWrite, selectWrite } from '../kernels/selectWrite';
import { recordTailNormalise, tailNormalise } from '../kernels/tailNormalise';
import { recordTailStats, spanKeys, tailStats, type TailShape } from '../kernels/tailStats';
import { pieceCount, recordTailSums, tailSums, type ColumnRules } from '../kernels/tailSums';
import { allocateAll, releaseAll, type Sizes } from './buffers';
import type { Geometry, LayerInput } from './types';

/** Bytes of scratch that a batch of heads may use; one head is always allowed. */
const scratchBytes = 2 ** 26;

export interface Ranking {
  tailRows: number;
  columns: ColumnRules;
  /** 1: diagonals by j = keys - 1 - offset. 64: bands of that many offsets. Forced: offsets below it. */
  diagonals: { pool: 1 | 64; forced: number };
  /** Columns, and diagonals or bands, to choose for every head; with `mass` at most. */
  budgets: readonly [number, number];
  /** Budgets of [layer][head], row-major, none above `budgets`. Absent: `budgets` for all. */
  byHead?: readonly (readonly [number, number])[];
  /** Each head's budgets by the attention that they leave out. Absent: `budgets` as they are. */
  mass?: Pick<MassRules, 'leftOut' | 'least'>;
}

type Scratch =
  | 'tail_partials'
  | 'tail_statistics'
  | 'selection_keys'
  | 'diagonal_pieces'
  | 'histogram'
  | 'picks'
  | 'segments'
  | 'budgets'
  | 'bins'
  | 'chosen'
  | 'chosen_counts';

function entriesOf(geometry: Geometry, ranking: Ranking): [number, number] {
  return [geometry.keys, Math.ceil(geometry.keys / ranking.diagonals.pool)];
}

/** Budgets, no larger than what there is to choose from: also the room of a head in `chosen`. */
export function capacitiesOf(geometry: Geometry, ranking: Ranking): [number, number] {
  const [columns, diagonals] = entriesOf(geometry, ranking);
  return [Math.min(columns, ranking.budgets[0]), Math.min(diagonals, ranking.budgets[1])];
}

function headBytes(geometry: Geometry, ranking: Ranking): number {
  const { keys } = geometry;
  const entries = entriesOf(geometry, ranking);
  const spans = Math.ceil(keys / spanKeys);
  return (
    ranking.tailRows * (spans + 1) * 8 +
    pieceCount(keys, ranking.tailRows) * 4 +
    (entries[0] + entries[1]) * 4
  );
}

function batchOf(geometry: Geometry, ranking: Ranking): number {
  const fits = Math.floor(scratchBytes / headBytes(geometry, ranking));
  return Math.max(1, Math.min(geometry.heads, fits));
}

/** Bytes of a layer's budgets [2][heads] u32, a multiple of what binding offsets need. */
function budgetStride(heads: number): number {
  return Math.ceil((2 * heads * 4) / 256) * 256;
}

export function lastQueriesSizes(geometry: Geometry, ranking: Ranking): Sizes<Scratch> {
  const { keys, heads, layers } = geometry;
  const batch = batchOf(geometry, ranking);
  const entries = entriesOf(geometry, ranking);
  const capacities = capacitiesOf(geometry, ranking);
  const select = selectScratch(batch, segmentsOf({ entries }));
  return {
    tail_partials: batch * ranking.tailRows * Math.ceil(keys / spanKeys) * 8,
    tail_statistics: batch * ranking.tailRows * 8,
    selection_keys: batch * (entries[0] + entries[1]) * 4,
    diagonal_pieces: batch * pieceCount(keys, ranking.tailRows) * 4,
    histogram: select.histogram * 4,
    picks: select.picks * 4,
    segments: select.segments * 4,
    budgets: ranking.byHead ? layers * budgetStride(heads) : 2 * heads * 4,
    bins: ranking.mass ? massBinBytes(batch) : 16,
    chosen: heads * (capacities[0] + capacities[1]) * 4,
    chosen_counts: 2 * heads * 4,
  };
}

/** Operations of the two passes over the keys. */
export function lastQueriesFlops(geometry: Geometry, ranking: Ranking): number {
  const rows = Math.ceil(ranking.tailRows / 64) * 64;
  return 4 * rows * geometry.keys * geometry.headDim * geometry.heads;
}

export interface LastQueries {
  /** Columns [heads][capacity 0], then diagonals or bands [heads][capacity 1], ascending. */
  readonly chosen: GPUBuffer;
  /** [2][heads] */
  readonly counts: GPUBuffer;
  /** Scores of the last batch as selection keys, for tests: columns, then diagonals. */
  readonly keys: GPUBuffer;
  record(recorder: Recorder, input: LayerInput): void;
  destroy(): void;
}

export async function createLastQueries(
  gpu: Gpu,
  geometry: Geometry,
  ranking: Ranking,
): Promise<LastQueries> {
  const [stats, normalise, sums, diagonals, histogram, count, write] = await Promise.all([
    gpu.pipelines.get(tailStats),
    gpu.pipelines.get(tailNormalise),
    gpu.pipelines.get(tailSums),
    gpu.pipelines.get(diagonalSums),
    gpu.pipelines.get(selectHistogram),
    gpu.pipelines.get(selectCount),
    gpu.pipelines.get(selectWrite),
  ]);
  const mass = ranking.mass && {
    rules: ranking.mass,
    histogram: await gpu.pipelines.get(massHistogram),
    budget: await gpu.pipelines.get(massBudget),
  };
  const { heads, kvHeads, keys } = geometry;
  const buffers = allocateAll(gpu, lastQueriesSizes(geometry, ranking));
  const capacities = capacitiesOf(geometry, ranking);
  const entries = entriesOf(geometry, ranking);
  const mostHeads = batchOf(geometry, ranking);
  const budgetsOf = writeBudgets(gpu, buffers.budgets, geometry, ranking, capacities);
  const base1 = mostHeads * keys;

  function recordEstimate(recorder: Recorder, input: LayerInput, k: GPUBufferBinding, shape: TailShape) {
    const most = gpu.pacer.dispatchFlops;
    const { tail } = input;
    const { tail_partials: partials, tail_statistics, selection_keys, diagonal_pieces: pieces } = buffers;
    recordTailStats(recorder, stats, { tail, k, partials }, shape, most);
    recordTailNormalise(recorder, normalise, { partials, stats: tail_statistics }, shape);
    recordTailSums(
      recorder,
      sums,
      { tail, k, stats: tail_statistics, column_scores: selection_keys, pieces },
      shape,
      { ...ranking.columns, stride: keys },
      most,
    );
    recordDiagonalSums(recorder, diagonals, { pieces, scores: selection_keys }, shape, {
      ...ranking.diagonals,
      entries: entries[1],
      stride: entries[1],
      base: base1,
    });
  }

  function recordSelection(recorder: Recorder, layer: number, headBase: number, batch: number) {
    const shape: SelectShape = {
      heads,
      headBase,
      batch,
      entries,
      strides: entries,
      base1,
      capacities,
    };
    recorder.clear(buffers.histogram);
    const all = { ...buffers, keys: buffers.selection_keys, budgets: budgetsOf(layer) };
    if (mass) {
      recorder.clear(buffers.bins);
      recordMassHistogram(recorder, mass.histogram, all, shape);
      recordMassBudget(recorder, mass.budget, all, shape, { ...mass.rules, most: capacities });
    }
    for (let digit = 0; digit < digits; digit++)
      recordSelectHistogram(recorder, histogram, all, shape, digit);
    recordSelectCount(recorder, count, all, shape);
    recordSelectWrite(recorder, write, all, shape);
  }

  return {
    chosen: buffers.chosen,
    counts: buffers.chosen_counts,
    keys: buffers.selection_keys,
    record(recorder, input) {
      for (const range of input.caches) {
        const end = range.headBase + range.heads;
        for (let headBase = range.headBase; headBase < end; headBase += mostHeads) {
          const batch = Math.min(mostHeads, end - headBase);
          recordEstimate(recorder, input, range.k, {
            keys,
            tailRows: ranking.tailRows,
            headDim: geometry.headDim,
            group: heads / kvHeads,
            headBase,
            batch,
            kvHeadBase: range.kvHeadBase,
            keyStride: geometry.keyStride,
          });
          recordSelection(recorder, input.layer, headBase, batch);
        }
      }
    },
    destroy: () => {
      releaseAll(gpu, buffers);
    },
  };
}

/** Writes the budgets of all layers, no larger than what there is to choose from; answers a layer's binding. */
function writeBudgets(
  gpu: Gpu,
  buffer: GPUBuffer,
  { heads, layers }: Geometry,
  { byHead }: Ranking,
  capacities: readonly [number, number],
): (layer: number) => Binding {
  if (!byHead) {
    const same = Uint32Array.from({ length: 2 * heads }, (_, at) => capacities[at < heads ? 0 : 1]);
    gpu.device.queue.writeBuffer(buffer, 0, same);
    return () => buffer;
  }
  const stride = budgetStride(heads);
  for (let layer = 0; layer < layers; layer++) {
    const budgets = Uint32Array.from({ length: 2 * heads }, (_, at) => {
      const list = at < heads ? 0 : 1;
      return Math.min(capacities[list], byHead[layer * heads + (at % heads)]?.[list] ?? 0);
    });
    gpu.device.queue.writeBuffer(buffer, layer * stride, budgets);
  }
  return (layer) => ({ buffer, offset: layer * stride, size: 2 * heads * 4 });
}
