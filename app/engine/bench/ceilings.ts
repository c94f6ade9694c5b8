/** What the adapter gives plain code in the same run: copies, and a register-tiled product in f32 and f16. */
import type { Gpu } from '../../gpu/device';
import { plainCopy, recordPlainCopy } from '../../kernels/plainCopy';
import { plainProduct, recordPlainProduct } from '../../kernels/plainProduct';
import { withLab } from './lab';
import { noiseValues, worst } from './noise';
import type { Ceilings, KernelMeasurement } from './types';

/** Bytes copied by buffer to buffer: far more than a last-level cache holds. */
const copyBytes = 2 ** 28;
const copyWallMs = 100;

/** Reads and writes are both counted. Wall time of enough copies that submitting them doesn't count. */
export function measureCopy(gpu: Gpu, signal: AbortSignal): Promise<KernelMeasurement> {
  return withLab(gpu, async (lab) => {
    const { software } = gpu.capabilities;
    const bytes = software ? 2 ** 22 : copyBytes;
    const [from, to] = [lab.empty(bytes), lab.empty(bytes)];
    const copies = async (count: number): Promise<number> => {
      signal.throwIfAborted();
      const start = performance.now();
      const encoder = gpu.device.createCommandEncoder();
      for (let run = 0; run < count; run++) encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
      gpu.device.queue.submit([encoder.finish()]);
      await gpu.device.queue.onSubmittedWorkDone();
      return performance.now() - start;
    };
    await copies(1);
    const rough = (await copies(4)) / 4;
    const count = software ? 2 : Math.max(4, Math.min(2_000, Math.ceil(copyWallMs / rough)));
    let ms = Infinity;
    for (let round = 0; round < 4; round++) ms = Math.min(ms, (await copies(count)) / count);
    return {
      kernel: 'copy',
      shape: `${bytes / 2 ** 20} MiB`,
      tokens: null,
      error: null,
      tolerance: 0,
      ms,
      rate: (2 * bytes) / ms / 1e6,
      unit: 'GB/s',
    };
  });
}

/** A copy by a kernel; reads and writes are both counted. */
export async function measurePlainCopy(gpu: Gpu, signal: AbortSignal): Promise<KernelMeasurement> {
  const bytes = gpu.capabilities.software ? 2 ** 22 : copyBytes;
  const pipeline = await gpu.pipelines.get(plainCopy);
  return withLab(gpu, async (lab) => {
    const seed = 3;
    const count = bytes / 2;
    const [a, out] = [await lab.noise(count, seed), lab.empty(bytes)];
    const { ms } = await lab.time((recorder) => {
      recordPlainCopy(recorder, pipeline, { a, out }, bytes, 'bench');
    }, signal);
    const last = 1_024;
    const actual = await lab.readF16(out, count - last, last);
    return {
      kernel: 'plain copy',
      shape: `${bytes / 2 ** 20} MiB`,
      tokens: null,
      error: worst(actual, noiseValues(last, seed, count - last)),
      tolerance: 0,
      ms,
      rate: (2 * bytes) / ms / 1e6,
      unit: 'GB/s',
    };
  });
}

/** null for f16 where the adapter has none. */
export async function measurePlainProduct(
  gpu: Gpu,
  type: 'f32' | 'f16',
  signal: AbortSignal,
): Promise<KernelMeasurement | null> {
  if (type === 'f16' && !gpu.flags.has('f16')) return null;
  const size = gpu.capabilities.software ? 128 : 4_096;
  const length = gpu.capabilities.software ? 64 : 4_096;
  const pipeline = await gpu.pipelines.get(plainProduct, type === 'f16' ? {} : { without: ['f16'] });
  return withLab(gpu, async (lab) => {
    const input = (seed: number) =>
      type === 'f16' ? lab.noise(size * length, seed) : Promise.resolve(lab.noiseF32(size * length, seed));
    const buffers = { a: await input(1), w: await input(2), out: lab.empty(size * size * 4) };
    const shape = { rows: size, cols: size, length };
    const { ms } = await lab.time((recorder) => {
      recordPlainProduct(recorder, pipeline, buffers, shape, 'bench');
    }, signal);

    // The last row: a is [length][rows].
    const row = size - 1;
    const expected = new Float64Array(size);
    for (let k = 0; k < length; k++) {
      const [value = NaN] = noiseValues(1, 1, k * size + row);
      noiseValues(size, 2, k * size).forEach((weight, col) => {
        expected[col] = (expected[col] ?? NaN) + value * weight;
      });
    }
    const read = type === 'f16' ? lab.readF16.bind(lab) : lab.readF32.bind(lab);
    const actual = await read(buffers.out, row * size, size);
    return {
      kernel: `plain product ${type}`,
      shape: `${size} x ${size} x ${length}`,
      tokens: null,
      error: worst(actual, expected),
      // Sums of 4,096 terms: f16 loses up to 2^-12 of the sum so far at each of them (0.030 when measured).
      tolerance: type === 'f16' ? 0.06 : 1e-5,
      ms,
      rate: (2 * size * size * length) / ms / 1e9,
      unit: 'TFLOP/s',
    };
  });
}

/** The faster copy counts. Throws unless a copy and the f32 product are among `measured`. */
export function ceilingsOf(measured: readonly KernelMeasurement[]): Ceilings {
  const rateOf = (kernel: string): number | null =>
    measured.find((measurement) => measurement.kernel === kernel)?.rate ?? null;
  const f32 = rateOf('plain product f32');
  const copy = Math.max(rateOf('copy') ?? 0, rateOf('plain copy') ?? 0);
  if (f32 === null || copy === 0) throw new RangeError('no ceilings were measured');
  return { f32, f16: rateOf('plain product f16'), copy };
}
