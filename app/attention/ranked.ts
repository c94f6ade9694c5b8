/** Patterns that rank columns and diagonals by the attention of the last queries: estimate, selection, index, statistics. */
import { readBuffer } from '../gpu/recorder';
import { mostKeys } from '../kernels/bandIndex';
import { allocateAll, releaseAll, totalBytes } from './buffers';
import {
  bandSizes,
  bandTiles,
  createBandIndexer,
  createSlashIndexer,
  slashSizes,
  slashTiles,
} from './indexers';
import {
  capacitiesOf,
  createLastQueries,
  lastQueriesFlops,
  lastQueriesSizes,
  type Ranking,
} from './lastQueries';
import type { PatternPlan } from './settings';
import { causalTiles, fewestRows, mostDenseKeys, rowBlocksOf } from './tiles';
import type { Geometry, Pattern, PatternName, PatternStatistics, SettingValue } from './types';

/** Why a prompt of this size runs dense, as a sentence; null where sparse can pay. */
export function tooShort({ keys, rows }: Geometry): string | null {
  if (keys <= mostDenseKeys)
    return `Dense was used: up to ${mostDenseKeys.toLocaleString('en')} tokens the index costs more than it saves.`;
  if (rows < fewestRows) return `Dense was used: for ${rows} new tokens the index costs more than it saves.`;
  return null;
}

/** Why bands cannot index a prompt, as a sentence. */
export function tooLong({ keys }: Geometry): string | null {
  return keys > mostKeys
    ? `Dense was used: the sparse index ends at ${mostKeys.toLocaleString('en')} tokens.`
    : null;
}

export interface RankedOptions {
  settings: Record<string, SettingValue>;
  /** A sentence: why this runs dense. */
  note: string | null;
  ranking: Ranking;
  /** A head that would compute more than this share of the causal tiles is dense. */
  denseAbove: number;
  /** Rows at the end of the prompt whose row blocks are dense. */
  last: number;
  /** Single diagonals as MInference's builder covers them, or bands of 64. */
  index: 'slashes' | 'bands';
}

export function planRanked(name: PatternName, geometry: Geometry, options: RankedOptions): PatternPlan {
  const { settings, note, ranking, last } = options;
  const slashes = options.index === 'slashes';
  const indexer = {
    geometry,
    capacities: capacitiesOf(geometry, ranking),
    rowBlocks: rowBlocksOf(geometry.chunkRows),
    denseAbove: options.denseAbove,
    last,
  };
  const statisticsBytes = { statistics: geometry.layers * geometry.heads * 8 };
  const bytes =
    totalBytes(lastQueriesSizes(geometry, ranking)) +
    totalBytes(slashes ? slashSizes(indexer) : bandSizes(indexer)) +
    totalBytes(statisticsBytes);
  return {
    settings,
    note,
    bytes,
    listRoom: [slashes ? slashTiles(indexer) : bandTiles(indexer), indexer.capacities[0]],
    create: async (gpu) => {
      const estimate = await createLastQueries(gpu, geometry, ranking);
      const shared = allocateAll(gpu, statisticsBytes);
      const inputs = { chosen: estimate.chosen, chosen_counts: estimate.counts, ...shared };
      const index = await (slashes ? createSlashIndexer : createBandIndexer)(gpu, indexer, inputs);
      const pattern: Pattern = {
        name,
        settings,
        tailRows: ranking.tailRows,
        indexBytes: bytes,
        denseRows: last,
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
}

/** [layer][head][tiles computed, 1 if dense] against the tiles of a dense head. */
export function summarise(counts: Uint32Array, causal: number): PatternStatistics {
  const totalHeads = counts.length / 2;
  const headDensity = Array.from({ length: totalHeads }, (_, head) => (counts[head * 2] ?? 0) / causal);
  const headDense = headDensity.map((_, head) => counts[head * 2 + 1] !== 0);
  const denseHeads = headDense.filter(Boolean).length;
  const density = headDensity.reduce((sum, value) => sum + value, 0) / totalHeads;
  return { density, headDensity, denseHeads, headDense, totalHeads };
}
