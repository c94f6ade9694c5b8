/**
 * FlexPrefill's query-aware heads (arXiv 2502.20766, algorithm 4): mean queries and mean keys of blocks, the map of
 * their attention, and the largest entries of the whole map that hold gamma of its mass.
 *
 * The map of a head has (n / block)^2 / 2 entries. It is kept while it fits `mapBytes`, for several heads at a time
 * where it can. Beyond (from about 520,000 tokens on with blocks of 128, half of that with 64) it is made in strips of
 * row blocks, a head at a time, again for each of the five passes over it: the result is the same to the bit, scratch
 * stays bounded, and a head's map at 2^20 tokens costs 5 x 8.6 GFLOP with heads of 128, against some 280,000 of dense
 * attention. A chunk's rows are made once more for its index. Mean queries are the one thing that grows with the
 * prompt: n / block rows a head in f32, 134 MB for 32 heads of 128 at 2^20 tokens.
 */
import type { Gpu } from '../gpu/device';
import type { Recorder } from '../gpu/recorder';
import { flexMap, recordFlexMap } from '../kernels/flexMap';
import { flexMass, massDigits, massScratch, recordFlexMass, massTarget } from '../kernels/flexMass';
import { blocksOf, flexPool, recordFlexPool } from '../kernels/flexPool';
import { allocateAll, releaseAll, type Sizes } from './buffers';
import type { CacheRange, Geometry, RowsInput } from './types';

/** Bytes of the map's buffer; a chunk's rows of one head always fit, and more is never asked for than all maps need. */
export const mapBytes = 2 ** 26;

/** Row blocks [first, first + rows) of the map. */
export interface Strip {
  first: number;
  rows: number;
}

interface MapPlan {
  blocks: number;
  rowBase: number;
  rowBlocks: number;
  /** u32s of the buffer. */
  entries: number;
  /** Row blocks of a strip, and heads at a time. */
  stripRows: number;
  batch: number;
}

function planMap(geometry: Geometry, block: number, bytes: number): MapPlan {
  const { heads, past, keys, chunkRows } = geometry;
  const blocks = Math.ceil(keys / block);
  const [rowBase, rowBlocks] = blocksOf([past, keys], block);
  const chunkBlocks = Math.min(rowBlocks, Math.ceil(chunkRows / block) + 1);
  const entries = Math.max(chunkBlocks * blocks, Math.min(bytes / 4, heads * rowBlocks * blocks));
  const stripRows = Math.min(rowBlocks, Math.floor(entries / blocks));
  const batch =
    stripRows < rowBlocks ? 1 : Math.max(1, Math.min(heads, Math.floor(entries / (rowBlocks * blocks))));
  return { blocks, rowBase, rowBlocks, entries, stripRows, batch };
}

type Scratch = 'key_means' | 'query_means' | 'map' | 'map_bins' | 'map_picks';

export function queryAwareSizes(geometry: Geometry, block: number, bytes = mapBytes): Sizes<Scratch> {
  const { heads, kvHeads, headDim } = geometry;
  const plan = planMap(geometry, block, bytes);
  const mass = massScratch(plan.batch);
  return {
    key_means: kvHeads * plan.blocks * headDim * 4,
    query_means: heads * plan.rowBlocks * headDim * 4,
    map: plan.entries * 4,
    map_bins: mass.bins * 4,
    map_picks: mass.picks * 4,
  };
}

/** Operations of pooling. Those of the map are left out, as for pacing: most heads have none. */
export function queryAwareFlops({ heads, kvHeads, headDim, keys, rows }: Geometry): number {
  return (rows * heads + keys * kvHeads) * headDim;
}

export interface QueryAware {
  /** [KV head][block][dim] f32, once `poolKeys` is recorded. */
  readonly keyMeans: GPUBuffer;
  readonly map: GPUBuffer;
  poolQueries(recorder: Recorder, rows: RowsInput): void;
  poolKeys(recorder: Recorder, caches: readonly CacheRange[]): void;
  /**
   * Searches the maps of heads whose `aware` is not 0, and leaves thresholds [head] vec2u (smallest bits of an active
   * entry, number). `visit` records what needs 64-row blocks [first, first + rowBlocks) with their strip in `map`, for
   * query heads [headBase, headBase + batch): all of the prompt's, once each.
   */
  search(recorder: Recorder, buffers: { aware: GPUBuffer; thresholds: GPUBuffer }, visit: VisitRows): void;
  /** Makes the strips of the map that rows at `position` need, a batch of heads at a time. */
  rows(
    recorder: Recorder,
    aware: GPUBuffer,
    rows: { position: number; count: number },
    each: (heads: { headBase: number; batch: number }, strip: Strip) => void,
  ): void;
  destroy(): void;
}

