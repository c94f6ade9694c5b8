/** The parts of a layer as recorded dispatches, over rows of a chunk. Order and chunking are in `prefill.ts`. */
import type { Gpu } from '../gpu/device';
import type { Pipeline } from '../gpu/kernel';
import type { Recorder } from '../gpu/recorder';
import { decodeAttentionFor, type DecodeAttention } from '../kernels/decodeAttention';
import { decodeMerge, decodeMergeSpec } from '../kernels/decodeMerge';
import { embed, recordEmbed } from '../kernels/embed';
import { matmul, recordMatmul } from '../kernels/matmul';
import { matmulSwiglu, recordMatmulSwiglu } from '../kernels/matmulSwiglu';
import { matvec } from '../kernels/matvec';
import { mergeSplits, mergeSplitsSpec } from '../kernels/mergeSplits';
import { normMatvec, recordNormMatvec } from '../kernels/normMatvec';
import { normMatvecSwiglu } from '../kernels/normMatvecSwiglu';
import { tiledPipelines, type TiledPipelines } from '../kernels/productTiles';
import { recordRmsNorm, rmsNorm } from '../kernels/rmsNorm';
import { recordSplitHeads, ropeTables, splitHeads, splitHeadsSpec } from '../kernels/splitHeads';
import { splitRow } from '../kernels/splitRow';
import { tileAttentionPipeline, type TileAttentionPipeline } from '../kernels/tileAttention';
import type { Activations } from './activations';
import type { ModelConfig } from './config';
import type { KvCache } from './kvCache';
import { inverseFrequencies } from './rope';
import type { ModelWeights } from './weights';

type Names<K> = K extends { bindings: Readonly<Record<infer Name extends string, unknown>> } ? Name : never;
type PipelineOf<K> = Pipeline<Names<K>>;

interface Pipelines {
  embed: PipelineOf<typeof embed>;
  rmsNorm: PipelineOf<typeof rmsNorm>;
  matmul: TiledPipelines<Names<typeof matmul>>;
  matmulSwiglu: TiledPipelines<Names<typeof matmulSwiglu>>;
  matvec: PipelineOf<typeof matvec>;
  normMatvec: PipelineOf<typeof normMatvec>;
  normMatvecSwiglu: PipelineOf<typeof normMatvecSwiglu>;
  splitHeads: PipelineOf<typeof splitHeads>;
  splitRow: PipelineOf<typeof splitRow>;
  tileAttention: TileAttentionPipeline;
  mergeSplits: PipelineOf<typeof mergeSplits>;
  decodeMerge: PipelineOf<typeof decodeMerge>;
}

/** Positions that the RoPE tables cover: a million tokens of prompt and some to decode. */
const ropePositions = 2 ** 20 + 2 ** 16;

export class Transformer {
  /** cos and sin for `split_heads`. */
  readonly tables: GPUBuffer;
  readonly coarseRows: number;

  private constructor(
    readonly gpu: Gpu,
    readonly config: ModelConfig,
    readonly weights: ModelWeights,
    readonly pipelines: Pipelines,
    readonly decodeAttention: DecodeAttention,
  ) {
    const { inverse, scale } = inverseFrequencies(config.rope, config.headDim, config.contextLength);
    const { data, coarseRows } = ropeTables(inverse, scale, ropePositions);
    this.tables = gpu.memory.allocate(
      'rope tables',
      data.byteLength,
      GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
    );
    gpu.device.queue.writeBuffer(this.tables, 0, data);
    this.coarseRows = coarseRows;
  }

  /** Compiles every pipeline that a run of this model needs besides its pattern's. */
  static async create(gpu: Gpu, config: ModelConfig, weights: ModelWeights): Promise<Transformer> {
    const { headDim, heads, kvHeads } = config;
    const { pipelines: cache } = gpu;
    const [a, b, c, d, e, f, g, h, i, j, attention, k, l] = await Promise.all([
      cache.get(embed),
      cache.get(rmsNorm),
      tiledPipelines(gpu, matmul),
      tiledPipelines(gpu, matmulSwiglu),
      cache.get(matvec),
      cache.get(normMatvec),
      cache.get(normMatvecSwiglu),
      cache.get(splitHeads, splitHeadsSpec(headDim)),
      cache.get(splitRow, splitHeadsSpec(headDim)),
      tileAttentionPipeline(gpu, headDim),
      decodeAttentionFor(gpu, headDim, heads / kvHeads),
      cache.get(decodeMerge, decodeMergeSpec(headDim)),
      cache.get(mergeSplits, mergeSplitsSpec(headDim)),
    ]);
    const pipelines = {
      embed: a,
      rmsNorm: b,
      matmul: c,
      matmulSwiglu: d,
      matvec: e,
      normMatvec: f,
      normMatvecSwiglu: g,
      splitHeads: h,
      splitRow: i,
      tileAttention: j,
      decodeMerge: k,
      mergeSplits: l,
    };
    return new Transformer(gpu, config, weights, pipelines, attention);
  }

