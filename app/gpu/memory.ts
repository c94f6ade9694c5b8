/** GPU buffers with an owner, a label and an account of bytes: WebGPU has no query for memory in use. */
import { UserError } from '../errors';
import type { Capabilities } from './capabilities';

export class GpuMemory {
  private readonly live = new Map<GPUBuffer, number>();
  private used = 0;
  private top = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly capabilities: Capabilities,
  ) {}

  /** Bytes in live buffers. */
  get bytes(): number {
    return this.used;
  }

  /** Most bytes live at once since the last `resetPeak()`. */
  get peakBytes(): number {
    return this.top;
  }

  resetPeak(): void {
    this.top = this.used;
  }

  /** A zeroed buffer of at least `bytes`, rounded up to 16 (kernels read vec4s); released with `release()`. */
  allocate(
    label: string,
    bytes: number,
    usage: GPUBufferUsageFlags = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
  ): GPUBuffer {
    const size = Math.max(16, Math.ceil(bytes / 16) * 16);
    const limit = this.capabilities.limits.maxBufferSize;
    if (size > limit) {
      throw new UserError(
        'limit-too-small',
        `One GPU buffer (${label}) would need ${formatBytes(size)}, and this adapter allows ${formatBytes(limit)}.`,
        'Use a shorter context or a smaller model.',
      );
    }
    const buffer = this.device.createBuffer({ label, size, usage });
    this.live.set(buffer, size);
    this.used += size;
    this.top = Math.max(this.top, this.used);
    return buffer;
  }

  release(buffer: GPUBuffer): void {
    const size = this.live.get(buffer);
    if (size === undefined) return;
    this.live.delete(buffer);
    this.used -= size;
    buffer.destroy();
  }

  destroy(): void {
    for (const buffer of this.live.keys()) this.release(buffer);
  }
}

export function formatBytes(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
