/**
 * A measured sample of dense attention where a dense run would take too long: windows of row blocks of two layers, with
 * the sparse run's own queries, keys and values. What is made of the times is in `engine/projection.ts`.
 */
import type { RowsInput } from '../attention/types';
import { Recorder } from '../gpu/recorder';
import { splitsFor } from '../kernels/splits';
import { denseFlops } from '../kernels/tileAttention';
import { Activations } from './activations';
import { recordAttention, recordSplitAttention } from './attention';
import type { KvCache } from './kvCache';
import { chunkRowsFor, planChunks, type Chunk } from './plan';
import { blocksPerDispatch, type PrefillObserver } from './prefill';
import type { Transformer } from './transformer';

/** Consecutive row blocks (64 rows) inside one chunk, as one dispatch of a dense run takes them. */
export interface SampleWindow {
  chunk: Chunk;
  /** Counted from the prompt's first row block. */
  firstBlock: number;
  blocks: number;
  /** Rows, the last block's missing ones left out. */
  rows: number;
}

/** What one window of one layer took. */
export interface DenseTime {
  layer: number;
  /** Position of the window's first row, and its rows. */
  firstRow: number;
  rows: number;
  rowBlocks: number;
  /** Causal tiles of the window's row blocks, for one head. */
  tiles: number;
  /** GPU time, or wall time without timestamp queries, for all heads: median of `rounds` measurements. */
  ms: number;
}

/** Where windows lie: in the first quarter, in the middle and at the end of the prompt. */
const places = [1 / 8, 1 / 2, 1];
/** Queries that one window keeps at most, bytes. */
const mostBytes = 2 ** 24;
/** Measurements of a window, after one that is not counted. */
const rounds = 3;
/** Shorter than this, a measurement is repeated in one submit: clocks of browsers tick in tenths of a millisecond. */
const leastMs = 10;

/** Causal tiles of row blocks [first, first + blocks) of a prompt of `rows` without a past, one head's. */
export function causalTiles(rows: number, first: number, blocks: number): number {
  let tiles = 0;
  for (let block = first; block < first + blocks; block++)
    tiles += Math.ceil(Math.min(rows, (block + 1) * 64) / 64);
  return tiles;
}

/**
 * Windows of a prompt of `rows` in `chunks`, each `most` row blocks at most (asked for a chunk), and a quarter of the
 * prompt at most, so that they differ in what they cost. No two are the same.
 */
export function sampleWindows(
  rows: number,
  chunks: readonly Chunk[],
  most: (chunk: Chunk) => number,
): SampleWindow[] {
  const all = Math.ceil(rows / 64);
  const windows = new Map<number, SampleWindow>();
  for (const place of places) {
    const middle = Math.min(all - 1, Math.floor(place * all));
    const chunk = chunks.find(({ first, count }) => middle * 64 < first + count);
    if (!chunk) continue;
    const start = chunk.first / 64;
    const end = Math.ceil((chunk.first + chunk.count) / 64);
    const blocks = Math.max(1, Math.min(most(chunk), end - start, Math.floor(all / 4)));
    const firstBlock = Math.min(Math.max(start, middle - Math.floor(blocks / 2)), end - blocks);
    const until = Math.min(rows, (firstBlock + blocks) * 64);
    windows.set(firstBlock, { chunk, firstBlock, blocks, rows: until - firstBlock * 64 });
  }
  return [...windows.values()];
}

/** Layers that are measured: the first, and one in the middle, whose keys and values look different. */
export function sampledLayers(layers: number): number[] {
  return [...new Set([0, Math.floor(layers / 2)])];
}

/**
 * Give it to the sparse run's `prefill` as `observer`: it copies the windows' queries (some megabytes, less than a
 * millisecond of the run's time), which are gone after each chunk. Then `measure`, while the run's cache is filled.
 */
export class DenseSample implements PrefillObserver {
  readonly tailRows = [];
  readonly layerFlops = 0;
  readonly observesRows = false;
  readonly layers: readonly number[];
  readonly windows: readonly SampleWindow[];
  /** Rows a head has in each kept buffer. */
  private readonly stride: number;
  /** By layer and window, half [head][stride][dim]. */
  readonly queries: readonly (readonly GPUBuffer[])[];

