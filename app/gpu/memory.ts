/** GPU buffers with an owner, a label and an account of bytes: WebGPU has no query for memory in use. */
import { UserError } from '../errors';
import type { Capabilities } from './capabilities';

export class GpuMemory {
  private readonly live = new Map<GPUBuffer, number>();
  /** Released scratch, and which of the live buffers are scratch. */
  private idle: GPUBuffer[] = [];
  private readonly scratches = new WeakSet<GPUBuffer>();
  private idleBytes = 0;
  private used = 0;
  private top = 0;

  constructor(
    private readonly device: GPUDevice,
    private readonly capabilities: Capabilities,
  ) {}

  /** Bytes in live buffers; scratch that waits to be taken again is not among them. */
  get bytes(): number {
    return this.used;
  }

  /** Most bytes held at once since the last `resetPeak()`, scratch that waited included. */
  get peakBytes(): number {
    return this.top;
  }

  resetPeak(): void {
    this.top = this.used + this.idleBytes;
  }

  /** A zeroed buffer of at least `bytes`, rounded up to 16 (kernels read vec4s); released with `release()`. */
  allocate(
    label: string,
    bytes: number,
    usage: GPUBufferUsageFlags = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
  ): GPUBuffer {
    const size = sizeOf(bytes);
    const limit = this.capabilities.limits.maxBufferSize;
    if (size > limit) {
      throw new UserError(
        'limit-too-small',
        `One GPU buffer (${label}) would need ${formatBytes(size)}, and this adapter allows ${formatBytes(limit)}.`,
        'Use a shorter context or a smaller model.',
      );
    }
    return this.keep(this.device.createBuffer({ label, size, usage }));
  }

  /**
   * As `allocate`, but what is in it is undefined: a buffer of this size and use that was released before is taken again.
   * Where there is none, runs are of another size now, and all that waits is freed before more is asked for.
   */
  scratch(
    label: string,
    bytes: number,
    usage: GPUBufferUsageFlags = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST | GPUBufferUsage.COPY_SRC,
  ): GPUBuffer {
    const size = sizeOf(bytes);
    const at = this.idle.findIndex((buffer) => buffer.size === size && buffer.usage === usage);
    const [found] = at < 0 ? [] : this.idle.splice(at, 1);
    if (found) {
      this.idleBytes -= size;
      found.label = label;
      return this.keep(found);
    }
    this.trim();
    const buffer = this.allocate(label, bytes, usage);
    this.scratches.add(buffer);
    return buffer;
  }

  /** Frees scratch that waits. */
  trim(): void {
    for (const buffer of this.idle) buffer.destroy();
    this.idle = [];
    this.idleBytes = 0;
  }

  release(buffer: GPUBuffer): void {
    const size = this.live.get(buffer);
    if (size === undefined) return;
    this.live.delete(buffer);
    this.used -= size;
    if (this.scratches.has(buffer)) {
      this.idle.push(buffer);
      this.idleBytes += size;
    } else buffer.destroy();
  }

  destroy(): void {
    for (const buffer of this.live.keys()) this.release(buffer);
    this.trim();
  }

  private keep(buffer: GPUBuffer): GPUBuffer {
    this.live.set(buffer, buffer.size);
    this.used += buffer.size;
    this.top = Math.max(this.top, this.used + this.idleBytes);
    return buffer;
  }
}

function sizeOf(bytes: number): number {
  return Math.max(16, Math.ceil(bytes / 16) * 16);
}

export function formatBytes(bytes: number): string {
  return bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(1)} GiB` : `${Math.ceil(bytes / 2 ** 20)} MiB`;
}
