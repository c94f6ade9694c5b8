/**
 * What sparse attention costs each head, on sampled rows of a prefill: the share of the dense softmax mass that lies on
 * keys of its index (attention recall, MInference section 3.1) and the L2 error of its output against dense attention
 * over the same queries, keys and values. Both are of this layer's own inputs: in a sparse run they carry what earlier
 * layers left out already; beside a dense run they do not.
 */
import type { Geometry, LayerInput, Pattern, RowsInput } from '../attention/pattern';
import { allocateAll, releaseAll } from '../attention/buffers';
import type { TileIndex } from '../attention/tileIndex';
import type { CacheRange } from '../attention/types';
import type { Gpu } from '../gpu/device';
import type { Binding, Recorder } from '../gpu/recorder';
import { readBuffer } from '../gpu/recorder';
import {
  mergeSplits,
  mergeSplitsSpec,
  recordMergeSplits,
  splitBytes,
  splitsFor,
} from '../kernels/mergeSplits';
import { recordSampledError, sampledError, sumValues } from '../kernels/sampledError';
import { recordSampledMass, sampledMass } from '../kernels/sampledMass';
import { recordTileAttention, tileAttention, tileAttentionSpec } from '../kernels/tileAttention';
import { mapScale, recordTileMap, tileMap, type MapScale } from '../kernels/tileMap';
import type { PrefillObserver } from './prefill';

/** Row blocks of 64 that are sampled at most. */
export const sampledBlocks = 16;

/**
 * Row blocks (of 64 rows, counted from the prefill's first row) that are measured: all of them up to `most`, else `most`
 * spread evenly, the last block of the prompt among them, as it holds the question.
 */
export function sampledRowBlocks(rows: number, most = sampledBlocks): number[] {
  const blocks = Math.ceil(rows / 64);
  const count = Math.min(blocks, most);
  return Array.from({ length: count }, (_, at) => Math.floor(((at + 1) * blocks) / count) - 1);
}

/** Positions of the rows that `sampledRowBlocks` names. */
export function sampledPositions({ rows, past }: Pick<Geometry, 'rows' | 'past'>): number[] {
  return sampledRowBlocks(rows).flatMap((block) =>
    Array.from({ length: Math.min(64, rows - block * 64) }, (_, row) => past + block * 64 + row),
  );
}

/** What one pattern did on the sampled rows; layer by head, row-major. */
export interface HeadFigures {
  /** Mean over rows of the share of dense softmax mass on keys that the index covers, 0..1. */
  recall: number[];
  /** L2 norm of sparse minus dense output over that of dense, over all sampled rows. */
  outputError: number[];
  /** Tiles computed over causal tiles, columns in groups of 64; of the sampled rows alone. */
  density: number[];
}

/** Bytes that the maps of all heads may take; they get coarser instead. */
const mapBytes = 2 ** 26;

/** The scale of maps of every head for a prompt: 128 cells a side where there is room for as many. */
export function mapScaleFor({ rows, layers, heads }: Geometry): MapScale {
  let most = 128;
  while (most > 8 && layers * heads * most ** 2 * 4 > mapBytes) most /= 2;
  return mapScale(Math.ceil(rows / 64), most);
}

/** A part of a cache range whose heads one dispatch takes. */
type HeadPart = Pick<CacheRange, 'headBase' | 'heads' | 'k' | 'v'>;

type Sizes = ReturnType<typeof sizesOf>;

function sizesOf(
  { heads, layers, headDim, chunkRows, keyStride }: Geometry,
  sets: number,
  scale: MapScale | null,
) {
  const parts = splitBytes(headDim, 4);
  return {
    // Row blocks keep their place in the chunk, as the attention kernel writes them.
    measured_sparse: chunkRows * heads * headDim * 4,
    measured_dense: chunkRows * heads * headDim * 4,
    sparse_masses: heads * 64 * 8,
    dense_masses: splitsFor(1, heads, keyStride) * heads * 64 * 8,
    // Dense outputs of a row block whose keys are split.
    dense_parts: parts.parts,
    dense_stats: parts.stats,
    head_sums: sets * layers * heads * sumValues * 4,
    tile_maps: scale ? layers * heads * scale.cells ** 2 * 4 : 16,
    no_lists: 16,
  };
}

