/** From chosen columns and diagonals to the tile index of a chunk: a plan once a layer, then rows. */
import type { Gpu } from '../gpu/device';
import type { Binding, Recorder } from '../gpu/recorder';
import { bandIndex, recordBandIndex, type IndexShape } from '../kernels/bandIndex';
import { bandPlan, maskWords, recordBandPlan, type PlanShape } from '../kernels/bandPlan';
import { recordSlashIndex, slashIndex } from '../kernels/slashIndex';
import { recordSlashPlan, slashPlan } from '../kernels/slashPlan';
import { allocateAll, releaseAll } from './buffers';
import type { TileIndex } from './tileIndex';
import { causalTiles, rowBlocksOf } from './tiles';
import type { Geometry } from './types';

export interface IndexerOptions {
  geometry: Geometry;
  /** Room of a head in `chosen`: columns, then bands or diagonals. */
  capacities: readonly [number, number];
  /** Row blocks of a chunk at most. */
  rowBlocks: number;
  /** A head that would compute more than this share of the causal tiles is dense. */
  denseAbove: number;
  /** Rows at the end of the prompt whose row blocks are dense. */
  last: number;
}

export interface IndexerInputs {
  chosen: GPUBuffer;
  chosen_counts: GPUBuffer;
  /** [layers][heads] vec2u */
  statistics: GPUBuffer;
}

/** `following`: calls for as many rows each that follow directly. */
interface IndexedRows {
  first: number;
  count: number;
  following?: number;
}

export interface Indexer {
  plan(recorder: Recorder, layer: number): void;
  rows(recorder: Recorder, layer: number, rows: IndexedRows): TileIndex;
  destroy(): void;
}

/** Tiles of one row block at most: three a band where row blocks are not aligned, and the first; or all. */
export function bandTiles({ geometry, capacities }: IndexerOptions): number {
  return Math.min(3 * capacities[1] + 1, Math.ceil(geometry.keys / 64));
}

/** At most one new tile a diagonal; they do not overlap, and end 63 keys after the row block at the latest. */
export function slashTiles({ geometry, capacities }: IndexerOptions): number {
  return Math.min(capacities[1], Math.ceil(geometry.keys / 64) + 2);
}

function indexSizes(options: IndexerOptions, tileCapacity: number) {
  const blocks = options.geometry.heads * options.rowBlocks;
  return {
    counts: blocks * 8,
    tiles: blocks * tileCapacity * 4,
    columns: blocks * options.capacities[0] * 4,
  };
}

/** Bytes up to which indexes of several chunks are built at once: each dispatch, and its pass, takes some microseconds. */
const mostGroupBytes = 2 ** 25;

/** Chunks whose index is built at once, and distances of theirs in counts (pairs), tiles and columns; bindings begin there. */
function groupOf(options: IndexerOptions): { chunks: number; strides: [number, number, number] } {
  const { counts, tiles, columns } = indexSizes(options, bandTiles(options));
  const [pairs, tileStride, columnStride] = [counts / 8, tiles / 4, columns / 4].map(
    (count) => Math.ceil(count / 64) * 64,
  );
  const strides: [number, number, number] = [pairs ?? 0, tileStride ?? 0, columnStride ?? 0];
  const bytes = strides[0] * 8 + strides[1] * 4 + strides[2] * 4;
  const { rows, chunkRows } = options.geometry;
  return {
    chunks: Math.max(1, Math.min(Math.ceil(rows / chunkRows), Math.floor(mostGroupBytes / bytes))),
    strides,
  };
}

export function bandSizes(options: IndexerOptions) {
  const { heads, keys } = options.geometry;
  const { chunks, strides } = groupOf(options);
  return {
    counts: chunks * strides[0] * 8,
    tiles: chunks * strides[1] * 4,
    columns: chunks * strides[2] * 4,
    bands: heads * maskWords(keys) * 4,
  };
}

export function slashSizes(options: IndexerOptions) {
  const { heads } = options.geometry;
  return {
    ...indexSizes(options, slashTiles(options)),
    chain: heads * options.capacities[1] * 4,
    chain_counts: heads * 4,
  };
}

