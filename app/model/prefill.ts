/**
 * Prefill, layer by layer over the whole prompt (design 3): MInference looks at the last queries against all keys
 * before it knows which tiles a layer needs. Per layer: keys and values of every chunk, and the last one's queries; then
 * estimate and select; then queries, attention, output and MLP of every chunk, the last one first. Nothing is read back
 * until the last logits.
 */
import type { CacheRange, Pattern, RowsInput } from '../attention/pattern';
import type { TileIndex } from '../attention/tileIndex';
import { Recorder, type Binding, type PhaseTimes } from '../gpu/recorder';
import { splitsFor } from '../kernels/mergeSplits';
import { denseFlops } from '../kernels/tileAttention';
import type { Activations } from './activations';
import type { KvCache } from './kvCache';
import { recordAttention, recordSplitAttention } from './attention';
import { followingChunks, type Chunk } from './plan';
import { PrefillBuffers } from './prefillBuffers';
import { readLogits } from './tailLogits';
import type { Transformer } from './transformer';

export interface PrefillProgress {
  layer: number;
  layers: number;
  chunk: number;
  chunks: number;
  /** Share of the estimated work that has been recorded. */
  fraction: number;
}

/**
 * Looks on while a prefill runs, and may record work of its own: `HeadMeasure` does. It changes nothing that the run
 * computes, but its time is in the run's.
 */
export interface PrefillObserver {
  /** Numbers of rows of the prompt's end whose queries `prepareLayer` wants; at most those of the prompt. */
  readonly tailRows: readonly number[];
  /** Operations that it records in each layer, for progress. */
  readonly layerFlops: number;
  /** Whether `observeRows` wants the queries of all chunks before `prepareLayer`. */
  readonly observesRows: boolean;
  observeRows(recorder: Recorder, layer: number, rows: RowsInput): void;
  /** When a layer's K and V are complete; `tail(n)` holds the last n queries, half [head][n][dim]. */
  prepareLayer(
    recorder: Recorder,
    layer: number,
    caches: readonly CacheRange[],
    tail: (rows: number) => Binding,
  ): Promise<void>;
  /** When a chunk's queries are computed, with the index that the run uses for it (null: dense). */
  rows(recorder: Recorder, layer: number, rows: RowsInput, index: TileIndex | null): Promise<void>;
  /** After a chunk's attention, with its outputs, activations [row][heads * headDim]; absent where nobody looks. */
  attended?(recorder: Recorder, layer: number, rows: RowsInput, out: GPUBuffer): Promise<void>;
}

export interface PrefillOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: PrefillProgress) => void) | undefined;
  /** Rows at the end of the prompt whose logits are wanted too, for fidelity; 0 for none. Not part of the time. */
  tailRows?: number;
  observer?: PrefillObserver | undefined;
}

export interface PrefillResult {
  /** Of the last token, [vocab]. */
  logits: Float32Array;
  /** [tailRows][vocab] of the last rows, the last token's included; empty if not asked for. */
  tailLogits: Float32Array;
  /** Wall time until the GPU had computed the logits, ms. */
  prefillMs: number;
  /** Wall time until the logits were on the CPU, ms. */
  ms: number;
  /** GPU time by phase, in all and by layer; null without timestamp queries. */
  phases: PhaseTimes | null;
}

/** Work of a run in floating-point operations, to weigh progress: linear parts and dense or sparse attention. */
class Work {
  private done = 0;
  constructor(private readonly total: number) {}
  add(flops: number): number {
    this.done += flops;
    return Math.min(1, this.done / this.total);
  }
}

/**
 * Runs `ids` through the model behind `cache.length` cached tokens and extends the cache. `pattern` must have been
 * made for these rows and keys. Throws on abort, with the cache's length unchanged.
 */
export async function prefill(
  model: Transformer,
  ids: Uint32Array<ArrayBuffer>,
  cache: KvCache,
  pattern: Pattern,
  options: PrefillOptions = {},
): Promise<PrefillResult> {
  const { gpu, config } = model;
  const rows = ids.length;
  const past = cache.length;
  const start = performance.now();

  const recorder = new Recorder(gpu, options.signal);
  let buffers: PrefillBuffers | null = null;
  let failed = false;
  try {
    const tailRows = [pattern.tailRows, ...(options.observer?.tailRows ?? [])];
    buffers = new PrefillBuffers(model, rows, tailRows);
    const { chunks, activations, residuals, tails, logits } = buffers;
    gpu.device.queue.writeBuffer(buffers.ids, 0, ids);

    const run = new LayerRun(
      model,
      cache,
      pattern,
      recorder,
      activations,
      chunks,
      residuals,
      { past, rows },
      tails,
      options,
    );
    await run.embed(buffers.ids);
    for (let layer = 0; layer < config.layers; layer++) {
      recorder.section = layer;
      await run.layer(layer);
    }
    recorder.section = null;

    const lastChunk = chunks.at(-1);
    const lastResidual = residuals.at(-1);
    if (!lastChunk || !lastResidual) throw new RangeError('prefill of an empty prompt');
    model.logits(recorder, lastResidual, lastChunk.count - 1, logits);
    const last = new Float32Array(await recorder.drainAndRead(logits, config.vocab * 4));
    const prefillMs = recorder.finishedAt - start;
    const ms = performance.now() - start;
    options.signal?.throwIfAborted();
    cache.length = past + rows;
    const phases = await recorder.phases();

    const wanted = Math.min(options.tailRows ?? 0, lastChunk.count, activations.rows);
    const tailLogits = await tailOf(model, recorder, activations, lastResidual, lastChunk, wanted);
    return { logits: last, tailLogits, prefillMs, ms, phases };
  } catch (error) {
    failed = true;
    throw error;
  } finally {
    await recorder.destroy();
    buffers?.destroy();
    // Where memory ran out, a buffer may be none.
    if (failed) gpu.memory.trim();
  }
}