/**
 * Give it to `prefill` as `observer`. Without candidates it measures the index that the run itself uses; with them, each
 * candidate's index for the run's queries and keys (of a dense run, for a search). Candidates stay their owner's.
 * With a `scale` (of a prompt without a past) it also keeps a map of the tiles that each head of the run computes.
 */
export class HeadMeasure implements PrefillObserver {
  readonly tailRows: readonly number[];
  readonly layerFlops: number;
  private readonly blocks: readonly number[];
  private readonly sets: number;

  private constructor(
    private readonly gpu: Gpu,
    private readonly geometry: Geometry,
    private readonly candidates: readonly Pattern[] | null,
    private readonly scale: MapScale | null,
    private readonly buffers: Record<keyof Sizes, GPUBuffer>,
    private readonly pipelines: Awaited<ReturnType<typeof pipelinesOf>>,
  ) {
    this.blocks = sampledRowBlocks(geometry.rows);
    this.sets = candidates?.length ?? 1;
    this.tailRows = candidates?.map((pattern) => Math.min(pattern.tailRows, geometry.rows)) ?? [];
    const walks = this.blocks.reduce((sum, block) => sum + 6 * 64 * (geometry.past + block * 64 + 64), 0);
    const prepare = candidates?.reduce((sum, pattern) => sum + pattern.prepareFlops, 0) ?? 0;
    this.layerFlops = walks * geometry.headDim * geometry.heads * (1 + this.sets) + prepare;
  }

  static async create(
    gpu: Gpu,
    geometry: Geometry,
    candidates: readonly Pattern[] | null = null,
    scale: MapScale | null = null,
  ): Promise<HeadMeasure> {
    const pipelines = await pipelinesOf(gpu, geometry.headDim);
    const buffers = allocateAll(gpu, sizesOf(geometry, candidates?.length ?? 1, scale));
    return new HeadMeasure(gpu, geometry, candidates, scale, buffers, pipelines);
  }

  get observesRows(): boolean {
    return this.candidates?.some((pattern) => pattern.observeRows !== undefined) ?? false;
  }

  observeRows(recorder: Recorder, layer: number, rows: RowsInput): void {
    for (const pattern of this.candidates ?? []) pattern.observeRows?.(recorder, layer, rows);
  }

  async prepareLayer(
    recorder: Recorder,
    layer: number,
    caches: LayerInput['caches'],
    tail: (rows: number) => Binding,
  ): Promise<void> {
    for (const [at, pattern] of (this.candidates ?? []).entries()) {
      pattern.prepareLayer(recorder, { layer, caches, tail: tail(this.tailRows[at] ?? 0) });
      await recorder.pace();
    }
  }

  async rows(recorder: Recorder, layer: number, rows: RowsInput, index: TileIndex | null): Promise<void> {
    const first = rows.first / 64;
    if (this.scale) this.map(recorder, layer, rows, index, this.scale);
    const blocks = this.blocks.filter((block) => block >= first && block * 64 < rows.first + rows.count);
    if (blocks.length === 0) return;
    const indexes = this.candidates?.map((pattern) => pattern.indexRows(recorder, layer, rows)) ?? [index];
    for (const block of blocks) await this.block(recorder, layer, rows, block - first, indexes);
  }

  /** One read-back, after the run: figures of each candidate, or of the run alone. */
  async read(): Promise<HeadFigures[]> {
    const { layers, heads, rows, past } = this.geometry;
    const sampledRows = this.blocks.reduce((sum, block) => sum + Math.min(64, rows - block * 64), 0);
    const causal = this.blocks.reduce((sum, block) => sum + causalTilesOf(past, rows, block), 0);
    const { head_sums: sums } = this.buffers;
    const size = this.sets * layers * heads * sumValues * 4;
    const all = new Float32Array(await readBuffer(this.gpu, sums, 0, size));
    return Array.from({ length: this.sets }, (_, set) => {
      const column = (value: number): number[] =>
        Array.from(
          { length: layers * heads },
          (_head, head) => all[(set * layers * heads + head) * sumValues + value] ?? NaN,
        );
      const norms = column(2);
      return {
        // Sums of the same terms in another order may differ in the last bit.
        recall: column(0).map((mass) => Math.min(1, mass / sampledRows)),
        // Values that are all zero leave nothing to be wrong about.
        outputError: column(1).map((error, head) => {
          const norm = norms[head] ?? NaN;
          return error === 0 ? 0 : Math.sqrt(error / norm);
        }),
        density: column(3).map((tiles) => tiles / causal),
      };
    });
  }

