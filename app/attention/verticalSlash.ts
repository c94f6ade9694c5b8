/**
 * Vertical-slash (MInference, arXiv 2407.02490): columns and diagonals that the last queries attend to.
 *
 * `budget=classic` covers exactly what MInference's index builder covers, with its fixed budgets in tokens (defaults
 * 1,000 and 6,096, at least 30 and 50, never more than the prompt), 30 sink columns and 100 near diagonals forced.
 *
 * `budget=scaled` is ours. Diagonals are ranked and taken in bands of 64, because a tile is what a diagonal costs:
 * `slashSize` tokens are slashSize / 64 bands, of which the two nearest are forced; a band takes both tile diagonals
 * that it touches. Columns that forced tiles hold for every row (the first tile, the last 128 keys) spend no budget.
 * Defaults: a causal row block has n / 128 tiles on average, and longer prompts bear more sparsity, so budgets grow with
 * the square root of n: 8 bands at 8,192, 16 at 32,768, 32 at 131,072, 91 at 2^20. Columns are 1/64 tile each and
 * cheaper: n / 32, from 32,768 on with the square root too (1,024 there, 5,793 at 2^20).
 */
import { readBuffer } from '../gpu/recorder';
import { mostKeys } from '../kernels/bandIndex';
import { allocateAll, releaseAll, totalBytes } from './buffers';
import {
  capacitiesOf,
  createLastQueries,
  lastQueriesFlops,
  lastQueriesSizes,
  type Ranking,
} from './lastQueries';
import { choice, readSettings, whole, type PatternFactory } from './settings';
import { causalTiles, denseAbove, neverDense, rowBlocksOf } from './tiles';
import type { Geometry, Pattern, PatternStatistics, Settings } from './types';
import { createBandIndexer, bandSizes, createSlashIndexer, slashSizes } from './indexers';

/** Below, estimate and index cost more than the tiles saved (dense attention of one layer takes about as long). */
const fewestKeys = 4096;
/** Below, the estimate's rows are too large a share of all rows. */
const fewestRows = 512;

/** Defaults of `budget=scaled`, in tokens. */
export function scaledBudgets(keys: number): { verticalSize: number; slashSize: number } {
  const verticalSize = keys <= 32_768 ? keys / 32 : 1024 * Math.sqrt(keys / 32_768);
  const bands = Math.ceil(8 * Math.sqrt(keys / 8192));
  return {
    verticalSize: Math.min(keys, Math.max(64, Math.round(verticalSize))),
    slashSize: Math.min(keys, Math.max(2, bands) * 64),
  };
}

function readVerticalSlash(set: Settings, { keys, rows }: Geometry) {
  const classic = set.budget === 'classic';
  const budgets = classic ? { verticalSize: 1000, slashSize: 6096 } : scaledBudgets(keys);
  const length = "the prompt's length";
  const settings = readSettings('vertical_slash', set, {
    verticalSize: whole(budgets.verticalSize, 0, keys, length),
    slashSize: whole(budgets.slashSize, 0, keys, length),
    budget: choice(['scaled', 'classic'], 'scaled'),
    lastQ: whole(64, 1, 256),
    // The original has no fallback, and 'classic' follows it.
    fallback: choice(['auto', 'off'], classic ? 'off' : 'auto'),
    ...(classic ? {} : { last: whole(0, 0, keys, length) }),
  });
  settings.lastQ = Math.min(settings.lastQ, rows);
  if (classic) {
    settings.verticalSize = Math.min(keys, Math.max(30, settings.verticalSize));
    settings.slashSize = Math.min(keys, Math.max(50, settings.slashSize));
  } else {
    settings.slashSize = Math.min(keys, Math.max(2, Math.ceil(settings.slashSize / 64)) * 64);
  }
  return settings;
}

type VerticalSlashSettings = ReturnType<typeof readVerticalSlash>;

