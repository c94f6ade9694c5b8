/**
 * `minference`: for each layer and head the pattern and budget that a configuration says (MInference, arXiv 2407.02490,
 * section 3.2; its `configs/*.json`). Sizes are tokens. With `budget=classic` they cover what the original covers and are
 * taken as they stand, no more than the prompt; with `scaled` diagonals are taken in bands of 64 (see verticalSlash.ts).
 *
 * Heads of one kind share a pattern with budgets by head. Where a layer has several kinds, each builds its index for all
 * heads, and `merge_index` takes each head's own; kinds that no head has cost nothing.
 */
import type { Gpu } from '../gpu/device';
import { mergeIndex, recordMergeIndex } from '../kernels/mergeIndex';
import { aShape } from './aShape';
import { blockSparse } from './blockSparse';
import { allocateAll, releaseAll } from './buffers';
import { densePattern } from './dense';
import { parseHeadConfig, type HeadEntry } from './headConfig';
import { planRanked, tooLong, tooShort } from './ranked';
import { choice, readSettings, whole, type PatternFactory, type PatternPlan } from './settings';
import { denseAbove, neverDense, rowBlocksOf } from './tiles';
import type { TileIndex } from './tileIndex';
import type { Geometry, Pattern, RowsInput, Settings } from './types';

function readMinference(set: Settings, { layers, rows }: Geometry) {
  const classic = set.budget !== 'scaled';
  const settings = readSettings('minference', set, {
    config: { kind: 'text', initial: '[]' },
    budget: choice(['classic', 'scaled'], 'classic'),
    // The original's -1, every layer sparse, is 0 here.
    startingLayer: whole(0, -1, layers, "the model's layers"),
    lastQ: whole(64, 1, 256),
    // As in vertical_slash: 'classic' follows the original, which has no fallback.
    fallback: choice(['auto', 'off'], classic ? 'off' : 'auto'),
  });
  settings.lastQ = Math.min(settings.lastQ, rows);
  return settings;
}

type MinferenceSettings = ReturnType<typeof readMinference>;

/** A pattern for all heads, and which heads follow it. */
interface Part {
  plan: PatternPlan;
  /** [layer][head], row-major. */
  owns: boolean[];
}

function keyOf({ type, verticalSize, slashSize }: HeadEntry): string {
  return type === 'stream_llm' ? `${type} ${verticalSize} ${slashSize}` : type;
}

function rankedPlan(
  entries: readonly HeadEntry[],
  settings: MinferenceSettings,
  geometry: Geometry,
): PatternPlan {
  const { keys } = geometry;
  const classic = settings.budget === 'classic';
  const own = new Set(entries.filter(({ type }) => type === 'vertical_and_slash'));
  // As in vertical_slash: what is forced must fit.
  const budgets = entries.map(({ verticalSize, slashSize }): [number, number] =>
    classic
      ? [Math.min(keys, Math.max(30, verticalSize)), Math.min(keys, Math.max(50, slashSize))]
      : [Math.min(keys, verticalSize), Math.max(2, Math.ceil(Math.min(keys, slashSize) / 64))],
  );
  const most = (list: 0 | 1): number =>
    entries.reduce((sum, entry, at) => (own.has(entry) ? Math.max(sum, budgets[at]?.[list] ?? 0) : sum), 0);
  const capacities: [number, number] = [most(0), most(1)];
  const kept = budgets.map(([columns, diagonals]): [number, number] => [
    Math.min(columns, capacities[0]),
    Math.min(diagonals, capacities[1]),
  ]);
  return planRanked('vertical_slash', geometry, {
    settings: {},
    note: null,
    ranking: {
      tailRows: settings.lastQ,
      columns: classic
        ? { forced: 30, openFrom: 0, openTo: keys }
        : { forced: 0, openFrom: 64, openTo: Math.max(64, keys - 128) },
      diagonals: classic ? { pool: 1, forced: 100 } : { pool: 64, forced: 128 },
      budgets: capacities,
      byHead: kept,
    },
    denseAbove: settings.fallback === 'auto' ? denseAbove : neverDense,
    last: 0,
    index: classic ? 'slashes' : 'bands',
  });
}