  /** Maps of the run's index, u32 [layer][head][cells][cells] as `tile_map` leaves them. After the run. */
  async readMaps({ cells }: MapScale): Promise<Uint32Array> {
    const { layers, heads } = this.geometry;
    const bytes = layers * heads * cells ** 2 * 4;
    return new Uint32Array(await readBuffer(this.gpu, this.buffers.tile_maps, 0, bytes));
  }

  destroy(): void {
    releaseAll(this.gpu, this.buffers);
  }

  private map(
    recorder: Recorder,
    layer: number,
    rows: RowsInput,
    index: TileIndex | null,
    scale: MapScale,
  ): void {
    const { heads } = this.geometry;
    recordTileMap(
      recorder,
      this.pipelines.map,
      { ...this.lists(index), maps: this.buffers.tile_maps },
      { ...scale, rows: rows.count, firstBlock: rows.first / 64, heads, firstMap: layer * heads, index },
      'measure',
    );
  }

  private lists(index: TileIndex | null): Record<'counts' | 'tiles' | 'columns', Binding> {
    const { no_lists: none } = this.buffers;
    return index ?? { counts: none, tiles: none, columns: none };
  }

  private async block(
    recorder: Recorder,
    layer: number,
    rows: RowsInput,
    rowBlock: number,
    indexes: readonly (TileIndex | null)[],
  ): Promise<void> {
    const { buffers, geometry } = this;
    const { heads, headDim, layers, past } = geometry;
    const dense = { masses: buffers.dense_masses, out: buffers.measured_dense };
    const sparse = { masses: buffers.sparse_masses, out: buffers.measured_sparse };
    // Without an index a pattern's attention is this very dense one, which stays in one part as an index does.
    const whole = indexes.includes(null);
    const splits = whole ? 1 : splitsFor(1, heads, past + rows.first + rowBlock * 64 + 64);
    await this.walk(recorder, rows, rowBlock, null, dense, splits);
    for (const [set, index] of indexes.entries()) {
      if (index) await this.walk(recorder, rows, rowBlock, index, sparse, 1);
      const measured = index ? sparse : dense;
      recordSampledError(
        recorder,
        this.pipelines.error,
        {
          sparse_masses: measured.masses,
          dense_masses: dense.masses,
          sparse_out: measured.out,
          dense_out: dense.out,
          counts: index?.counts ?? buffers.no_lists,
          sums: buffers.head_sums,
        },
        {
          rows: rows.count,
          rowBlock,
          causalTiles: causalTilesOf(past + rows.first, rows.count, rowBlock),
          heads,
          headDim,
          firstSum: (set * layers + layer) * heads,
          index,
          splits,
        },
        'measure',
      );
      await recorder.pace();
    }
  }