  /** For a prompt of `tokens` without a past. */
  constructor(
    private readonly model: Transformer,
    readonly tokens: number,
  ) {
    const { gpu, config } = model;
    const { heads, headDim } = config;
    const chunkRows = Math.min(chunkRowsFor(tokens, config.hidden), Math.ceil(tokens / 64) * 64);
    this.layers = sampledLayers(config.layers);
    this.windows = sampleWindows(tokens, planChunks(tokens, chunkRows), ({ first, count }) => {
      const blocks = Math.ceil(count / 64);
      const flops = denseFlops(count, first, headDim, heads) / blocks;
      const room = Math.max(1, Math.floor(mostBytes / (64 * model.queryWidth * 2)));
      return Math.min(room, blocksPerDispatch(model, flops, blocks));
    });
    this.stride = 64 * Math.max(...this.windows.map(({ blocks }) => blocks));
    const bytes = this.stride * model.queryWidth * 2;
    this.queries = this.layers.map(() =>
      this.windows.map(() => gpu.memory.allocate('sampled queries', bytes)),
    );
  }

  observeRows(): void {}

  async prepareLayer(): Promise<void> {}

  async rows(recorder: Recorder, layer: number, rows: RowsInput): Promise<void> {
    const kept = this.queries[this.layers.indexOf(layer)];
    if (!kept) return;
    const { heads, headDim } = this.model.config;
    const from = rows.queries instanceof GPUBuffer ? { buffer: rows.queries } : rows.queries;
    for (const [at, window] of this.windows.entries()) {
      const to = kept[at];
      if (window.chunk.first !== rows.first || !to) continue;
      const first = window.firstBlock * 64 - rows.first;
      for (let head = 0; head < heads; head++) {
        const source = (from.offset ?? 0) + (head * rows.queryStride + first) * headDim * 2;
        recorder.copy(from.buffer, source, to, head * this.stride * headDim * 2, window.rows * headDim * 2);
      }
    }
    await recorder.pace();
  }

  /** Times every window over the cache that the run has left. `onProgress` hears the share that is done. */
  async measure(
    cache: KvCache,
    signal: AbortSignal,
    onProgress: (fraction: number) => void,
  ): Promise<DenseTime[]> {
    const { model, layers, windows } = this;
    const activations = new Activations(model.gpu, model.config, this.stride);
    const times: DenseTime[] = [];
    try {
      for (const [at, layer] of layers.entries()) {
        for (const [place, window] of windows.entries()) {
          const queries = this.queries[at]?.[place];
          if (!queries) continue;
          times.push(await this.time(layer, window, queries, { cache, activations, signal }));
          onProgress(times.length / (layers.length * windows.length));
        }
      }
    } finally {
      activations.destroy();
    }
    return times;
  }

  destroy(): void {
    for (const buffer of this.queries.flat()) this.model.gpu.memory.release(buffer);
  }

  private async time(
    layer: number,
    window: SampleWindow,
    queries: GPUBuffer,
    work: { cache: KvCache; activations: Activations; signal: AbortSignal },
  ): Promise<DenseTime> {
    const { model } = this;
    const { gpu } = model;
    const recorder = new Recorder(gpu, work.signal);
    try {
      recorder.copy(queries, 0, work.activations.queries, 0, this.stride * model.queryWidth * 2);
      const once = async (repeats: number): Promise<number> => {
        const start = performance.now();
        for (let repeat = 0; repeat < repeats; repeat++) await this.attend(recorder, layer, window, work);
        await recorder.drain();
        const wall = performance.now() - start;
        const phases = await recorder.phases();
        return (phases?.totals.attention ?? wall) / repeats;
      };
      const first = await once(1);
      const repeats = Math.min(16, Math.max(1, Math.ceil(leastMs / Math.max(first, 0.1))));
      const measured: number[] = [];
      for (let round = 0; round < rounds; round++) measured.push(await once(repeats));
      return {
        layer,
        firstRow: window.firstBlock * 64,
        rows: window.rows,
        rowBlocks: window.blocks,
        tiles: causalTiles(this.tokens, window.firstBlock, window.blocks),
        ms: measured.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? NaN,
      };
    } finally {
      await recorder.destroy();
    }
  }

  /** Records a window as the dense run would: with its keys split where that run splits those of the chunk. */
  private async attend(
    recorder: Recorder,
    layer: number,
    { chunk, firstBlock, blocks, rows }: SampleWindow,
    { cache, activations }: { cache: KvCache; activations: Activations },
  ): Promise<void> {
    const { heads, headDim } = this.model.config;
    const position = firstBlock * 64;
    const keys = position + rows;
    const flops = denseFlops(blocks * 64, position, headDim, heads);
    const work = {
      model: this.model,
      recorder,
      layer,
      activations,
      cache,
      rows,
      position,
      firstRowBlock: 0,
      rowBlocks: blocks,
      keys,
      flops,
    };
    const split = splitsFor(Math.ceil(chunk.count / 64), heads, chunk.first + chunk.count) > 1;
    const splits = split ? splitsFor(blocks, heads, keys) : 1;
    if (splits > 1) await recordSplitAttention(work, splits);
    else recordAttention(work, null);
  }
}