export type VisitRows = (
  heads: { headBase: number; batch: number },
  rows: { first: number; rowBlocks: number },
  strip: Strip,
) => void;

export async function createQueryAware(
  gpu: Gpu,
  geometry: Geometry,
  { block, gamma, bytes = mapBytes }: { block: number; gamma: number; bytes?: number },
): Promise<QueryAware> {
  const [pool, map, mass] = await Promise.all([
    gpu.pipelines.get(flexPool),
    gpu.pipelines.get(flexMap),
    gpu.pipelines.get(flexMass),
  ]);
  const { heads, kvHeads, headDim, past, keys, keyStride } = geometry;
  const group = heads / kvHeads;
  const plan = planMap(geometry, block, bytes);
  const { blocks, rowBase, rowBlocks, stripRows } = plan;
  const buffers = allocateAll(gpu, queryAwareSizes(geometry, block, bytes));
  const whole = stripRows === rowBlocks;

  function recordStrip(recorder: Recorder, aware: GPUBuffer, headBase: number, batch: number, strip: Strip) {
    recordFlexMap(
      recorder,
      map,
      { ...buffers, aware },
      { headBase, batch, group, headDim, ...strip, rowBase, rowBlocks, blocks },
      gpu.pacer.dispatchFlops,
    );
  }

  /** Strip that the positions [from, to) lie in. */
  function stripOf(from: number, to: number): Strip {
    const [first, rows] = blocksOf([from, to], block);
    return { first, rows };
  }

  function* strips(): Generator<Strip> {
    for (let first = 0; first < rowBlocks; first += stripRows)
      yield { first: rowBase + first, rows: Math.min(stripRows, rowBlocks - first) };
  }

  return {
    keyMeans: buffers.key_means,
    map: buffers.map,
    poolQueries(recorder, { first, count, queries, queryStride }) {
      recordFlexPool(
        recorder,
        pool,
        { x: queries, means: buffers.query_means },
        {
          heads,
          headBase: 0,
          headDim,
          block,
          count,
          position: past + first,
          stride: queryStride,
          range: [past, keys],
        },
      );
    },
    poolKeys(recorder, caches) {
      for (const range of caches)
        recordFlexPool(
          recorder,
          pool,
          { x: range.k, means: buffers.key_means },
          {
            heads: range.heads / group,
            headBase: range.kvHeadBase,
            headDim,
            block,
            count: keys,
            position: 0,
            stride: keyStride,
            range: [0, keys],
          },
        );
    },
    search(recorder, { aware, thresholds }, visit) {
      const all = { entries: buffers.map, gate: aware, bins: buffers.map_bins, picks: buffers.map_picks };
      for (let headBase = 0; headBase < heads; headBase += plan.batch) {
        const batch = Math.min(plan.batch, heads - headBase);
        recorder.clear(buffers.map_bins);
        for (let digit = 0; digit <= massDigits; digit++) {
          for (const strip of digit === massDigits ? [{ first: 0, rows: 0 }] : strips()) {
            if (strip.rows > 0 && (digit === 0 || !whole))
              recordStrip(recorder, aware, headBase, batch, strip);
            const entries = strip.rows * blocks;
            recordFlexMass(
              recorder,
              mass,
              { ...all, found: thresholds },
              {
                lists: batch,
                firstLists: batch,
                secondBase: 0,
                stride: entries,
                entries,
                gated: true,
                headBase,
                foundBase: headBase,
                target: massTarget(gamma, rowBlocks),
              },
              digit,
            );
          }
        }
        const range = { headBase, batch };
        if (whole) {
          visit(range, { first: 0, rowBlocks: Math.ceil((keys - past) / 64) }, stripOf(past, keys));
          continue;
        }
        // Unaligned rows touch a block more than they are long.
        const step = ((stripRows - 1) * block) / 64;
        for (let first = 0; past + first * 64 < keys; first += step) {
          const from = past + first * 64;
          const to = Math.min(keys, from + step * 64);
          const strip = stripOf(from, to);
          recordStrip(recorder, aware, headBase, batch, strip);
          visit(range, { first, rowBlocks: Math.ceil((to - from) / 64) }, strip);
        }
      }
    },
    rows(recorder, aware, { position, count }, each) {
      const strip = stripOf(position, position + count);
      const most = Math.max(1, Math.min(heads, Math.floor(plan.entries / (strip.rows * blocks))));
      for (let headBase = 0; headBase < heads; headBase += most) {
        const batch = Math.min(most, heads - headBase);
        recordStrip(recorder, aware, headBase, batch, strip);
        each({ headBase, batch }, strip);
      }
    },
    destroy: () => {
      releaseAll(gpu, buffers);
    },
  };
}
