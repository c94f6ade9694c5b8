/**
 * MInference's selection, shared by every pattern that ranks single columns and diagonals, or bands: the k largest of
 * each by the attention of the last queries (see tailEstimate.ts), ascending.
 */
import type { Gpu } from '../gpu/device';
import type { Binding, Recorder } from '../gpu/recorder';
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
import { recordSelectBins, segmentBinBytes, selectBins } from '../kernels/selectBins';
import { recordSelectLists, selectLists, selectsLists } from '../kernels/selectLists';
import { recordSelectSegments, selectsBySegments, selectSegments } from '../kernels/selectSegments';
import { recordSelectWrite, selectWrite } from '../kernels/selectWrite';
import { allocateAll, releaseAll, type Sizes } from './buffers';
import {
  batchOf,
  createTailEstimate,
  entriesOf,
  estimateFlops,
  estimateSizes,
  type EstimateRules,
} from './tailEstimate';
import type { Geometry, LayerInput } from './types';

export interface Ranking extends EstimateRules {
  /** Columns, and diagonals or bands, to choose for every head; with `mass` at most. */
  budgets: readonly [number, number];
  /** Budgets of [layer][head], row-major, none above `budgets`. Absent: `budgets` for all. */
  byHead?: readonly (readonly [number, number])[];
  /** Each head's budgets by the attention that they leave out. Absent: `budgets` as they are. */
  mass?: Pick<MassRules, 'leftOut' | 'least'>;
}

type Scratch = 'histogram' | 'picks' | 'segments' | 'budgets' | 'bins' | 'chosen' | 'chosen_counts';

/** Budgets, no larger than what there is to choose from: also the room of a head in `chosen`. */
export function capacitiesOf(geometry: Geometry, ranking: Ranking): [number, number] {
  const [columns, diagonals] = entriesOf(geometry, ranking);
  return [Math.min(columns, ranking.budgets[0]), Math.min(diagonals, ranking.budgets[1])];
}

/** Bytes of a layer's budgets [2][heads] u32, a multiple of what binding offsets need. */
function budgetStride(heads: number): number {
  return Math.ceil((2 * heads * 4) / 256) * 256;
}

type Way = 'lists' | 'segments' | 'parts';

/** How entries are chosen: a workgroup a list, two dispatches with a workgroup a segment, or eight dispatches and two clears. */
function wayOf(entries: readonly [number, number]): Way {
  if (selectsLists({ entries })) return 'lists';
  return selectsBySegments({ entries }) ? 'segments' : 'parts';
}

function selectionSizes(geometry: Geometry, ranking: Ranking): Sizes<Scratch> {
  const { heads, layers } = geometry;
  const batch = batchOf(geometry, ranking);
  const capacities = capacitiesOf(geometry, ranking);
  const entries = entriesOf(geometry, ranking);
  const way = wayOf(entries);
  const segments = segmentsOf({ entries });
  // Other ways than 'parts' need little of what is between the parts of the selection.
  const parts = way === 'parts' ? 1 : 0;
  const select = selectScratch(batch, segments);
  const massBins = ranking.mass ? parts * massBinBytes(batch) : 0;
  return {
    histogram: parts * select.histogram * 4,
    picks: parts * select.picks * 4,
    segments: parts * select.segments * 4,
    budgets: ranking.byHead ? layers * budgetStride(heads) : 2 * heads * 4,
    bins: way === 'segments' ? segmentBinBytes(batch, segments) : massBins,
    chosen: heads * (capacities[0] + capacities[1]) * 4,
    chosen_counts: 2 * heads * 4,
  };
}

/** Of estimate and selection. */
export function lastQueriesSizes(geometry: Geometry, ranking: Ranking): Sizes<string> {
  return { ...estimateSizes(geometry, ranking), ...selectionSizes(geometry, ranking) };
}

/** Operations of the estimate's two passes over the keys. */
export const lastQueriesFlops = estimateFlops;

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
  const { heads } = geometry;
  const estimate = await createTailEstimate(gpu, geometry, ranking);
  const buffers = allocateAll(gpu, selectionSizes(geometry, ranking));
  const capacities = capacitiesOf(geometry, ranking);
  const entries = entriesOf(geometry, ranking);
  const budgetsOf = writeBudgets(gpu, buffers.budgets, geometry, ranking, capacities);
  const ways = { lists: createListSelection, segments: createSegmentSelection, parts: createSelection };
  const select = await ways[wayOf(entries)](gpu, ranking);
  function recordSelection(recorder: Recorder, layer: number, headBase: number, batch: number) {
    const shape: SelectShape = {
      heads,
      headBase,
      batch,
      entries,
      strides: entries,
      base1: estimate.base1,
      capacities,
    };
    select(recorder, { ...buffers, keys: estimate.keys, budgets: budgetsOf(layer) }, shape);
  }

  return {
    chosen: buffers.chosen,
    counts: buffers.chosen_counts,
    keys: estimate.keys,
    record(recorder, input) {
      estimate.record(recorder, input, (headBase, batch) => {
        recordSelection(recorder, input.layer, headBase, batch);
      });
    },
    destroy: () => {
      estimate.destroy();
      releaseAll(gpu, buffers);
    },
  };
}

type RecordSelection = (
  recorder: Recorder,
  buffers: Record<Scratch, Binding> & { keys: Binding; histogram: GPUBuffer; bins: GPUBuffer },
  shape: SelectShape,
) => void;

/** Of short lists, in one dispatch. */
async function createListSelection(gpu: Gpu, { mass }: Ranking): Promise<RecordSelection> {
  const lists = await gpu.pipelines.get(selectLists);
  return (recorder, buffers, shape) => {
    const { keys, budgets, chosen, chosen_counts } = buffers;
    recordSelectLists(recorder, lists, { keys, budgets, chosen, chosen_counts }, shape, mass ?? null);
  };
}

/** Of lists of up to some ten thousand entries, in two dispatches. */
async function createSegmentSelection(gpu: Gpu, { mass }: Ranking): Promise<RecordSelection> {
  const [bins, segments] = await Promise.all([
    gpu.pipelines.get(selectBins),
    gpu.pipelines.get(selectSegments),
  ]);
  return (recorder, buffers, shape) => {
    recordSelectBins(recorder, bins, buffers, shape);
    recordSelectSegments(recorder, segments, buffers, shape, mass ?? null);
  };
}

/** Of longer lists, with many workgroups a list. */
async function createSelection(gpu: Gpu, { mass: rules }: Ranking): Promise<RecordSelection> {
  const [histogram, count, write] = await Promise.all([
    gpu.pipelines.get(selectHistogram),
    gpu.pipelines.get(selectCount),
    gpu.pipelines.get(selectWrite),
  ]);
  const mass = rules && {
    rules,
    histogram: await gpu.pipelines.get(massHistogram),
    budget: await gpu.pipelines.get(massBudget),
  };
  return (recorder, buffers, shape) => {
    recorder.clear(buffers.histogram);
    if (mass) {
      recorder.clear(buffers.bins);
      recordMassHistogram(recorder, mass.histogram, buffers, shape);
      recordMassBudget(recorder, mass.budget, buffers, shape, { ...mass.rules, most: shape.capacities });
    }
    for (let digit = 0; digit < digits; digit++)
      recordSelectHistogram(recorder, histogram, buffers, shape, digit);
    recordSelectCount(recorder, count, buffers, shape);
    recordSelectWrite(recorder, write, buffers, shape);
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
