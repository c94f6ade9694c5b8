/** What every kernel measurement needs: buffers with seeded inputs, time. */
import { activationSize } from '../../gpu/capabilities';
import type { Gpu } from '../../gpu/device';
import { readBuffer, Recorder } from '../../gpu/recorder';
import { halfToFloat } from '../../model/dtypes';
import { median, noise, noiseValues } from './noise';

export interface Timed {
  /** Median milliseconds of one run: GPU time, or wall time without timestamp queries. */
  ms: number;
  /** The same by phase; empty without timestamp queries. */
  phases: Record<string, number>;
}

const uploadElements = 2 ** 22;
const timedRounds = 5;
/** A timed round lasts about this long, so that one launch doesn't count. */
const roundMs = 20;
const mostRepeats = 1_000;
/**
 * After a pause, while a reference was computed say, the same kernel took up to 1.9 times as long on an H200: its clock must
 * rise first, it is supposed. Untimed rounds go on for the least of these ms, then until the last ones agree, at most the other.
 */
const warmUpMs = { least: 250, most: 2_000 };
const settledRounds = 5;
const settledSpread = 0.02;

/** Owns the buffers of one measurement. */
export class Lab {
  private readonly buffers: GPUBuffer[] = [];
  constructor(readonly gpu: Gpu) {}

  empty(bytes: number): GPUBuffer {
    const buffer = this.gpu.memory.allocate('bench', bytes);
    this.buffers.push(buffer);
    return buffer;
  }

  /** `count` elements of `noise` as f16. */
  async noise(count: number, seed: number): Promise<GPUBuffer> {
    const buffer = this.empty(count * 2);
    for (let first = 0; first < count; first += uploadElements) {
      const part = noise(Math.min(uploadElements, count - first), seed, first);
      const even = part.length % 2 === 0 ? part : Uint16Array.from([...part, 0]);
      this.gpu.device.queue.writeBuffer(buffer, first * 2, even);
      await this.gpu.device.queue.onSubmittedWorkDone();
    }
    return buffer;
  }

  /** `count` elements of `noise` as f32. */
  noiseF32(count: number, seed: number): GPUBuffer {
    const buffer = this.empty(count * 4);
    this.gpu.device.queue.writeBuffer(buffer, 0, noiseValues(count, seed));
    return buffer;
  }

  /** `count` elements of `noise` as the tier stores activations. */
  noiseActivations(count: number, seed: number): Promise<GPUBuffer> {
    return activationSize(this.gpu.tier) === 2
      ? this.noise(count, seed)
      : Promise.resolve(this.noiseF32(count, seed));
  }

  uploadU32(data: Uint32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.empty(data.byteLength);
    this.gpu.device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }

  async readF16(buffer: GPUBuffer, first: number, count: number): Promise<Float64Array> {
    return Float64Array.from(
      new Uint16Array(await readBuffer(this.gpu, buffer, first * 2, count * 2)),
      halfToFloat,
    );
  }

  async readF32(buffer: GPUBuffer, first: number, count: number): Promise<Float64Array> {
    return Float64Array.from(new Float32Array(await readBuffer(this.gpu, buffer, first * 4, count * 4)));
  }

  /** `count` activations from element `first` on. */
  readActivations(buffer: GPUBuffer, first: number, count: number): Promise<Float64Array> {
    return activationSize(this.gpu.tier) === 2
      ? this.readF16(buffer, first, count)
      : this.readF32(buffer, first, count);
  }

  /** Times `record`, repeated so that a round lasts several ms, after rounds that warm up and are dropped. */
  async time(record: (recorder: Recorder) => void, signal: AbortSignal): Promise<Timed> {
    const repeats = await this.warmUp(record, signal);
    const rounds: Timed[] = [];
    while (rounds.length < timedRounds) rounds.push(await this.round(record, repeats, signal));
    const names = Object.keys(rounds[0]?.phases ?? {});
    return {
      ms: median(rounds.map(({ ms }) => ms)),
      phases: Object.fromEntries(
        names.map((name) => [name, median(rounds.map(({ phases }) => phases[name] ?? 0))]),
      ),
    };
  }

  /** Runs `record` until its time has settled, and gives how often it must run for a round. */
  private async warmUp(record: (recorder: Recorder) => void, signal: AbortSignal): Promise<number> {
    let last = (await this.round(record, 1, signal)).ms;
    const repeats = (): number =>
      Math.max(1, Math.min(mostRepeats, Math.ceil(roundMs / Math.max(last, 1e-3))));
    // Its clock does not change, and a round takes seconds.
    if (this.gpu.capabilities.software) return repeats();
    const times: number[] = [];
    let spent = 0;
    const settled = (): boolean => {
      const latest = times.slice(-settledRounds);
      return (
        latest.length === settledRounds &&
        Math.max(...latest) - Math.min(...latest) <= settledSpread * Math.min(...latest)
      );
    };
    while (spent < warmUpMs.most && (spent < warmUpMs.least || !settled())) {
      const count = repeats();
      last = (await this.round(record, count, signal)).ms;
      times.push(last);
      spent += last * count;
    }
    return repeats();
  }

  private async round(
    record: (recorder: Recorder) => void,
    repeats: number,
    signal: AbortSignal,
  ): Promise<Timed> {
    const recorder = new Recorder(this.gpu, signal);
    try {
      const start = performance.now();
      for (let run = 0; run < repeats; run++) {
        record(recorder);
        // Long work goes out in submits of bounded length, as it does in a prefill.
        await recorder.pace();
      }
      await recorder.drain();
      const wall = performance.now() - start;
      const measured = Object.entries((await recorder.phases())?.totals ?? {});
      const phases = Object.fromEntries(measured.map(([name, ms]) => [name, ms / repeats]));
      const sum = measured.reduce((total, [, ms]) => total + ms, 0);
      return { ms: (measured.length > 0 ? sum : wall) / repeats, phases };
    } finally {
      await recorder.destroy();
    }
  }

  destroy(): void {
    for (const buffer of this.buffers) this.gpu.memory.release(buffer);
    this.buffers.length = 0;
  }
}

/** Runs `work` with a lab of its own, freed afterwards whatever happens. */
export async function withLab<T>(gpu: Gpu, work: (lab: Lab) => Promise<T>): Promise<T> {
  const lab = new Lab(gpu);
  try {
    return await work(lab);
  } finally {
    lab.destroy();
  }
}