/**
 * Share of dense attention that a run is expected to do, for pacing and progress only: what it really does is known
 * on the GPU alone. Patterns with budgets that grow slower than the prompt do about this much.
 */
function expectedDensity(pattern: Pattern, shape: { past: number; rows: number }): number {
  if (pattern.name === 'dense' || pattern.note !== undefined) return 1;
  return Math.min(0.6, Math.max(0.03, 4_096 / (shape.past + shape.rows)));
}

/**
 * Row blocks of one attention dispatch. Fewer than `leastGroups` workgroups leave a large GPU idle, so that splitting
 * further costs more time than it saves.
 */
export function blocksPerDispatch(
  { gpu, config }: Pick<Transformer, 'gpu' | 'config'>,
  flopsPerBlock: number,
  blocks: number,
): number {
  const leastGroups = 256;
  const fewest = gpu.capabilities.software ? 1 : Math.ceil(leastGroups / config.heads);
  const most = Math.floor(gpu.pacer.dispatchFlops / flopsPerBlock);
  return Math.min(blocks, Math.max(fewest, most));
}

/** The state of one prefill that every layer needs. */
class LayerRun {
  private readonly work: Work;

  constructor(
    private readonly model: Transformer,
    private readonly cache: KvCache,
    private readonly pattern: Pattern,
    private readonly recorder: Recorder,
    private readonly activations: Activations,
    private readonly chunks: readonly Chunk[],
    private readonly residuals: readonly GPUBuffer[],
    private readonly shape: { past: number; rows: number },
    /** The last queries of the current layer, by how many. */
    private readonly tails: ReadonlyMap<number, GPUBuffer>,
    private readonly options: PrefillOptions,
  ) {
    const { layers } = model.config;
    const attention = chunks.reduce((sum, chunk) => sum + this.attentionFlops(chunk.first, chunk.count), 0);
    const extra = pattern.prepareFlops + (options.observer?.layerFlops ?? 0);
    this.work = new Work(layers * (shape.rows * this.linearFlopsPerRow() + attention + extra));
  }

  async embed(ids: GPUBuffer): Promise<void> {
    for (const [at, chunk] of this.chunks.entries()) {
      this.model.embed(this.recorder, ids, chunk.first, chunk.count, this.residual(at));
      await this.recorder.pace();
    }
  }

  async layer(layer: number): Promise<void> {
    const { model, recorder, activations, cache, chunks } = this;
    const { past, rows } = this.shape;
    const { observer } = this.options;
    const weights = model.layerWeights(layer);
    const last = chunks.length - 1;
    for (const [at, chunk] of chunks.entries()) {
      const all = { first: 0, count: chunk.count };
      model.norm(recorder, this.residual(at), weights.inputNorm, activations.normed, all, 'projections');
      await model.keysAndValues(recorder, layer, activations, chunk.count, cache, past + chunk.first);
      const observes = this.pattern.observeRows !== undefined || observer?.observesRows === true;
      // Those of the last chunk serve both the estimate, which wants the last of them, and its attention, which comes first.
      if (observes || at === last) await this.queries(layer, chunk, at === last ? 'projections' : 'estimate');
      if (observes) {
        this.pattern.observeRows?.(recorder, layer, this.rowsInput(layer, chunk));
        observer?.observeRows(recorder, layer, this.rowsInput(layer, chunk));
      }
    }

    for (const [count, buffer] of this.tails) {
      const row = (chunks[last]?.count ?? 0) - count;
      const out = { buffer, stride: count };
      model.splitQueries(recorder, layer, activations, { row, count }, past + rows - count, out, 'estimate');
    }
    const caches = cache.layer(layer);
    const tail = (count: number): Binding => this.tails.get(Math.min(count, rows)) ?? model.weights.zeros;
    this.pattern.prepareLayer(recorder, { layer, caches, tail: tail(this.pattern.tailRows) });
    await recorder.pace();
    this.work.add(this.pattern.prepareFlops);
    await observer?.prepareLayer(recorder, layer, caches, tail);

    for (let turn = 0; turn <= last; turn++) {
      const at = (turn + last) % chunks.length;
      const chunk = chunks[at];
      if (chunk) await this.chunk(layer, at, chunk);
    }
  }

