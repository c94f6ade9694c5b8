/**
 * What a prefill computes in, besides its cache. Scratch that a later one of the same length takes over: where all buffers
 * of a run were kept, 32,768 tokens took 60.5 for 63.4 ms, and the time was saved before the GPU's first kernel or after its last.
 */
import type { Gpu } from '../gpu/device';
import { Activations } from './activations';
import { chunkRowsFor, planChunks, type Chunk } from './plan';
import type { Transformer } from './transformer';

type Sized = Pick<Transformer, 'gpu' | 'config' | 'queryWidth'>;

export class PrefillBuffers {
  readonly chunks: readonly Chunk[];
  readonly activations: Activations;
  readonly ids: GPUBuffer;
  /** f32 [row][hidden] of each chunk. */
  readonly residuals: readonly GPUBuffer[];
  /** Queries of the last rows, by their number. */
  readonly tails: ReadonlyMap<number, GPUBuffer>;
  readonly logits: GPUBuffer;
  private readonly gpu: Gpu;
  private readonly owned: GPUBuffer[] = [];

  /** `tailRows`: numbers of last rows whose queries are wanted, cut to `rows`. */
  constructor({ gpu, config, queryWidth }: Sized, rows: number, tailRows: readonly number[]) {
    this.gpu = gpu;
    const chunkRows = Math.min(chunkRowsFor(rows, config.hidden), Math.ceil(rows / 64) * 64);
    this.chunks = planChunks(rows, chunkRows);
    this.activations = new Activations(gpu, config, chunkRows);
    try {
      this.ids = this.scratch('ids', rows * 4);
      this.residuals = this.chunks.map(({ count }) => this.scratch('residual', count * config.hidden * 4));
      const counts = new Set(tailRows.map((wanted) => Math.min(wanted, rows)).filter((count) => count > 0));
      this.tails = new Map(
        [...counts].map((count) => [count, this.scratch('tail queries', count * queryWidth * 2)]),
      );
      this.logits = this.scratch('logits', config.vocab * 4);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  /** Zeroes all of it on the GPU, as `KvCache.settle` does: drivers do so at a buffer's first use. */
  async settle(): Promise<void> {
    const { queue } = this.gpu.device;
    const encoder = this.gpu.device.createCommandEncoder();
    for (const buffer of [...this.owned, ...this.activations.all]) encoder.clearBuffer(buffer);
    queue.submit([encoder.finish()]);
    await queue.onSubmittedWorkDone();
  }

  destroy(): void {
    this.activations.destroy();
    for (const buffer of this.owned) this.gpu.memory.release(buffer);
    this.owned.length = 0;
  }

  private scratch(label: string, bytes: number): GPUBuffer {
    const buffer = this.gpu.memory.scratch(label, bytes);
    this.owned.push(buffer);
    return buffer;
  }
}

/** Has buffers for prefills of `rows` ready, so that none of several runs that are compared is the one to make them. */
export async function reservePrefill(model: Sized, rows: number): Promise<void> {
  const buffers = new PrefillBuffers(model, rows, []);
  try {
    await buffers.settle();
  } finally {
    buffers.destroy();
  }
  // The run itself tells that there is no memory for it.
  if (model.gpu.takeFailure()) model.gpu.memory.trim();
}