  get queryWidth(): number {
    return this.config.heads * this.config.headDim;
  }

  get kvWidth(): number {
    return this.config.kvHeads * this.config.headDim;
  }

  /** residual [tokens][hidden] f32 from ids [first, first + tokens). */
  embed(
    recorder: Recorder,
    ids: GPUBuffer,
    first: number,
    tokens: number,
    residual: GPUBuffer,
    phase = 'projections',
  ): void {
    for (const piece of this.weights.embedding) {
      const shape = { tokens, first, width: this.config.hidden, rowFirst: piece.first, rows: piece.rows };
      const buffers = { ids, weight: piece.buffer, out: residual };
      recordEmbed(recorder, this.pipelines.embed, buffers, shape, phase);
    }
  }

  /** normed [count][hidden] half from rows of a residual chunk. */
  norm(
    recorder: Recorder,
    residual: GPUBuffer,
    weight: GPUBuffer,
    out: GPUBuffer,
    rows: { first: number; count: number },
    phase: string,
  ): void {
    const { hidden: width, rmsNormEps: epsilon } = this.config;
    const shape = { tokens: rows.count, first: rows.first, width, epsilon };
    recordRmsNorm(recorder, this.pipelines.rmsNorm, { x: residual, weight, out }, shape, phase);
  }

  /**
   * Rows that one dispatch of a product may take at this adapter's rate, a multiple of 128 (a row of tiles): keeps a dispatch near
   * 50 ms (design 3).
   */
  rowsPerDispatch(flopsPerRow: number, count: number): number {
    const most = Math.floor(this.gpu.pacer.dispatchFlops / flopsPerRow / 128) * 128;
    return Math.min(count, Math.max(128, most));
  }

  /** A product over all rows of a chunk, in dispatches of bounded size. */
  private async product(
    recorder: Recorder,
    buffers: { a: GPUBuffer; w: GPUBuffer; bias: GPUBuffer; out: GPUBuffer },
    shape: {
      rows: number;
      cols: number;
      wFirst?: number;
      length: number;
      hasBias: boolean;
      accumulate?: boolean;
    },
    phase: string,
  ): Promise<void> {
    const step = this.rowsPerDispatch(2 * shape.cols * shape.length, shape.rows);
    for (let first = 0; first < shape.rows; first += step) {
      const rows = Math.min(step, shape.rows - first);
      recordMatmul(
        recorder,
        this.pipelines.matmul,
        buffers,
        { ...shape, rows, aFirst: first, outFirst: first },
        phase,
      );
      await recorder.pace();
    }
  }

  /** Keys and values of `count` normed rows, written to the cache from row `position` on. */
  async keysAndValues(
    recorder: Recorder,
    layer: number,
    activations: Activations,
    count: number,
    cache: KvCache,
    position: number,
  ): Promise<void> {
    const weights = this.layerWeights(layer);
    const { hidden, headDim, qkvBias: hasBias, qkNorm } = this.config;
    const buffers = {
      a: activations.normed,
      w: weights.qkv,
      bias: weights.qkvBias,
      out: activations.projected,
    };
    const cols = 2 * this.kvWidth;
    const product = { rows: count, cols, wFirst: this.queryWidth, length: hidden, hasBias };
    await this.product(recorder, buffers, product, 'projections');
    for (const range of cache.layer(layer)) {
      const shape = {
        tokens: count,
        heads: range.kvHeads,
        headDim,
        rowWidth: cols,
        outStride: cache.stride,
        outFirst: position,
        position,
        epsilon: this.config.rmsNormEps,
        coarseRows: this.coarseRows,
      };
      const column = range.kvHeadBase * headDim;
      const common = { x: activations.projected, norm: weights.keyNorm, tables: this.tables };
      const split = this.pipelines.splitHeads;
      recordSplitHeads(
        recorder,
        split,
        { ...common, out: range.k },
        { ...shape, column, hasNorm: qkNorm, hasRope: true },
        'projections',
      );
      recordSplitHeads(
        recorder,
        split,
        { ...common, out: range.v },
        { ...shape, column: this.kvWidth + column, hasNorm: false, hasRope: false },
        'projections',
      );
    }
  }

