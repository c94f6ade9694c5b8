/**
 * Records dispatches into paced submits, with timestamps by phase. One recorder serves one run.
 * Nothing is read back until `drainAndRead()`; `pace()` is where a run waits, measures and can be cancelled.
 */
import { UserError } from '../errors';
import { BindGroups, type Binding } from './bindGroups';
import type { Gpu } from './device';
import type { Pipeline } from './kernel';

export { placeOf, type Binding } from './bindGroups';

export interface Dispatch<Name extends string> {
  readonly buffers: Readonly<Record<Name, Binding>>;
  readonly params: Readonly<Record<string, number>>;
  readonly workgroups: readonly [number, number?, number?];
  /** Phase that its GPU time is booked under. */
  readonly phase: string;
  /** Floating-point operations, for pacing; an estimate is fine. */
  readonly flops: number;
}

/** Uniform slots are 256 bytes: the largest `minUniformBufferOffsetAlignment` that WebGPU allows. */
const slotBytes = 256;
const slots = 1024;
/** Two full submits in flight keep the GPU busy while the next is recorded, and bound what a cancel must wait for. */
const maxInFlight = 2;
const maxQueries = 2048;
/**
 * Share of a full submit that the first one after an idle GPU holds; each further one twice the last. The GPU starts
 * on it while the rest is recorded: recording a prompt of 32,768 tokens took 19 ms of its 138 on an H200.
 */
const firstShare = 1 / 32;
/** Likewise in dispatches: a short prompt is less work than any share, and takes as long to record as to compute. */
const firstDispatches = 16;

export class Recorder {
  private readonly arena: GPUBuffer;
  private readonly staging = new Uint8Array(slotBytes * slots);
  private slot = 0;
  private encoder: GPUCommandEncoder | null = null;
  private pass: GPUComputePassEncoder | null = null;
  private passPhase = '';
  private passSection: number | null = null;
  /** Part of the run, such as a layer, that the GPU time of what is recorded next is booked under too; null: none. */
  section: number | null = null;
  private flops = 0;
  /** How many times the first submit after an idle GPU the next one holds. */
  private ramp = 1;
  private inFlight: Promise<void>[] = [];
  private flopsInFlight = 0;
  private lastDone = 0;
  private readonly stamps: TimestampLog | null;
  private nothing: GPUBuffer | null = null;
  private landing: GPUBuffer | null = null;
  private readonly groups: BindGroups;

  /** `timed` false: `phases()` answers null, for many short runs that nobody asks. */
  constructor(
    private readonly gpu: Gpu,
    /** Ends the run; may be another one after each `drain`. */
    public signal?: AbortSignal,
    { timed = true } = {},
  ) {
    this.arena = gpu.memory.scratch(
      'params',
      slotBytes * slots,
      GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
    );
    this.groups = new BindGroups(gpu.device, this.arena);
    this.stamps = timed && gpu.capabilities.timestamps ? new TimestampLog(gpu) : null;
  }

  /** Stands in for a buffer that a kernel declares as written and a dispatch leaves alone. */
  get unused(): GPUBuffer {
    this.nothing ??= this.gpu.memory.allocate('unused', 16);
    return this.nothing;
  }

  dispatch<Name extends string>(pipeline: Pipeline<Name>, work: Dispatch<Name>): void {
    const [x, y = 1, z = 1] = work.workgroups;
    if (x === 0 || y === 0 || z === 0) return;
    // Work between two calls of `pace` may be more than a submit should hold.
    if (this.slot === slots || this.flops >= this.gpu.pacer.submitFlops) this.submit();
    const group = this.groups.get(pipeline, work.buffers);
    // May submit, where the timestamps are full, after which slots begin anew: the dispatch's own is known only now.
    const pass = this.passFor(work.phase);
    this.staging.set(pipeline.params.write(work.params), this.slot * slotBytes);
    pass.setPipeline(pipeline.pipeline);
    pass.setBindGroup(0, group, [this.slot * slotBytes]);
    pass.dispatchWorkgroups(x, y, z);
    this.slot++;
    this.flops += work.flops;
  }

  copy(from: GPUBuffer, fromOffset: number, to: GPUBuffer, toOffset: number, bytes: number): void {
    this.endPass();
    this.openEncoder().copyBufferToBuffer(from, fromOffset, to, toOffset, bytes);
  }

  clear(buffer: GPUBuffer): void {
    this.endPass();
    this.openEncoder().clearBuffer(buffer);
  }

