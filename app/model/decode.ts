/** One token at a time over the dense cache, for dense and sparse prefills alike. */
import { activationSize } from '../gpu/capabilities';
import { Recorder } from '../gpu/recorder';
import { recordDecodeAttention } from '../kernels/decodeAttention';
import { recordDecodeMerge } from '../kernels/decodeMerge';
import { recordMatvec } from '../kernels/matvec';
import { recordNormMatvec } from '../kernels/normMatvec';
import { recordNormMatvecSwiglu } from '../kernels/normMatvecSwiglu';
import { recordSplitRow } from '../kernels/splitRow';
import type { KvCache } from './kvCache';
import type { Transformer } from './transformer';

/** The buffers of a decoding run; make one, call `step` per token, destroy. */
export class Decoder {
  private readonly residual: GPUBuffer;
  private readonly projected: GPUBuffer;
  private readonly query: GPUBuffer;
  private readonly partials: GPUBuffer;
  private readonly attended: GPUBuffer;
  private readonly gated: GPUBuffer;
  /** [vocab] f32 of the last step. */
  readonly logits: GPUBuffer;
  private readonly id: GPUBuffer;
  private readonly owned: GPUBuffer[] = [];
  /** One for all steps: its buffers, and bind groups for every kernel, would be made anew for each token. */
  private recorder: Recorder | null = null;

  constructor(
    private readonly model: Transformer,
    private readonly cache: KvCache,
  ) {
    const { hidden, heads, headDim, intermediate, vocab } = model.config;
    const size = activationSize(model.gpu.tier);
    this.residual = this.allocate('decode residual', hidden * 4);
    this.projected = this.allocate('decode projected', (model.queryWidth + 2 * model.kvWidth) * 4);
    this.query = this.allocate('decode query', model.queryWidth * 2);
    this.partials = this.allocate(
      'decode partial',
      heads * model.decodeAttention.splits(cache.stride) * (headDim + 2) * 4,
    );
    this.attended = this.allocate('decode attended', model.queryWidth * size);
    this.gated = this.allocate('decode gated', intermediate * size);
    this.logits = this.allocate('decode logits', vocab * 4);
    this.id = this.allocate('decode id', 4);
  }

  /** Appends token `id` to the cache and returns the logits [vocab] that follow it. */
  async step(id: number, signal?: AbortSignal): Promise<Float32Array> {
    const { model, cache } = this;
    const { config, gpu } = model;
    if (cache.length >= cache.stride) throw new RangeError('the cache is full');
    const recorder = (this.recorder ??= new Recorder(gpu, undefined, { timed: false }));
    recorder.signal = signal;
    try {
      this.begin(recorder, id);
      for (let layer = 0; layer < config.layers; layer++) {
        this.layer(recorder, layer);
        await recorder.pace();
      }
      this.end(recorder);
      const logits = new Float32Array(await recorder.drainAndRead(this.logits, config.vocab * 4));
      cache.length += 1;
      return logits;
    } catch (error) {
      // What it holds of this step must not come out with the next.
      this.recorder = null;
      await recorder.destroy();
      throw error;
    }
  }

  /** As `step`, into a recorder of the caller's and without waiting; the cache's length stays. For measurements. */
  record(recorder: Recorder, id: number): void {
    this.begin(recorder, id);
    for (let layer = 0; layer < this.model.config.layers; layer++) this.layer(recorder, layer);
    this.end(recorder);
  }

  async destroy(): Promise<void> {
    await this.recorder?.destroy();
    this.recorder = null;
    for (const buffer of this.owned) this.model.gpu.memory.release(buffer);
    this.owned.length = 0;
  }

  private begin(recorder: Recorder, id: number): void {
    const { model } = this;
    model.gpu.device.queue.writeBuffer(this.id, 0, new Uint32Array([id]));
    model.embed(recorder, this.id, 0, 1, this.residual, 'decode');
  }

  private end(recorder: Recorder): void {
    this.model.logits(recorder, this.residual, 0, this.logits, 'decode');
  }

  private layer(recorder: Recorder, layer: number): void {
    const { model, cache } = this;
    const { config, pipelines } = model;
    const { hidden, headDim, heads, kvHeads, intermediate, rmsNormEps: epsilon } = config;
    const weights = model.layerWeights(layer);
    const position = cache.length;
    const rowWidth = model.queryWidth + 2 * model.kvWidth;
    const zeros = model.weights.zeros;

    const x = this.residual;
    recordNormMatvec(
      recorder,
      pipelines.normMatvec,
      { x, norm: weights.inputNorm, w: weights.qkv, bias: weights.qkvBias, out: this.projected },
      { rows: rowWidth, length: hidden, hasBias: config.qkvBias, epsilon },
      'decode',
    );
    for (const range of cache.layer(layer)) {
      recordSplitRow(
        recorder,
        pipelines.splitRow,
        {
          x: this.projected,
          query_norm: weights.queryNorm,
          key_norm: weights.keyNorm,
          tables: model.tables,
          q: this.query,
          k: range.k,
          v: range.v,
        },
        {
          heads,
          kvHeads,
          headDim,
          range,
          keyStride: cache.stride,
          position,
          hasNorm: config.qkNorm,
          epsilon,
          coarseRows: model.coarseRows,
        },
        'decode',
      );
    }
    const keys = position + 1;
    for (const range of cache.layer(layer)) {
      recordDecodeAttention(
        recorder,
        model.decodeAttention,
        { q: this.query, k: range.k, v: range.v, partials: this.partials },
        {
          keys,
          keyStride: cache.stride,
          heads: range.heads,
          headBase: range.headBase,
          group: heads / kvHeads,
          headDim,
        },
        'decode',
      );
    }
    recordDecodeMerge(
      recorder,
      pipelines.decodeMerge,
      { partials: this.partials, out: this.attended },
      { splits: model.decodeAttention.splits(keys), heads, headDim },
      'decode',
    );
    recordMatvec(
      recorder,
      pipelines.matvec,
      { a: this.attended, w: weights.output, bias: weights.outputBias, out: this.residual },
      { rows: hidden, length: model.queryWidth, hasBias: config.outputBias, accumulate: true },
      'decode',
    );
    recordNormMatvecSwiglu(
      recorder,
      pipelines.normMatvecSwiglu,
      { x, norm: weights.mlpNorm, w: weights.gateUp, out: this.gated },
      { rows: intermediate, length: hidden, epsilon },
      'decode',
    );
    recordMatvec(
      recorder,
      pipelines.matvec,
      { a: this.gated, w: weights.down, bias: zeros, out: this.residual },
      { rows: hidden, length: intermediate, accumulate: true },
      'decode',
    );
  }

  private allocate(label: string, bytes: number): GPUBuffer {
    const buffer = this.model.gpu.memory.allocate(label, bytes);
    this.owned.push(buffer);
    return buffer;
  }
}
