/**
 * FlexPrefill (arXiv 2502.20766), with the results of its own code: each head's budgets follow from the attention of
 * the last `block` queries. Columns and diagonals that hold `gamma` of it are counted in tokens, the largest blocks of
 * as many are computed; a head whose attention mean keys predict (Jensen-Shannon distance below `tau`) is query-aware,
 * and takes from the map of mean queries by mean keys what holds `gamma` of its mass. `tau` 0: columns and diagonals
 * alone, for which no query is computed twice. Prompts of at most 2 blocks, or of minBudget, are dense there too.
 * Ours: a prompt behind a past has its row blocks where the whole prompt would have them, and a head that would compute
 * most tiles is dense (fallback=auto).
 */
import type { Gpu } from '../gpu/device';
import { readBuffer, type Recorder } from '../gpu/recorder';
import { flexCount, recordFlexCount } from '../kernels/flexCount';
import { flexIndex, recordFlexIndex } from '../kernels/flexIndex';
import { flexMass, massDigits, massScratch, recordFlexMass, massTarget } from '../kernels/flexMass';
import { flexMaskWords, flexPlan, recordFlexPlan } from '../kernels/flexPlan';
import { allocateAll, releaseAll, totalBytes } from './buffers';
import {
  createQueryAware,
  mapBytes,
  queryAwareFlops,
  queryAwareSizes,
  type VisitRows,
  type QueryAware,
} from './flexQueryAware';
import { summarise, tooLong, tooShort } from './ranked';
import { choice, readSettings, real, whole, type PatternFactory } from './settings';
import {
  batchOf,
  createTailEstimate,
  estimateFlops,
  estimateSizes,
  type EstimateRules,
} from './tailEstimate';
import { causalTiles, denseAbove, neverDense, rowBlocksOf } from './tiles';
import type { Geometry, LayerInput, Pattern, RowsInput, Settings } from './types';

export interface FlexSettings {
  gamma: number;
  tau: number;
  /** Tokens. */
  minBudget: number;
  block: 64 | 128;
  fallback: string;
}

function readFlex(set: Settings): FlexSettings {
  // A number from code, text from a form or a command line.
  const given = typeof set.block === 'number' ? { ...set, block: String(set.block) } : set;
  const settings = readSettings('flexprefill', given, {
    gamma: real(0.9, 0, 1),
    tau: real(0.1, 0, 1),
    minBudget: whole(512, 0, 2 ** 20),
    block: choice(['128', '64'], '128'),
    fallback: choice(['auto', 'off'], 'auto'),
  });
  return { ...settings, block: settings.block === '64' ? 64 : 128 };
}

/** Prompts up to this length are dense in the original. */
function densePrompt({ block, minBudget }: FlexSettings): number {
  return Math.max(2 * block, Math.ceil(minBudget / block) * block);
}

function noteOf(settings: FlexSettings, geometry: Geometry): string | null {
  const dense = densePrompt(settings);
  if (geometry.keys <= dense)
    return `Dense was used: FlexPrefill computes prompts of up to ${dense.toLocaleString('en')} tokens densely.`;
  return tooLong(geometry) ?? (settings.fallback === 'auto' ? tooShort(geometry) : null);
}

function rulesOf({ block }: FlexSettings, { rows, keys }: Geometry): EstimateRules {
  return {
    tailRows: Math.min(block, rows),
    columns: { forced: 0, openFrom: 0, openTo: keys },
    diagonals: { pool: 1, forced: 0 },
  };
}

function indexSizes(settings: FlexSettings, geometry: Geometry) {
  const { heads, layers, keys, chunkRows } = geometry;
  const { block } = settings;
  const batch = batchOf(geometry, rulesOf(settings, geometry));
  const mass = massScratch(2 * batch);
  const rowBlocks = heads * rowBlocksOf(chunkRows);
  return {
    bins: mass.bins * 4,
    picks: mass.picks * 4,
    covers: 2 * batch * 8,
    pooled: batch * 3 * Math.ceil(keys / block) * 4,
    masks: heads * 2 * flexMaskWords(keys, block) * 4,
    aware: heads * 4,
    thresholds: heads * 8,
    statistics: layers * heads * 4,
    counts: rowBlocks * 8,
    tiles: rowBlocks * Math.ceil(keys / 64) * 4,
    // Bound where there is none.
    columns: 16,
    no_map: 16,
  };
}

export const flexPrefill: PatternFactory = {
  plan: (set, geometry) => planFlexPrefill(set, geometry, mapBytes),
};

/** `bytes`: of the map's buffer, for tests of strips. */
export function planFlexPrefill(set: Settings, geometry: Geometry, bytes: number) {
  const settings = readFlex(set);
  const rules = rulesOf(settings, geometry);
  const total =
    totalBytes(estimateSizes(geometry, rules)) +
    totalBytes(indexSizes(settings, geometry)) +
    (settings.tau > 0 ? totalBytes(queryAwareSizes(geometry, settings.block, bytes)) : 0);
  return {
    settings: { ...settings },
    note: noteOf(settings, geometry),
    bytes: total,
    create: (gpu: Gpu) => createFlexPrefill(gpu, geometry, settings, { total, map: bytes }),
  };
}