function rankingOf(settings: VerticalSlashSettings, { keys }: Geometry): Ranking {
  const { verticalSize, slashSize, lastQ } = settings;
  if (settings.budget === 'classic') {
    return {
      tailRows: lastQ,
      columns: { forced: 30, openFrom: 0, openTo: keys },
      diagonals: { pool: 1, forced: 100 },
      budgets: [verticalSize, slashSize],
    };
  }
  return {
    tailRows: lastQ,
    columns: { forced: 0, openFrom: 64, openTo: Math.max(64, keys - 128) },
    diagonals: { pool: 64, forced: 128 },
    budgets: [verticalSize, Math.ceil(slashSize / 64)],
  };
}

function noteOf(settings: VerticalSlashSettings, { keys, rows }: Geometry): string | null {
  if (settings.budget === 'scaled' && keys > mostKeys)
    return `Dense was used: the sparse index ends at ${mostKeys.toLocaleString('en')} tokens.`;
  if (settings.fallback === 'off') return null;
  if (keys < fewestKeys)
    return `Dense was used: below ${fewestKeys.toLocaleString('en')} tokens the index costs more than it saves.`;
  if (rows < fewestRows) return `Dense was used: for ${rows} new tokens the index costs more than it saves.`;
  return null;
}

export const verticalSlash: PatternFactory = {
  plan(set, geometry) {
    const settings = readVerticalSlash(set, geometry);
    const ranking = rankingOf(settings, geometry);
    const capacities = capacitiesOf(geometry, ranking);
    const classic = settings.budget === 'classic';
    const indexer = {
      geometry,
      capacities,
      rowBlocks: rowBlocksOf(geometry.chunkRows),
      denseAbove: settings.fallback === 'auto' ? denseAbove : neverDense,
      last: classic ? 0 : Number(settings.last),
    };
    const statisticsBytes = { statistics: geometry.layers * geometry.heads * 8 };
    const bytes =
      totalBytes(lastQueriesSizes(geometry, ranking)) +
      totalBytes(classic ? slashSizes(indexer) : bandSizes(indexer)) +
      totalBytes(statisticsBytes);
    return {
      settings,
      note: noteOf(settings, geometry),
      bytes,
      create: async (gpu) => {
        const estimate = await createLastQueries(gpu, geometry, ranking);
        const shared = allocateAll(gpu, statisticsBytes);
        const inputs = { chosen: estimate.chosen, chosen_counts: estimate.counts, ...shared };
        const index = await (classic ? createSlashIndexer : createBandIndexer)(gpu, indexer, inputs);
        const pattern: Pattern = {
          name: 'vertical_slash',
          settings,
          tailRows: ranking.tailRows,
          indexBytes: bytes,
          prepareFlops: lastQueriesFlops(geometry, ranking),
          prepareLayer(recorder, input) {
            estimate.record(recorder, input);
            index.plan(recorder, input.layer);
          },
          indexRows: (recorder, layer, rows) => index.rows(recorder, layer, rows),
          statistics: async () => {
            const size = geometry.layers * geometry.heads * 8;
            return summarise(
              new Uint32Array(await readBuffer(gpu, shared.statistics, 0, size)),
              causalTiles(geometry),
            );
          },
          destroy() {
            estimate.destroy();
            index.destroy();
            releaseAll(gpu, shared);
          },
        };
        return pattern;
      },
    };
  },
};

/** [layer][head][tiles computed, 1 if dense] against the tiles of a dense head. */
function summarise(counts: Uint32Array, causal: number): PatternStatistics {
  const totalHeads = counts.length / 2;
  const headDensity = Array.from({ length: totalHeads }, (_, head) => (counts[head * 2] ?? 0) / causal);
  const denseHeads = counts.reduce((sum, value, index) => sum + (index % 2 === 1 ? value : 0), 0);
  const density = headDensity.reduce((sum, value) => sum + value, 0) / totalHeads;
  return { density, headDensity, denseHeads, totalHeads };
}