function planOf(
  entry: HeadEntry,
  all: readonly HeadEntry[],
  settings: MinferenceSettings,
  geometry: Geometry,
) {
  const { keys } = geometry;
  const { fallback } = settings;
  switch (entry.type) {
    case 'vertical_and_slash':
      return rankedPlan(all, settings, geometry);
    case 'stream_llm': {
      const init = Math.min(keys, entry.verticalSize);
      const local = Math.min(keys, Math.max(1, entry.slashSize));
      return aShape.plan({ init, local, fallback }, geometry);
    }
    case 'block_sparse':
      return blockSparse.plan({ budget: 'classic', fallback: 'off' }, geometry);
  }
}

/** Heads in layers below `startingLayer` are dense and in no part. */
function partsOf(settings: MinferenceSettings, geometry: Geometry): Part[] {
  const { layers, heads } = geometry;
  const entries = parseHeadConfig(settings.config, { layers, heads }).flat();
  const parts = new Map<string, Part>();
  entries.forEach((entry, at) => {
    if (Math.floor(at / heads) < settings.startingLayer) return;
    const key = keyOf(entry);
    let part = parts.get(key);
    if (!part) {
      part = { plan: planOf(entry, entries, settings, geometry), owns: entries.map(() => false) };
      parts.set(key, part);
    }
    part.owns[at] = true;
  });
  return [...parts.values()];
}

export const minference: PatternFactory = {
  plan(set, geometry) {
    const settings = readMinference(set, geometry);
    const parts = partsOf(settings, geometry);
    const short = settings.fallback === 'off' ? null : tooShort(geometry);
    const long = settings.budget === 'scaled' ? tooLong(geometry) : null;
    const everyLayer = settings.startingLayer >= geometry.layers;
    const note = long ?? short ?? (everyLayer ? 'Dense was used: no layer is left to be sparse.' : null);
    const bytes = parts.reduce((sum, { plan }) => sum + plan.bytes, 0);
    return {
      settings: { ...settings },
      note,
      bytes,
      create: (gpu) => createMinference(gpu, geometry, settings, parts, bytes),
    };
  },
};

async function createMinference(
  gpu: Gpu,
  geometry: Geometry,
  settings: MinferenceSettings,
  parts: readonly Part[],
  bytes: number,
): Promise<Pattern> {
  const patterns: Pattern[] = [];
  try {
    for (const { plan } of parts) {
      // A part that would be nearly dense is: `note` says so, and its lists then say DENSE.
      patterns.push(plan.note === null ? await plan.create(gpu, geometry) : densePattern(geometry));
    }
  } catch (error) {
    for (const pattern of patterns) pattern.destroy();
    throw error;
  }
  const merge = await Merge.create(gpu, geometry, parts, patterns);
  const inLayer = (layer: number): number[] =>
    parts.flatMap(({ owns }, at) =>
      owns.slice(layer * geometry.heads, (layer + 1) * geometry.heads).includes(true) ? [at] : [],
    );
  return {
    name: 'minference',
    settings: { ...settings },
    tailRows: Math.max(0, ...patterns.map(({ tailRows }) => tailRows)),
    // The merged index of layers with several kinds comes on top, no larger than the largest of theirs.
    indexBytes: bytes,
    prepareFlops: patterns.reduce((sum, { prepareFlops }) => sum + prepareFlops, 0),
    prepareLayer(recorder, input) {
      for (const at of inLayer(input.layer)) patterns[at]?.prepareLayer(recorder, input);
    },
    indexRows(recorder, layer, rows) {
      const present = inLayer(layer);
      const [first] = present;
      if (first === undefined) return null;
      if (present.length === 1) return patterns[first]?.indexRows(recorder, layer, rows) ?? null;
      return merge.rows(recorder, layer, rows, present);
    },
    statistics: async () => {
      const each = await Promise.all(patterns.map((pattern) => pattern.statistics()));
      const totalHeads = geometry.layers * geometry.heads;
      const headDensity = Array.from({ length: totalHeads }, (_, at) => {
        const part = parts.findIndex(({ owns }) => owns[at]);
        return each[part]?.headDensity[at] ?? 1;
      });
      const headDense = headDensity.map((_, at) => {
        const part = parts.findIndex(({ owns }) => owns[at]);
        return part < 0 || parts[part]?.plan.note !== null || each[part]?.headDense?.[at] === true;
      });
      return {
        density: headDensity.reduce((sum, value) => sum + value, 0) / totalHeads,
        headDensity,
        denseHeads: headDense.filter(Boolean).length,
        headDense,
        totalHeads,
      };
    },
    destroy() {
      for (const pattern of patterns) pattern.destroy();
      merge.destroy();
    },
  };
}