function planShape(options: IndexerOptions, layer: number): PlanShape & { keys: number } {
  const { geometry } = options;
  return {
    heads: geometry.heads,
    layer,
    keys: geometry.keys,
    capacities: options.capacities,
    past: geometry.past,
    rowBlocks: rowBlocksOf(geometry.rows),
    causalTiles: causalTiles(geometry),
    denseAbove: options.denseAbove,
  };
}

function indexShape(
  options: IndexerOptions,
  layer: number,
  rows: { first: number; count: number },
  tileCapacity: number,
): IndexShape & { chosenColumns: number } {
  const { geometry, capacities } = options;
  return {
    heads: geometry.heads,
    layer,
    keys: geometry.keys,
    rowBlocks: rowBlocksOf(rows.count),
    rowPosition: geometry.past + rows.first,
    tileCapacity,
    columnCapacity: capacities[0],
    chosenColumns: capacities[0],
  };
}

export async function createBandIndexer(
  gpu: Gpu,
  options: IndexerOptions,
  inputs: IndexerInputs,
): Promise<Indexer> {
  const [plan, index] = await Promise.all([gpu.pipelines.get(bandPlan), gpu.pipelines.get(bandIndex)]);
  const own = allocateAll(gpu, bandSizes(options));
  const buffers = { ...inputs, ...own };
  const tileCapacity = bandTiles(options);
  const { chunks: mostChunks, strides } = groupOf(options);
  // First rows of the chunks whose index is built and not yet asked for, in order; the next one's number in the group.
  let built: number[] = [];
  let next = 0;
  // Where there is no room for any, the whole buffer stands in.
  const part = (buffer: GPUBuffer, bytes: number): Binding =>
    bytes === 0 ? buffer : { buffer, offset: next * bytes, size: bytes };
  return {
    plan: (recorder, layer) => {
      built = [];
      recordBandPlan(recorder, plan, buffers, planShape(options, layer));
    },
    rows: (recorder, layer, rows) => {
      const shape = indexShape(options, layer, rows, tileCapacity);
      if (built[0] !== rows.first) {
        const chunks = Math.min(mostChunks, 1 + (rows.following ?? 0));
        const denseFrom = options.last > 0 ? options.geometry.keys - options.last : 0xffffffff;
        recordBandIndex(recorder, index, buffers, { ...shape, denseFrom, chunks, strides });
        built = Array.from({ length: chunks }, (_, chunk) => rows.first + chunk * rows.count);
        next = 0;
      }
      const { counts, tiles, columns } = own;
      const parts = {
        counts: part(counts, strides[0] * 8),
        tiles: part(tiles, strides[1] * 4),
        columns: part(columns, strides[2] * 4),
      };
      built.shift();
      next++;
      return tileIndex(parts, shape);
    },
    destroy: () => {
      releaseAll(gpu, own);
    },
  };
}

export async function createSlashIndexer(
  gpu: Gpu,
  options: IndexerOptions,
  inputs: IndexerInputs,
): Promise<Indexer> {
  const [plan, index] = await Promise.all([gpu.pipelines.get(slashPlan), gpu.pipelines.get(slashIndex)]);
  const own = allocateAll(gpu, slashSizes(options));
  const buffers = { ...inputs, ...own };
  const tileCapacity = slashTiles(options);
  return {
    plan: (recorder, layer) => {
      recordSlashPlan(recorder, plan, buffers, planShape(options, layer));
    },
    rows: (recorder, layer, rows) => {
      const shape = indexShape(options, layer, rows, tileCapacity);
      recordSlashIndex(recorder, index, buffers, { ...shape, slashCapacity: options.capacities[1] });
      return tileIndex(own, shape);
    },
    destroy: () => {
      releaseAll(gpu, own);
    },
  };
}

function tileIndex(
  { counts, tiles, columns }: Pick<TileIndex, 'counts' | 'tiles' | 'columns'>,
  shape: IndexShape,
): TileIndex {
  const { tileCapacity, columnCapacity, rowBlocks } = shape;
  return { counts, tiles, columns, tileCapacity, columnCapacity, rowBlocks };
}
