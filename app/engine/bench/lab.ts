/** What every kernel measurement needs: seeded inputs without large arrays on the CPU, buffers, time, the error. */
import { activationSize } from '../../gpu/capabilities';
import type { Gpu } from '../../gpu/device';
import { readBuffer, Recorder } from '../../gpu/recorder';

const multiplier = 1_664_525;
const increment = 1_013_904_223;

/** State of the generator after `steps` steps from `state`: a step is affine, so steps double. */
function advance(state: number, steps: number): number {
  let [factor, offset] = [multiplier, increment];
  let at = state;
  for (let left = steps; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) at = (Math.imul(at, factor) + offset) >>> 0;
    offset = (Math.imul(offset, factor) + offset) >>> 0;
    factor = Math.imul(factor, factor) >>> 0;
  }
  return at;
}

/**
 * Elements [first, first + count) of a seeded sequence of f16 bits: either sign, magnitudes in [1/4, 1), never a
 * subnormal. Any part can be made by itself, so that no array is as long as the buffer it fills.
 */
export function noise(count: number, seed: number, first = 0): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(count);
  let state = advance(Math.imul(seed, 0x9e3779b1) >>> 0, first);
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, multiplier) + increment) >>> 0;
    // The high bits of the state are the good ones: sign, one of two exponents, ten fraction bits.
    bits[at] = ((state >>> 16) & 0x8000) | ((state >>> 30) & 1 ? 0x3800 : 0x3400) | ((state >>> 20) & 0x3ff);
  }
  return bits;
}

/** Normal f16 bits to a number; what `noise` makes. */
export function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = (bits & 0x3ff) / 1024;
  return exponent === 0 ? sign * fraction * 2 ** -14 : sign * 2 ** (exponent - 15) * (1 + fraction);
}

/** The same as numbers. As no value is a subnormal, f16 bits become f32 bits by a shift and the difference of biases. */
export function noiseValues(count: number, seed: number, first = 0): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(count);
  noise(count, seed, first).forEach((bits, at) => {
    words[at] = ((bits & 0x8000) << 16) | (((bits & 0x7fff) << 13) + 0x3800_0000);
  });
  return new Float32Array(words.buffer);
}

/** The middle one; of an even number the lower middle, so that it is one that was measured. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? NaN;
}

/** Largest difference relative to the largest expected value; NaN anywhere is the largest number, which JSON can hold. */
export function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let scale = 0;
  let most = 0;
  for (let at = 0; at < expected.length; at++) {
    const want = expected[at] ?? NaN;
    const difference = Math.abs((actual[at] ?? NaN) - want);
    if (Number.isNaN(difference)) return Number.MAX_VALUE;
    scale = Math.max(scale, Math.abs(want));
    most = Math.max(most, difference);
  }
  return scale > 0 ? most / scale : Number.MAX_VALUE;
}

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
    return Float64Array.from(new Uint16Array(await readBuffer(this.gpu, buffer, first * 2, count * 2)), half);
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

  /** Times `record`, repeated so that a round lasts several ms; the first round warms up and is dropped. */
  async time(record: (recorder: Recorder) => void, signal: AbortSignal): Promise<Timed> {
    const rounds: Timed[] = [];
    let repeats = 1;
    for (let round = 0; round <= timedRounds; round++) {
      const timed = await this.round(record, repeats, signal);
      if (round > 0) rounds.push(timed);
      else repeats = Math.max(1, Math.min(50, Math.ceil(roundMs / Math.max(timed.ms, 0.1))));
    }
    const names = Object.keys(rounds[0]?.phases ?? {});
    return {
      ms: median(rounds.map(({ ms }) => ms)),
      phases: Object.fromEntries(
        names.map((name) => [name, median(rounds.map(({ phases }) => phases[name] ?? 0))]),
      ),
    };
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
