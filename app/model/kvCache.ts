/** Keys and values of every layer, [kvHead][stride][headDim] half, split by KV head where one binding would overflow. */
import type { Gpu } from '../gpu/device';
import type { ModelConfig } from './config';

/** Key/value heads [kvHeadBase, …) and the query heads that read them, as one binding each. */
export interface CacheRange {
  /** First query head and number of query heads. */
  headBase: number;
  heads: number;
  kvHeadBase: number;
  kvHeads: number;
  k: GPUBufferBinding;
  v: GPUBufferBinding;
}

/** Rows of a cache that holds `tokens`: whole 64-wide tiles, so that a tile load never leaves the head. */
export function cacheStride(tokens: number): number {
  return Math.ceil(tokens / 64) * 64;
}

/** Kernels index elements with u32 and buffers with u32 bytes in places: stay below 2^32 of both. */
const mostBytes = 2 ** 32 - 256;

/** KV heads one buffer and binding can hold under the limits; at least one, which may then fail to allocate. */
export function kvHeadsEach(
  config: Pick<ModelConfig, 'kvHeads' | 'headDim'>,
  stride: number,
  limits: { maxBufferSize: number; maxStorageBufferBindingSize: number },
): number {
  const head = stride * config.headDim * 2;
  const most = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize, mostBytes);
  let each = config.kvHeads;
  while (each > 1 && (each * head > most || config.kvHeads % each !== 0)) each--;
  return each;
}

export class KvCache {
  /** Tokens it can hold, rounded up to whole tiles. */
  readonly stride: number;
  /** Tokens whose keys and values are in it. */
  length = 0;
  private readonly layers: CacheRange[][] = [];
  private readonly buffers: GPUBuffer[] = [];

  constructor(
    private readonly gpu: Gpu,
    config: Pick<ModelConfig, 'layers' | 'heads' | 'kvHeads' | 'headDim'>,
    tokens: number,
  ) {
    this.stride = cacheStride(tokens);
    const each = kvHeadsEach(config, this.stride, gpu.capabilities.limits);
    const bytes = each * this.stride * config.headDim * 2;
    const group = config.heads / config.kvHeads;
    try {
      for (let layer = 0; layer < config.layers; layer++) {
        const ranges: CacheRange[] = [];
        for (let kvHeadBase = 0; kvHeadBase < config.kvHeads; kvHeadBase += each) {
          const [k, v] = ['keys', 'values'].map((what) => {
            const buffer = gpu.memory.allocate(`${what} of layer ${layer}`, bytes);
            this.buffers.push(buffer);
            return { buffer };
          }) as [GPUBufferBinding, GPUBufferBinding];
          ranges.push({ headBase: kvHeadBase * group, heads: each * group, kvHeadBase, kvHeads: each, k, v });
        }
        this.layers.push(ranges);
      }
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  layer(index: number): readonly CacheRange[] {
    return this.layers[index] ?? [];
  }

  /**
   * Has the GPU zero all of it now: drivers do so at a buffer's first use, and that should not fall into a timed run.
   * False where there was no memory for it.
   */
  async settle(): Promise<boolean> {
    const { device } = this.gpu;
    const encoder = device.createCommandEncoder();
    for (const buffer of this.buffers) encoder.clearBuffer(buffer);
    device.pushErrorScope('out-of-memory');
    device.pushErrorScope('validation');
    device.queue.submit([encoder.finish()]);
    const failures = await Promise.all([device.popErrorScope(), device.popErrorScope()]);
    await device.queue.onSubmittedWorkDone();
    return failures.every((failure) => failure === null);
  }

  destroy(): void {
    for (const buffer of this.buffers) this.gpu.memory.release(buffer);
    this.buffers.length = 0;
  }
}