  /** Queries of `count` normed rows with RoPE, [head][stride][headDim] half into `out`. */
  async queries(
    recorder: Recorder,
    layer: number,
    activations: Activations,
    count: number,
    position: number,
    out: { buffer: GPUBuffer; stride: number },
    phase: string,
  ): Promise<void> {
    const weights = this.layerWeights(layer);
    const { hidden, qkvBias: hasBias } = this.config;
    const buffers = {
      a: activations.normed,
      w: weights.qkv,
      bias: weights.qkvBias,
      out: activations.projected,
    };
    await this.product(
      recorder,
      buffers,
      { rows: count, cols: this.queryWidth, length: hidden, hasBias },
      phase,
    );
    this.splitQueries(recorder, layer, activations, { row: 0, count }, position, out, phase);
  }

  /** As `queries`, of rows whose projection is at hand. `position` is that of the first. */
  splitQueries(
    recorder: Recorder,
    layer: number,
    activations: Activations,
    { row, count }: { row: number; count: number },
    position: number,
    out: { buffer: GPUBuffer; stride: number },
    phase: string,
  ): void {
    const { heads, headDim, qkNorm: hasNorm } = this.config;
    const { queryNorm: norm } = this.layerWeights(layer);
    recordSplitHeads(
      recorder,
      this.pipelines.splitHeads,
      { x: activations.projected, norm, tables: this.tables, out: out.buffer },
      {
        tokens: count,
        heads,
        headDim,
        rowWidth: this.queryWidth,
        column: row * this.queryWidth,
        outStride: out.stride,
        outFirst: 0,
        position,
        hasNorm,
        hasRope: true,
        epsilon: this.config.rmsNormEps,
        coarseRows: this.coarseRows,
      },
      phase,
    );
  }

  /** Adds the attention's output projection to a residual chunk. */
  async attentionOutput(
    recorder: Recorder,
    layer: number,
    activations: Activations,
    residual: GPUBuffer,
    rows: number,
  ): Promise<void> {
    const weights = this.layerWeights(layer);
    const { hidden: cols, outputBias: hasBias } = this.config;
    const buffers = { a: activations.attended, w: weights.output, bias: weights.outputBias, out: residual };
    const shape = { rows, cols, length: this.queryWidth, hasBias, accumulate: true };
    await this.product(recorder, buffers, shape, 'projections');
  }

  /** Adds the MLP to a residual chunk. */
  async mlp(
    recorder: Recorder,
    layer: number,
    activations: Activations,
    residual: GPUBuffer,
    count: number,
  ): Promise<void> {
    const weights = this.layerWeights(layer);
    const { hidden, intermediate } = this.config;
    const step = this.rowsPerDispatch(4 * hidden * intermediate, count);
    // Row ranges pass through the whole MLP one after the other, as the gated buffer starts at row 0 each time.
    for (let first = 0; first < count; first += step) {
      const rows = Math.min(step, count - first);
      this.norm(recorder, residual, weights.mlpNorm, activations.normed, { first, count: rows }, 'mlp');
      recordMatmulSwiglu(
        recorder,
        this.pipelines.matmulSwiglu,
        { a: activations.normed, w: weights.gateUp, out: activations.gated },
        { rows, cols: intermediate, length: hidden },
        'mlp',
      );
      await recorder.pace();
      recordMatmul(
        recorder,
        this.pipelines.matmul,
        { a: activations.gated, w: weights.down, bias: this.weights.zeros, out: residual },
        { rows, outFirst: first, cols: hidden, length: intermediate, accumulate: true },
        'mlp',
      );
      await recorder.pace();
    }
  }

  /** Logits [vocab] f32 of one row of a residual chunk. */
  logits(recorder: Recorder, residual: GPUBuffer, xRow: number, out: GPUBuffer, phase = 'head'): void {
    const { finalNorm: norm, zeros: bias, head } = this.weights;
    const { hidden: length, rmsNormEps: epsilon } = this.config;
    for (const piece of head) {
      recordNormMatvec(
        recorder,
        this.pipelines.normMatvec,
        { x: residual, norm, w: piece.buffer, bias, out },
        { xRow, rows: piece.rows, outFirst: piece.first, length, epsilon },
        phase,
      );
    }
  }

  layerWeights(layer: number): ModelWeights['layers'][number] {
    const weights = this.weights.layers[layer];
    if (!weights) throw new RangeError(`no layer ${layer}`);
    return weights;
  }

  destroy(): void {
    this.gpu.memory.release(this.tables);
  }
}