  /** Submits when a submit's worth of work is recorded, and waits while two such are in flight. Throws on abort. */
  async pace(): Promise<void> {
    this.signal?.throwIfAborted();
    const { submitFlops } = this.gpu.pacer;
    const share = Math.min(1, firstShare * this.ramp);
    if (this.flops >= submitFlops * share || this.slot >= firstDispatches * this.ramp) {
      this.submit();
      this.ramp *= 2;
    }
    while (this.inFlight.length >= maxInFlight && this.flopsInFlight >= submitFlops) {
      await this.inFlight[0];
      this.check();
    }
    this.signal?.throwIfAborted();
  }

  /** Submits what is left and waits for the GPU. */
  async drain(): Promise<void> {
    this.submit();
    await this.idle();
  }

  /**
   * As `drain`, and gives `bytes` (a multiple of 4) of `from`. Their copy goes out with what is left, so that the page waits
   * for the GPU once: a further trip to the browser's GPU process takes a millisecond or two.
   */
  async drainAndRead(from: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
    const { gpu } = this;
    const landing = this.landingOf(bytes);
    this.copy(from, 0, landing, 0, bytes);
    this.submit();
    await Promise.all([mapped(gpu, landing), this.idle()]);
    const data = landing.getMappedRange(0, bytes).slice(0);
    landing.unmap();
    return data;
  }

  /** A buffer that the page can read, kept for the next time. */
  private landingOf(bytes: number): GPUBuffer {
    const { memory } = this.gpu;
    if (this.landing && this.landing.size < bytes) {
      memory.release(this.landing);
      this.landing = null;
    }
    this.landing ??= memory.allocate('read back', bytes, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
    return this.landing;
  }

  /** When the GPU was last seen to have finished a submit, as `performance.now()`. */
  get finishedAt(): number {
    return this.lastDone;
  }

  private async idle(): Promise<void> {
    await Promise.all(this.inFlight);
    this.ramp = 1;
    this.check();
    this.signal?.throwIfAborted();
  }

  /** GPU time since the last call, or null without timestamp queries. Call after `drain()`. */
  async phases(): Promise<PhaseTimes | null> {
    return this.stamps ? this.stamps.read() : null;
  }

  /** Waits for what is in flight, whatever became of it, then frees. Safe to call twice. */
  async destroy(): Promise<void> {
    this.endPass();
    this.encoder = null;
    await Promise.allSettled(this.inFlight);
    this.gpu.memory.release(this.arena);
    if (this.nothing) this.gpu.memory.release(this.nothing);
    if (this.landing) this.gpu.memory.release(this.landing);
    this.stamps?.destroy();
  }

  private check(): void {
    const failure = this.gpu.takeFailure();
    if (failure) throw failure;
  }

  private openEncoder(): GPUCommandEncoder {
    this.encoder ??= this.gpu.device.createCommandEncoder({ label: 'run' });
    return this.encoder;
  }

  private passFor(phase: string): GPUComputePassEncoder {
    if (this.pass && this.passPhase === phase && this.passSection === this.section) return this.pass;
    this.endPass();
    if (this.stamps?.full) this.submit();
    const timestampWrites = this.stamps?.next({ phase, section: this.section });
    this.passPhase = phase;
    this.passSection = this.section;
    this.pass = this.openEncoder().beginComputePass({
      label: phase,
      ...(timestampWrites && { timestampWrites }),
    });
    return this.pass;
  }

  private endPass(): void {
    this.pass?.end();
    this.pass = null;
    this.passPhase = '';
  }

  private submit(): void {
    this.endPass();
    if (!this.encoder) return;
    const { device, pacer, stall } = this.gpu;
    if (this.stamps?.full) this.stamps.resolve(this.encoder);
    // Queue order makes one arena enough: this write happens after earlier submits have run.
    device.queue.writeBuffer(this.arena, 0, this.staging, 0, this.slot * slotBytes);
    device.queue.submit([this.encoder.finish()]);
    stall.submitted();
    const flops = this.flops;
    const recorded = performance.now();
    this.flopsInFlight += flops;
    const done = device.queue.onSubmittedWorkDone().then(() => {
      const now = performance.now();
      stall.finished();
      this.flopsInFlight -= flops;
      pacer.record(flops, now - Math.max(recorded, this.lastDone));
      this.lastDone = now;
      this.inFlight = this.inFlight.filter((entry) => entry !== done);
    });
    this.inFlight.push(done);
    this.encoder = null;
    this.slot = 0;
    this.flops = 0;
  }
}

/** Milliseconds of GPU time by phase: in all, and of each section that was named. */
export interface PhaseTimes {
  totals: Record<string, number>;
  sections: Record<string, number>[];
}

/** What a pass's time is booked under. */
interface PassLabel {
  phase: string;
  section: number | null;
}

/** Sets of recorders that are gone. */
const idleSets = new WeakMap<Gpu, GPUQuerySet[]>();

/**
 * Timestamps at the ends of passes, kept in their set until they are asked for or it is full: resolving them with every submit
 * let the GPU wait for the browser's GPU process, 2 to 3 ms of a prefill of any length on an H200.
 */
class TimestampLog {
  private readonly set: GPUQuerySet;
  private readonly resolved: GPUBuffer;
  private pending: PassLabel[] = [];
  private batches: { buffer: GPUBuffer; passes: PassLabel[] }[] = [];