  private async chunk(layer: number, at: number, chunk: Chunk): Promise<void> {
    const { model, recorder, activations } = this;
    const residual = this.residual(at);
    if (at < this.chunks.length - 1) {
      const { inputNorm } = model.layerWeights(layer);
      const all = { first: 0, count: chunk.count };
      model.norm(recorder, residual, inputNorm, activations.normed, all, 'projections');
      await this.queries(layer, chunk, 'projections');
    }

    const rowsInput = { ...this.rowsInput(layer, chunk), following: followingChunks(this.chunks, at) };
    const index = this.pattern.indexRows(recorder, layer, rowsInput);
    const { observer } = this.options;
    if (observer) {
      await observer.rows(recorder, layer, rowsInput, index);
      this.report(layer, at, observer.layerFlops / this.chunks.length);
    }
    await this.attention(layer, at, chunk, index);
    await observer?.attended?.(recorder, layer, rowsInput, activations.attended);
    await model.attentionOutput(recorder, layer, activations, residual, chunk.count);
    await model.mlp(recorder, layer, activations, residual, chunk.count);
    this.report(layer, at, chunk.count * this.linearFlopsPerRow());
  }

  private async attention(layer: number, at: number, chunk: Chunk, index: TileIndex | null): Promise<void> {
    const { model, recorder, activations, cache } = this;
    const { heads, headDim } = model.config;
    const position = this.shape.past + chunk.first;
    const keys = position + chunk.count;
    const blocks = Math.ceil(chunk.count / 64);
    // Rows from here on are dense; where they are few, their keys are split so that they fill the GPU.
    const denseFrom = this.denseFrom(chunk, index);
    const splits = splitsFor(blocks - denseFrom, heads, keys);
    const end = splits > 1 ? denseFrom : blocks;
    const perBlock = this.attentionFlops(chunk.first, chunk.count) / blocks;
    const step = blocksPerDispatch(model, perBlock, blocks);
    const all = { model, recorder, layer, activations, cache, rows: chunk.count, position, keys };
    for (let firstRowBlock = 0; firstRowBlock < end; firstRowBlock += step) {
      const rowBlocks = Math.min(step, end - firstRowBlock);
      const flops = perBlock * rowBlocks;
      recordAttention({ ...all, firstRowBlock, rowBlocks, flops }, index);
      await recorder.pace();
      this.report(layer, at, flops);
    }
    if (end === blocks) return;
    const rowBlocks = blocks - end;
    const flops = denseFlops(rowBlocks * 64, position + end * 64, headDim, heads);
    await recordSplitAttention({ ...all, firstRowBlock: end, rowBlocks, flops }, splits);
    this.report(layer, at, perBlock * rowBlocks);
  }

  /** First row block of a chunk from which on all are dense. */
  private denseFrom({ first, count }: Chunk, index: TileIndex | null): number {
    if (index === null) return 0;
    const rows = first + count - (this.shape.rows - (this.pattern.denseRows ?? 0));
    return rows <= 0 ? Math.ceil(count / 64) : Math.max(0, Math.floor((count - rows) / 64));
  }

  /** Queries of a chunk whose normed rows are at hand. */
  private async queries(layer: number, chunk: Chunk, phase: string): Promise<void> {
    const { model, recorder, activations } = this;
    const out = { buffer: activations.queries, stride: activations.rows };
    const position = this.shape.past + chunk.first;
    await model.queries(recorder, layer, activations, chunk.count, position, out, phase);
  }

  private rowsInput(layer: number, { first, count }: Chunk): RowsInput {
    const { queries, rows: queryStride } = this.activations;
    return { first, count, queries, queryStride, caches: this.cache.layer(layer) };
  }

  /** Attention work of chunk rows as the pattern expects it. */
  private attentionFlops(first: number, count: number): number {
    const { heads, headDim } = this.model.config;
    return (
      expectedDensity(this.pattern, this.shape) * denseFlops(count, this.shape.past + first, headDim, heads)
    );
  }

  private linearFlopsPerRow(): number {
    const { hidden, intermediate } = this.model.config;
    return 2 * hidden * (2 * this.model.queryWidth + 2 * this.model.kvWidth + 3 * intermediate);
  }

  private residual(chunk: number): GPUBuffer {
    const buffer = this.residuals[chunk];
    if (!buffer) throw new RangeError(`no chunk ${chunk}`);
    return buffer;
  }

  private report(layer: number, chunk: number, flops: number): void {
    const fraction = this.work.add(flops);
    const { layers } = this.model.config;
    this.options.onProgress?.({ layer, layers, chunk, chunks: this.chunks.length, fraction });
  }
}

/** Logits [rows][vocab] of the last rows of the last chunk, outside the timed part. */
async function tailOf(
  model: Transformer,
  recorder: Recorder,
  activations: Activations,
  residual: GPUBuffer,
  chunk: Chunk,
  rows: number,
): Promise<Float32Array> {
  if (rows === 0) return new Float32Array();
  const window = { first: chunk.count - rows, count: rows };
  model.norm(recorder, residual, model.weights.finalNorm, activations.normed, window, 'fidelity');
  return readLogits(model, recorder, activations.normed, rows);
}