async function createFlexPrefill(
  gpu: Gpu,
  geometry: Geometry,
  settings: FlexSettings,
  bytes: { total: number; map: number },
): Promise<Pattern> {
  const [mass, plan, count, index] = await Promise.all([
    gpu.pipelines.get(flexMass),
    gpu.pipelines.get(flexPlan),
    gpu.pipelines.get(flexCount),
    gpu.pipelines.get(flexIndex),
  ]);
  const { heads, kvHeads, headDim, layers, keys, past, rows } = geometry;
  const { block, gamma, tau } = settings;
  const rules = rulesOf(settings, geometry);
  const estimate = await createTailEstimate(gpu, geometry, rules);
  const aware = tau > 0 ? await createQueryAware(gpu, geometry, { block, gamma, bytes: bytes.map }) : null;
  const buffers = allocateAll(gpu, indexSizes(settings, geometry));
  const map = aware?.map ?? buffers.no_map;
  const mostTiles = Math.min(
    Math.floor(causalTiles(geometry) * (settings.fallback === 'auto' ? denseAbove : neverDense)),
    0xffffffff,
  );
  const tileCapacity = Math.ceil(keys / 64);

  function recordBudgets(recorder: Recorder, input: LayerInput) {
    estimate.record(recorder, input, (headBase, batch) => {
      recorder.clear(buffers.bins);
      const { aware: gate, bins, picks, covers } = buffers;
      for (let digit = 0; digit <= massDigits; digit++)
        recordFlexMass(
          recorder,
          mass,
          { entries: estimate.keys, gate, bins, picks, found: covers },
          {
            lists: 2 * batch,
            firstLists: batch,
            secondBase: estimate.base1,
            stride: keys,
            entries: keys,
            gated: false,
            headBase,
            foundBase: 0,
            target: massTarget(gamma, rules.tailRows),
          },
          digit,
        );
      recordFlexPlan(
        recorder,
        plan,
        { ...buffers, tail: input.tail, key_means: aware?.keyMeans ?? buffers.no_map, scores: estimate.keys },
        {
          heads,
          group: heads / kvHeads,
          headDim,
          layer: input.layer,
          headBase,
          batch,
          keys,
          block,
          tailRows: rules.tailRows,
          diagonalBase: estimate.base1,
          leastBlocks: Math.max(1, Math.ceil(settings.minBudget / block)),
          tau,
        },
      );
    });
  }

  const pattern: Pattern = {
    name: 'flexprefill',
    settings: { ...settings },
    tailRows: rules.tailRows,
    indexBytes: bytes.total,
    prepareFlops: estimateFlops(geometry, rules) + (aware ? queryAwareFlops(geometry) : 0),
    ...(aware && {
      observeRows: (recorder, _layer, input: RowsInput) => {
        aware.poolQueries(recorder, input);
      },
    }),
    prepareLayer(recorder, input) {
      aware?.poolKeys(recorder, input.caches);
      recordBudgets(recorder, input);
      const visit: VisitRows = (range, { first, rowBlocks }, strip) => {
        recordFlexCount(
          recorder,
          count,
          { ...buffers, map },
          {
            ...range,
            heads,
            layer: input.layer,
            keys,
            block,
            rowBlocks,
            mapFirst: strip.first,
            mapRows: strip.rows,
            first,
            past,
          },
        );
      };
      if (aware) aware.search(recorder, buffers, visit);
      else
        visit(
          { headBase: 0, batch: heads },
          { first: 0, rowBlocks: rowBlocksOf(rows) },
          { first: 0, rows: 0 },
        );
    },
    indexRows(recorder, layer, input) {
      const position = past + input.first;
      const rowBlocks = rowBlocksOf(input.count);
      const write: Parameters<QueryAware['rows']>[3] = (range, strip) => {
        recordFlexIndex(
          recorder,
          index,
          { ...buffers, map },
          {
            ...range,
            heads,
            layer,
            keys,
            block,
            rowBlocks,
            mapFirst: strip.first,
            mapRows: strip.rows,
            position,
            tileCapacity,
            mostTiles,
          },
        );
      };
      if (aware) aware.rows(recorder, buffers.aware, { position, count: input.count }, write);
      else write({ headBase: 0, batch: heads }, { first: 0, rows: 0 });
      const { counts, tiles, columns } = buffers;
      return { counts, tiles, columns, tileCapacity, columnCapacity: 0, rowBlocks };
    },
    statistics: async () => {
      const tiles = new Uint32Array(await readBuffer(gpu, buffers.statistics, 0, layers * heads * 4));
      const causal = causalTiles(geometry);
      const counts = [...tiles].flatMap((found) => (found > mostTiles ? [causal, 1] : [found, 0]));
      return summarise(Uint32Array.from(counts), causal);
    },
    destroy() {
      estimate.destroy();
      aware?.destroy();
      releaseAll(gpu, buffers);
    },
  };
  return pattern;
}