  constructor(private readonly gpu: Gpu) {
    this.set =
      idleSets.get(gpu)?.pop() ??
      gpu.device.createQuerySet({ label: 'phases', type: 'timestamp', count: maxQueries });
    this.resolved = gpu.memory.scratch(
      'timestamps',
      maxQueries * 8,
      GPUBufferUsage.QUERY_RESOLVE | GPUBufferUsage.COPY_SRC,
    );
  }

  get full(): boolean {
    return (this.pending.length + 1) * 2 > maxQueries;
  }

  next(label: PassLabel): GPUComputePassTimestampWrites {
    const begin = this.pending.length * 2;
    this.pending.push(label);
    return { querySet: this.set, beginningOfPassWriteIndex: begin, endOfPassWriteIndex: begin + 1 };
  }

  resolve(encoder: GPUCommandEncoder): void {
    const count = this.pending.length * 2;
    if (count === 0) return;
    const buffer = this.gpu.memory.allocate(
      'timestamps read',
      count * 8,
      GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST,
    );
    encoder.resolveQuerySet(this.set, 0, count, this.resolved, 0);
    encoder.copyBufferToBuffer(this.resolved, 0, buffer, 0, count * 8);
    this.batches.push({ buffer, passes: this.pending });
    this.pending = [];
  }

  async read(): Promise<PhaseTimes> {
    const totals: Record<string, number> = {};
    const sections: Record<string, number>[] = [];
    if (this.pending.length > 0) {
      const encoder = this.gpu.device.createCommandEncoder();
      this.resolve(encoder);
      this.gpu.device.queue.submit([encoder.finish()]);
    }
    const { batches } = this;
    this.batches = [];
    for (const { buffer, passes } of batches) {
      await buffer.mapAsync(GPUMapMode.READ);
      const stamps = new BigUint64Array(buffer.getMappedRange());
      passes.forEach(({ phase, section }, index) => {
        const begin = stamps[index * 2] ?? 0n;
        const end = stamps[index * 2 + 1] ?? 0n;
        // Timestamps may be zero or run backwards across a GPU reset; such a pair says nothing.
        if (end <= begin) return;
        const ms = Number(end - begin) / 1e6;
        totals[phase] = (totals[phase] ?? 0) + ms;
        if (section === null) return;
        const times = (sections[section] ??= {});
        times[phase] = (times[phase] ?? 0) + ms;
      });
      buffer.unmap();
      this.gpu.memory.release(buffer);
    }
    return { totals, sections: Array.from(sections, (times) => times ?? {}) };
  }

  destroy(): void {
    idleSets.set(this.gpu, [...(idleSets.get(this.gpu) ?? []), this.set]);
    this.gpu.memory.release(this.resolved);
    for (const { buffer } of this.batches) this.gpu.memory.release(buffer);
  }
}

/** Maps for reading; a lost device is told as such. */
async function mapped(gpu: Gpu, staging: GPUBuffer): Promise<void> {
  await staging.mapAsync(GPUMapMode.READ).catch((error: unknown) => {
    throw (
      gpu.takeFailure() ??
      new UserError(
        'device-lost',
        'The connection to the GPU was lost.',
        'Load the model again; if it happens twice, use a shorter prompt.',
        String(error),
      )
    );
  });
}

/** Copies `bytes` of a buffer to the CPU. Throws a `UserError` when the device is gone. */
export async function readBuffer(
  gpu: Gpu,
  from: GPUBuffer,
  offset: number,
  bytes: number,
): Promise<ArrayBuffer> {
  const size = Math.ceil(bytes / 4) * 4;
  const staging = gpu.memory.allocate('read back', size, GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST);
  try {
    const encoder = gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, offset, staging, 0, size);
    gpu.device.queue.submit([encoder.finish()]);
    await mapped(gpu, staging);
    return staging.getMappedRange().slice(0, bytes);
  } finally {
    gpu.memory.release(staging);
  }
}
