/** What kernel tests share: one device, seeded inputs, uploads, one comparison. Runs in a real Chromium only. */
import { activationSize, tiersOf, type Tier } from './capabilities';
import { openGpu, type Gpu } from './device';
import type { Specialisation, Kernel } from './kernel';
import { readBuffer, Recorder, type Binding } from './recorder';

let shared: Promise<Gpu> | undefined;

/** The test device, opened once for all files of a page. Rejects without an adapter: no GPU is a red test, never a skip. */
export function testGpu(): Promise<Gpu> {
  shared ??= openGpu();
  return shared;
}

const byTier = new Map<Tier, Promise<Gpu>>();

/** A test device of each tier that the adapter has, opened once; the best is `testGpu`'s own where that is the default. */
export async function testTiers(): Promise<Gpu[]> {
  const best = await testGpu();
  const tiers = tiersOf(best.capabilities);
  return Promise.all(
    tiers.map((tier) => {
      const gpu = tier === best.tier ? testGpu() : (byTier.get(tier) ?? openGpu({ tier }));
      byTier.set(tier, gpu);
      return gpu;
    }),
  );
}

/** Mulberry32: small, seeded, uniform in [0, 1). Plenty for test inputs. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Standard normal values times `scale`, rounded to f16 so that kernel and reference see the same numbers. */
export function normals(count: number, seed: number, scale = 1): Float32Array {
  const random = seeded(seed);
  return Float32Array.from({ length: count }, () =>
    Math.f16round(scale * Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())),
  );
}

export function uploadF32(gpu: Gpu, data: Float32Array): GPUBuffer {
  const buffer = gpu.memory.allocate('test f32', data.byteLength);
  gpu.device.queue.writeBuffer(buffer, 0, data as Float32Array<ArrayBuffer>);
  return buffer;
}

export function uploadU32(gpu: Gpu, data: Uint32Array): GPUBuffer {
  const buffer = gpu.memory.allocate('test u32', data.byteLength);
  gpu.device.queue.writeBuffer(buffer, 0, data as Uint32Array<ArrayBuffer>);
  return buffer;
}

/** Uploads as f16; the count is padded with zeros to whole vec4s. */
export function uploadHalf(gpu: Gpu, data: Float32Array): GPUBuffer {
  const half = new Float16Array(Math.ceil(data.length / 4) * 4);
  half.set(data);
  const buffer = gpu.memory.allocate('test f16', half.byteLength);
  gpu.device.queue.writeBuffer(buffer, 0, half);
  return buffer;
}

export async function downloadF32(gpu: Gpu, buffer: GPUBuffer, count: number): Promise<Float32Array> {
  return new Float32Array(await readBuffer(gpu, buffer, 0, count * 4));
}

export async function downloadU32(gpu: Gpu, buffer: GPUBuffer, count: number): Promise<Uint32Array> {
  return new Uint32Array(await readBuffer(gpu, buffer, 0, count * 4));
}

export async function downloadHalf(gpu: Gpu, buffer: GPUBuffer, count: number): Promise<Float32Array> {
  return Float32Array.from(
    new Float16Array(await readBuffer(gpu, buffer, 0, Math.ceil(count / 2) * 4)).slice(0, count),
  );
}

/** Uploads activations as the tier stores them: f16, or f32 in the portable tier. */
export function uploadActivations(gpu: Gpu, data: Float32Array): GPUBuffer {
  return activationSize(gpu.tier) === 2 ? uploadHalf(gpu, data) : uploadF32(gpu, data);
}

export function allocateActivations(gpu: Gpu, count: number): GPUBuffer {
  return gpu.memory.allocate('test activations', count * activationSize(gpu.tier));
}

export function downloadActivations(gpu: Gpu, buffer: GPUBuffer, count: number): Promise<Float32Array> {
  return activationSize(gpu.tier) === 2 ? downloadHalf(gpu, buffer, count) : downloadF32(gpu, buffer, count);
}

/** Compiles and runs one kernel once, and waits. */
export async function runKernel<Name extends string>(
  gpu: Gpu,
  kernel: Kernel<Name>,
  spec: Specialisation,
  work: {
    buffers: Readonly<Record<Name, Binding>>;
    params: Readonly<Record<string, number>>;
    workgroups: readonly [number, number?, number?];
  },
): Promise<void> {
  const pipeline = await gpu.pipelines.get(kernel, spec);
  const recorder = new Recorder(gpu);
  recorder.dispatch(pipeline, { ...work, phase: 'test', flops: 0 });
  await recorder.drain();
  await recorder.destroy();
}

/**
 * Largest |actual - expected| / (atol + rtol * |expected|); at most 1 means within tolerance.
 * NaN anywhere gives Infinity, and an expectation that is constant is refused: a test of zeros proves nothing.
 */
export function worstError(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  tolerance: { rtol: number; atol: number },
): number {
  if (actual.length !== expected.length) return Infinity;
  let worst = 0;
  let low = Infinity;
  let high = -Infinity;
  for (let index = 0; index < expected.length; index++) {
    const want = expected[index] ?? NaN;
    const error =
      Math.abs((actual[index] ?? NaN) - want) / (tolerance.atol + tolerance.rtol * Math.abs(want));
    if (!(error <= worst)) worst = Number.isNaN(error) ? Infinity : error;
    low = Math.min(low, want);
    high = Math.max(high, want);
  }
  if (expected.length > 1 && !(high - low > 1e-6))
    throw new Error('degenerate expectation: all values are equal');
  return worst;
}
