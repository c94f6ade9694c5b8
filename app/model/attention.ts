/** Attention of row blocks of a chunk as recorded dispatches: over an index, or dense with the keys split. */
import type { CacheRange } from '../attention/types';
import type { TileIndex } from '../attention/tileIndex';
import type { Recorder } from '../gpu/recorder';
import { recordMergeSplits } from '../kernels/mergeSplits';
import { recordTileAttention, type TileAttentionShape } from '../kernels/tileAttention';
import type { Activations } from './activations';
import type { KvCache } from './kvCache';
import type { Transformer } from './transformer';

/** Row blocks of a chunk whose queries are in `activations.queries`; outputs go to `activations.attended`. */
export interface AttentionWork {
  model: Transformer;
  recorder: Recorder;
  layer: number;
  activations: Activations;
  cache: KvCache;
  /** Rows of the chunk, and the position of the first. */
  rows: number;
  position: number;
  firstRowBlock: number;
  rowBlocks: number;
  /** Valid keys. */
  keys: number;
  /** Of all heads, for pacing. */
  flops: number;
}

/** One dispatch for each range of the cache. `index` null: dense. */
export function recordAttention(work: AttentionWork, index: TileIndex | null): void {
  for (const range of work.cache.layer(work.layer)) attend(work, range, index, work.flops);
}

/** Dense, for few row blocks: their keys are split into `splits` parts (see `splitsFor`), which are then joined. */
export async function recordSplitAttention(work: AttentionWork, splits: number): Promise<void> {
  const { model, recorder, activations } = work;
  const { heads: totalHeads, headDim } = model.config;
  const firstRow = work.firstRowBlock * 64;
  const splitRows = work.rowBlocks * 64;
  const partFlops = work.flops / splits;
  const step = Math.max(1, Math.floor(model.gpu.pacer.dispatchFlops / partFlops));
  for (const range of work.cache.layer(work.layer)) {
    for (let first = 0; first < splits; first += step) {
      const count = Math.min(step, splits - first);
      attend(work, range, null, partFlops * count, { splits, first, count, rows: splitRows });
      await recorder.pace();
    }
    recordMergeSplits(
      recorder,
      model.pipelines.mergeSplits,
      { parts: activations.parts, stats: activations.stats, out: activations.attended },
      {
        rows: Math.min(splitRows, work.rows - firstRow),
        firstRow,
        heads: range.heads,
        headBase: range.headBase,
        totalHeads,
        headDim,
        splits,
        splitRows,
      },
      'attention',
    );
  }
}

function attend(
  { model, recorder, activations, cache, ...work }: AttentionWork,
  range: CacheRange,
  index: TileIndex | null,
  flops: number,
  split?: TileAttentionShape['split'],
): void {
  const { heads, kvHeads, headDim } = model.config;
  const { zeros } = model.weights;
  recordTileAttention(
    recorder,
    model.pipelines.tileAttention,
    {
      q: activations.queries,
      k: range.k,
      v: range.v,
      // A dense run binds any buffer in place of the lists; they are not read.
      counts: index?.counts ?? zeros,
      tiles: index?.tiles ?? zeros,
      columns: index?.columns ?? zeros,
      ...(split ? { out: activations.parts, stats: activations.stats } : { out: activations.attended }),
    },
    {
      rows: work.rows,
      firstRowBlock: work.firstRowBlock,
      rowBlocks: work.rowBlocks,
      rowPosition: work.position,
      keys: work.keys,
      qStride: activations.rows,
      keyStride: cache.stride,
      heads: range.heads,
      totalHeads: heads,
      headBase: range.headBase,
      group: heads / kvHeads,
      headDim,
      index,
      ...(split && { split }),
      flops: (flops * range.heads) / heads,
    },
    'attention',
  );
}