type MergeBuffers = Record<'parts' | 'counts' | 'tiles' | 'columns' | 'dense_counts', GPUBuffer>;

/** The merged index of layers whose heads follow several parts; made when the first such layer is met. */
class Merge {
  private buffers: MergeBuffers | null = null;
  private capacities = { tileCapacity: 0, columnCapacity: 0 };
  private readonly retired: MergeBuffers[] = [];

  private constructor(
    private readonly gpu: Gpu,
    private readonly geometry: Geometry,
    private readonly parts: readonly Part[],
    private readonly patterns: readonly Pattern[],
    private readonly pipeline: Awaited<ReturnType<typeof pipelineOf>>,
  ) {}

  static async create(gpu: Gpu, geometry: Geometry, parts: readonly Part[], patterns: readonly Pattern[]) {
    return new Merge(gpu, geometry, parts, patterns, await pipelineOf(gpu));
  }

  rows(
    recorder: Parameters<Pattern['indexRows']>[0],
    layer: number,
    rows: RowsInput,
    present: readonly number[],
  ): TileIndex {
    const indexes = present.map((at) => ({
      at,
      index: this.patterns[at]?.indexRows(recorder, layer, rows) ?? null,
    }));
    const buffers = this.roomFor(indexes.flatMap(({ index }) => index ?? []));
    const rowBlocks = rowBlocksOf(rows.count);
    const { heads } = this.geometry;
    for (const { at, index } of indexes) {
      recordMergeIndex(
        recorder,
        this.pipeline,
        {
          parts: buffers.parts,
          counts: index?.counts ?? buffers.dense_counts,
          // A dense part's lists are not read; any other buffer will do.
          tiles: index?.tiles ?? buffers.dense_counts,
          columns: index?.columns ?? buffers.dense_counts,
          merged_counts: buffers.counts,
          merged_tiles: buffers.tiles,
          merged_columns: buffers.columns,
        },
        {
          layer,
          heads,
          rowBlocks,
          part: at,
          tileCapacity: index?.tileCapacity ?? 0,
          columnCapacity: index?.columnCapacity ?? 0,
          merged: this.capacities,
        },
      );
    }
    const { counts, tiles, columns } = buffers;
    return { counts, tiles, columns, ...this.capacities, rowBlocks };
  }

  destroy(): void {
    for (const buffers of [...this.retired, ...(this.buffers ? [this.buffers] : [])])
      releaseAll(this.gpu, buffers);
    this.retired.length = 0;
    this.buffers = null;
  }

  private roomFor(indexes: readonly TileIndex[]): MergeBuffers {
    const tileCapacity = Math.max(0, ...indexes.map((index) => index.tileCapacity));
    const columnCapacity = Math.max(0, ...indexes.map((index) => index.columnCapacity));
    const { capacities } = this;
    if (
      this.buffers &&
      tileCapacity <= capacities.tileCapacity &&
      columnCapacity <= capacities.columnCapacity
    )
      return this.buffers;
    this.capacities = {
      tileCapacity: Math.max(tileCapacity, capacities.tileCapacity),
      columnCapacity: Math.max(columnCapacity, capacities.columnCapacity),
    };
    // Work that is recorded may still name the smaller buffers.
    if (this.buffers) this.retired.push(this.buffers);
    const { heads, layers, chunkRows } = this.geometry;
    const blocks = heads * rowBlocksOf(chunkRows);
    const sizes = {
      parts: layers * heads * 4,
      counts: blocks * 8,
      tiles: blocks * this.capacities.tileCapacity * 4,
      columns: blocks * this.capacities.columnCapacity * 4,
      dense_counts: blocks * 8,
    };
    const buffers = allocateAll(this.gpu, sizes);
    const owner = Uint32Array.from({ length: layers * heads }, (_, at) =>
      this.parts.findIndex(({ owns }) => owns[at]),
    );
    this.gpu.device.queue.writeBuffer(buffers.parts, 0, owner);
    this.gpu.device.queue.writeBuffer(buffers.dense_counts, 0, new Uint32Array(blocks * 2).fill(0xffffffff));
    this.buffers = buffers;
    return buffers;
  }
}

function pipelineOf(gpu: Gpu) {
  return gpu.pipelines.get(mergeIndex);
}