  /** Masses and outputs of a row block's heads, over an index or all causal keys, these perhaps in parts. */
  private async walk(
    recorder: Recorder,
    rows: RowsInput,
    rowBlock: number,
    index: TileIndex | null,
    to: { masses: GPUBuffer; out: GPUBuffer },
    splits: number,
  ): Promise<void> {
    const { geometry, pipelines } = this;
    const { dense_parts: parts, dense_stats: stats } = this.buffers;
    const { heads, kvHeads, headDim, keyStride, past } = geometry;
    const keys = past + rows.first + rows.count;
    const perHead = 4 * 64 * headDim * (past + rows.first + rowBlock * 64 + 64);
    const { counts, tiles, columns } = this.lists(index);
    const lists = { counts, tiles, columns };
    for (const { headBase, heads: count, k, v } of this.parts(rows.caches, perHead)) {
      const shape = {
        rows: rows.count,
        rowPosition: past + rows.first,
        keys,
        qStride: rows.queryStride,
        keyStride,
        heads: count,
        headBase,
        group: heads / kvHeads,
        headDim,
        index,
      };
      recordSampledMass(
        recorder,
        pipelines.mass,
        { q: rows.queries, k, ...lists, masses: to.masses },
        {
          ...shape,
          rowBlock,
          splits: { count: splits, stride: heads * 64 },
          flops: (perHead * count) / 2,
        },
        'measure',
      );
      const split = splits > 1 ? { splits, first: 0, count: splits, rows: 64 } : undefined;
      recordTileAttention(
        recorder,
        pipelines.attention,
        { q: rows.queries, k, v, ...lists, ...(split ? { out: parts, stats } : { out: to.out }) },
        {
          ...shape,
          firstRowBlock: rowBlock,
          rowBlocks: 1,
          totalHeads: heads,
          ...(split && { split }),
          flops: perHead * count,
        },
        'measure',
      );
      await recorder.pace();
    }
    if (splits === 1) return;
    recordMergeSplits(
      recorder,
      pipelines.merge,
      { parts, stats, out: to.out },
      {
        rows: Math.min(64, rows.count - rowBlock * 64),
        firstRow: rowBlock * 64,
        heads,
        headBase: 0,
        totalHeads: heads,
        headDim,
        splits,
        splitRows: 64,
      },
      'measure',
    );
  }

  /** Heads in dispatches that the pacer allows; whole KV heads where it allows more than one's. */
  private parts(caches: RowsInput['caches'], flopsPerHead: number): HeadPart[] {
    const { heads, kvHeads, headDim, keyStride } = this.geometry;
    // A row block is one workgroup a head: fewer than this many leave a large GPU idle and end no sooner.
    const fewest = this.gpu.capabilities.software ? 1 : 256;
    const most = Math.max(fewest, Math.floor(this.gpu.pacer.dispatchFlops / flopsPerHead));
    return headParts(caches, heads / kvHeads, most, keyStride * headDim * 2);
  }
}

/** Tiles up to the last row of a row block. */
function causalTilesOf(position: number, rows: number, block: number): number {
  return Math.ceil((position + Math.min(rows, block * 64 + 64)) / 64);
}

/**
 * The query heads of cache ranges in parts of at most `most`: several whole groups, or parts of one group, each with
 * the bindings of just its KV heads (`headBytes` each, a multiple of the 256 that binding offsets need).
 */
export function headParts(
  caches: readonly CacheRange[],
  group: number,
  most: number,
  headBytes: number,
): HeadPart[] {
  return caches.flatMap((range) => {
    const parts: HeadPart[] = [];
    const step = most >= group ? Math.floor(most / group) * group : most;
    for (let at = 0; at < range.heads;) {
      // A part of a group must end with it.
      const left = most >= group ? range.heads - at : group - (at % group);
      const heads = Math.min(step, left);
      const bound = ({ buffer, offset = 0 }: GPUBufferBinding): GPUBufferBinding => ({
        buffer,
        offset: offset + Math.floor(at / group) * headBytes,
        size: Math.ceil(heads / group) * headBytes,
      });
      parts.push({ headBase: range.headBase + at, heads, k: bound(range.k), v: bound(range.v) });
      at += heads;
    }
    return parts;
  });
}

async function pipelinesOf(gpu: Gpu, headDim: number) {
  const [mass, attention, merge, error, map] = await Promise.all([
    gpu.pipelines.get(sampledMass),
    // f32 out of the kernel in every tier: rounded outputs would differ by their rounding.
    gpu.pipelines.get(tileAttention, { ...tileAttentionSpec(headDim), without: ['f16'] }),
    gpu.pipelines.get(mergeSplits, { ...mergeSplitsSpec(headDim), without: ['f16'] }),
    gpu.pipelines.get(sampledError),
    gpu.pipelines.get(tileMap),
  ]);
  return { mass, attention, merge, error, map };
}
