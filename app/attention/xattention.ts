/**
 * XAttention (arXiv 2503.16428): sums of antidiagonals, one of `stride` scores, stand for the attention of blocks of 128
 * rows and 128 keys; each row block keeps the first block, its own, and the largest others until they hold `threshold`
 * of the softmax. Chosen as the original's code chooses, which below 16,384 rows keeps one block more than the paper
 * (see the reference), so the neighbour of the diagonal is not forced here.
 *
 * Blocks of 128 rows are counted from the first row of a chunk. Cost: 1 / (2 stride) of dense attention's products.
 */
import { UserError } from '../errors';
import { antidiagonalIndex, recordAntidiagonalIndex } from '../kernels/antidiagonalIndex';
import {
  antidiagonalScores,
  groupBytes,
  groupsOf,
  recordAntidiagonalScores,
  rowTilesOf,
  unitRows,
} from '../kernels/antidiagonalScores';
import { antidiagonalSums, blockSize, recordAntidiagonalSums } from '../kernels/antidiagonalSums';
import { allocateAll, releaseAll, totalBytes } from './buffers';
import { tooLong, tooShort } from './ranked';
import { createRowLocal, rowLocalSizes, scratchBytes } from './rowLocal';
import { choice, readSettings, real, whole, type PatternFactory } from './settings';
import { denseAbove, neverDense, rowBlocksOf } from './tiles';
import type { Geometry, Pattern, Settings } from './types';

/** Rows of the original's first chunk. */
const firstChunk = 16_384;
/** Up to this many keys the original (`Xattention_prefill`) pads to 2,048 or 4,096 and sorts at most 32 blocks. */
const mostKeysOfNetwork = 4096;
/** Bytes that the lists of a chunk may use. Longer lists are dense: only above 2^28 heads x row blocks x tiles. */
const listBytes = 2 ** 26;

function readXAttention(set: Settings) {
  const settings = readSettings('xattention', set, {
    stride: whole(8, 8, 16),
    threshold: real(0.9, 0, 1),
    block: whole(blockSize, blockSize, blockSize),
    fallback: choice(['auto', 'off'], 'auto'),
  });
  if (settings.stride !== 8 && settings.stride !== 16)
    throw new UserError('bad-setting', `xattention: stride cannot be ${settings.stride}.`, 'Use 8 or 16.');
  return settings;
}

/** Blocks that the original sorts where there are at most 32, and its order of equal ones is a network's; else 0. */
function networkBlocks({ keys, past }: Geometry): number {
  if (past > 0 || keys > mostKeysOfNetwork) return 0;
  return keys > 2048 ? 32 : 16;
}

/** A threshold may need every tile, so lists have room for all where that is affordable. */
function capacityOf({ keys, heads, chunkRows }: Geometry): number {
  const room = Math.floor(listBytes / 4 / (heads * rowBlocksOf(chunkRows)));
  return Math.max(1, Math.min(Math.ceil(keys / 64), room));
}

/** Units (64 strided rows of a head) whose scores are held at a time. */
function batchOf({ keys, heads, chunkRows }: Geometry, stride: number): number {
  const fits = Math.floor(scratchBytes / (unitRows * groupsOf(keys, stride) * groupBytes));
  return Math.max(1, Math.min(heads * rowTilesOf(chunkRows, stride), fits));
}

function scratchSizes(geometry: Geometry, stride: number) {
  const { keys } = geometry;
  const units = batchOf(geometry, stride);
  return {
    scores: units * unitRows * groupsOf(keys, stride) * groupBytes,
    sums: units * (stride / 2) * Math.ceil(keys / blockSize) * 4,
  };
}

export const xattention: PatternFactory = {
  plan(set, geometry) {
    const settings = readXAttention(set);
    const { stride, threshold } = settings;
    const { heads, kvHeads, headDim, keys, past, keyStride } = geometry;
    const auto = settings.fallback === 'auto';
    const sizes = scratchSizes(geometry, stride);
    const tileCapacity = capacityOf(geometry);
    const bytes = totalBytes(sizes) + totalBytes(rowLocalSizes(geometry, tileCapacity));
    return {
      settings,
      note: tooLong(geometry) ?? (auto ? tooShort(geometry) : null),
      bytes,
      create: async (gpu) => {
        const [score, sum, choose] = await Promise.all([
          gpu.pipelines.get(antidiagonalScores),
          gpu.pipelines.get(antidiagonalSums),
          gpu.pipelines.get(antidiagonalIndex),
        ]);
        const lists = createRowLocal(gpu, geometry, tileCapacity);
        const buffers = allocateAll(gpu, sizes);
        const mostUnits = batchOf(geometry, stride);
        const pattern: Pattern = {
          name: 'xattention',
          settings,
          tailRows: 0,
          indexBytes: bytes,
          prepareFlops: 0,
          prepareLayer: () => undefined,
          indexRows(recorder, layer, { first, count, queries, queryStride, caches }) {
            for (const range of caches) {
              const all = range.heads * rowTilesOf(count, stride);
              for (let firstUnit = 0; firstUnit < all; firstUnit += mostUnits) {
                const shape = {
                  stride,
                  rows: count,
                  rowPosition: past + first,
                  headBase: range.headBase,
                  firstUnit,
                  units: Math.min(mostUnits, all - firstUnit),
                };
                recordAntidiagonalScores(
                  recorder,
                  score,
                  { queries, k: range.k, scores: buffers.scores },
                  {
                    ...shape,
                    keys,
                    headDim,
                    group: heads / kvHeads,
                    kvHeadBase: range.kvHeadBase,
                    queryStride,
                    keyStride,
                  },
                  gpu.pacer.dispatchFlops,
                );
                recordAntidiagonalSums(recorder, sum, buffers, shape);
                recordAntidiagonalIndex(
                  recorder,
                  choose,
                  { ...lists, sums: buffers.sums },
                  {
                    ...shape,
                    heads,
                    layer,
                    rowBlocks: rowBlocksOf(count),
                    tileCapacity,
                    threshold,
                    networkBlocks: networkBlocks(geometry),
                    lateRows: past === 0 ? Math.max(0, firstChunk - first) : 0,
                    denseAbove: auto ? denseAbove : neverDense,
                  },
                );
              }
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
