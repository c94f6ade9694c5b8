/**
 * Block-sparse (MInference, arXiv 2407.02490): the tiles whose mean key has the largest product with the mean query of
 * a row block.
 *
 * `budget=classic` chooses exactly what MInference chooses: `topK` tiles (100), nothing forced; dense up to 6,400 tokens.
 *
 * `budget=scaled` is ours. The first tile, those of the row block itself and the one before are always kept and count
 * towards `topK`, which grows with the square root of the prompt as the bands of `vertical_slash` do, two tiles a band:
 * 16 at 8,192, 32 at 32,768, 64 at 131,072, 182 at 2^20.
 */
import { meanPool, recordMeanPool } from '../kernels/meanPool';
import { pooledScores, recordPooledScores } from '../kernels/pooledScores';
import { recordTopTiles, topTiles } from '../kernels/topTiles';
import { mostKeys } from '../kernels/bandIndex';
import { allocateAll, releaseAll, totalBytes } from './buffers';
import { tooLong, tooShort } from './ranked';
import { createRowLocal, rowLocalSizes, scratchBytes } from './rowLocal';
import { choice, readSettings, whole, type PatternFactory } from './settings';
import { causalTiles, denseAbove, neverDense, rowBlocksOf } from './tiles';
import type { Geometry, Pattern, Settings } from './types';

/** Default of `budget=classic`: MInference's own. */
export const classicTopK = 100;

/** Default of `budget=scaled`. */
export function scaledTopK(keys: number): number {
  return Math.max(4, Math.ceil(16 * Math.sqrt(keys / 8192)));
}

function readBlockSparse(set: Settings, { keys, past }: Geometry) {
  const classic = set.budget === 'classic';
  const settings = readSettings('block_sparse', set, {
    topK: whole(classic ? classicTopK : scaledTopK(keys), 1, mostKeys / 64),
    budget: choice(['scaled', 'classic'], 'scaled'),
    // The original has no fallback, and 'classic' follows it.
    fallback: choice(['auto', 'off'], classic ? 'off' : 'auto'),
  });
  // First tile, neighbour and own; a row block that is not aligned to tiles has two of its own.
  const least = classic ? 1 : past % 64 === 0 ? 3 : 4;
  settings.topK = Math.min(Math.ceil(keys / 64), Math.max(least, settings.topK));
  return settings;
}

type BlockSparseSettings = ReturnType<typeof readBlockSparse>;

/** What the kernel counts, for all row blocks of a head. */
function computedTiles({ past, rows }: Geometry, topK: number): number {
  let tiles = 0;
  for (let row = 0; row < rows; row += 64)
    tiles += Math.min(topK, Math.ceil((past + Math.min(rows, row + 64)) / 64));
  return tiles;
}

function noteOf(settings: BlockSparseSettings, geometry: Geometry): string | null {
  const long = tooLong(geometry);
  if (long !== null || settings.fallback === 'off') return long;
  const share = computedTiles(geometry, settings.topK) / causalTiles(geometry);
  const most = `Dense was used: ${settings.topK} tiles a row block are ${Math.round(share * 100)}% of all.`;
  return tooShort(geometry) ?? (share > denseAbove ? most : null);
}

function batchOf({ heads, keys, chunkRows }: Geometry): number {
  const head = rowBlocksOf(chunkRows) * Math.ceil(keys / 64) * 4;
  return Math.max(1, Math.min(heads, Math.floor(scratchBytes / head)));
}

function poolSizes(geometry: Geometry) {
  const { heads, kvHeads, headDim, keys, chunkRows } = geometry;
  const rowBlocks = rowBlocksOf(chunkRows);
  const tiles = Math.ceil(keys / 64);
  return {
    pooled_q: heads * rowBlocks * headDim * 4,
    pooled_k: kvHeads * tiles * headDim * 4,
    scores: batchOf(geometry) * rowBlocks * tiles * 4,
  };
}

export const blockSparse: PatternFactory = {
  plan(set, geometry) {
    const settings = readBlockSparse(set, geometry);
    const { heads, kvHeads, headDim, keys, past, keyStride } = geometry;
    const sizes = poolSizes(geometry);
    const bytes = totalBytes(sizes) + totalBytes(rowLocalSizes(geometry, settings.topK));
    return {
      settings,
      note: noteOf(settings, geometry),
      bytes,
      listRoom: [settings.topK, 0],
      create: async (gpu) => {
        const [pool, score, choose] = await Promise.all([
          gpu.pipelines.get(meanPool),
          gpu.pipelines.get(pooledScores),
          gpu.pipelines.get(topTiles),
        ]);
        const lists = createRowLocal(gpu, geometry, settings.topK);
        const buffers = allocateAll(gpu, sizes);
        const mostHeads = batchOf(geometry);
        const pattern: Pattern = {
          name: 'block_sparse',
          settings,
          tailRows: 0,
          indexBytes: bytes,
          prepareFlops: kvHeads * keys * headDim,
          prepareLayer(recorder, { caches }) {
            for (const range of caches) {
              recordMeanPool(
                recorder,
                pool,
                { source: range.k, pooled: buffers.pooled_k },
                {
                  rows: keys,
                  heads: range.heads / (heads / kvHeads),
                  headBase: range.kvHeadBase,
                  stride: keyStride,
                  headDim,
                },
              );
            }
          },
          indexRows(recorder, layer, { first, count, queries, queryStride }) {
            recordMeanPool(
              recorder,
              pool,
              { source: queries, pooled: buffers.pooled_q },
              { rows: count, heads, headBase: 0, stride: queryStride, headDim },
            );
            const end = past + first + count;
            const tiles = Math.ceil(end / 64);
            const rowBlocks = rowBlocksOf(count);
            for (let headBase = 0; headBase < heads; headBase += mostHeads) {
              const batch = Math.min(mostHeads, heads - headBase);
              recordPooledScores(
                recorder,
                score,
                buffers,
                {
                  rowBlocks,
                  tiles,
                  tileStride: Math.ceil(keys / 64),
                  headBase,
                  batch,
                  group: heads / kvHeads,
                  headDim,
                },
                gpu.pacer.dispatchFlops,
              );
              recordTopTiles(
                recorder,
                choose,
                { ...lists, scores: buffers.scores },
                {
                  heads,
                  layer,
                  headBase,
                  batch,
                  keys: end,
                  rowBlocks,
                  rowPosition: past + first,
                  tiles,
                  tileCapacity: settings.topK,
                  columnCapacity: 0,
                  topK: settings.topK,
                  forced: settings.budget === 'scaled',
                  denseAbove: settings.fallback === 'auto' ? denseAbove : neverDense,
                },
              );
            }
            return lists.index(count);
          },
          statistics: () => lists.summary(),
          destroy() {
            lists.destroy();
            releaseAll(gpu, buffers);
          },
        };
        return pattern;
      },
    };
  },
};
