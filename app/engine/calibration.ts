/** One product and one attention on a device: how long they take, and what comes out, for the choice of kernels. */
import { activationSize } from '../gpu/capabilities';
import type { Gpu } from '../gpu/device';
import { readBuffer, Recorder } from '../gpu/recorder';
import { matmul, recordMatmul } from '../kernels/matmul';
import { denseFlops, recordTileAttention, tileAttentionPipeline } from '../kernels/tileAttention';
import { halfToFloat } from '../model/dtypes';
import { noise, noiseValues, worst } from './bench/noise';

export interface Trial {
  /** Milliseconds, the median of some rounds. */
  ms: number;
  /** Results by row and column, or by row, head and dim. */
  out: Float64Array;
}

/** Smaller ones leave a large GPU idle; CPUs are given less to do. */
const measured = { rows: 2_048, heads: 16, position: 2_048 };
const software = { rows: 128, heads: 1, position: 0 };
const rounds = 5;
/** The clock of a page counts in tenths of a millisecond and submitting takes one or two: as much work is timed at once. */
const leastMs = 40;
const mostLaunches = 64;
/**
 * Largest difference relative to the largest result. Kernels that are right differ by the rounding of f16 (a few
 * thousandths, as sums of some thousand terms are added in another order); one that loses a tile or a mask, by about 1.
 */
const mostDifference = 1 / 32;

/** Seeded f16 values between 1/4 and 1 of either sign: on some chips, zeros would take less time. */
function filled(gpu: Gpu, count: number, seed: number): GPUBuffer {
  const buffer = gpu.memory.allocate('calibration', count * 2);
  gpu.device.queue.writeBuffer(buffer, 0, noise(count, seed));
  return buffer;
}

/** The same as the tier stores activations. */
function activations(gpu: Gpu, count: number, seed: number): GPUBuffer {
  if (activationSize(gpu.tier) === 2) return filled(gpu, count, seed);
  const buffer = gpu.memory.allocate('calibration', count * 4);
  gpu.device.queue.writeBuffer(buffer, 0, noiseValues(count, seed));
  return buffer;
}

async function read(gpu: Gpu, from: GPUBuffer, count: number, bytes: number): Promise<Float64Array> {
  const data = await readBuffer(gpu, from, 0, count * bytes);
  return bytes === 2
    ? Float64Array.from(new Uint16Array(data), halfToFloat)
    : Float64Array.from(new Float32Array(data));
}

/** Runs what `record` records, a first time and some rounds more; then reads `out` and frees the buffers. */
async function run(
  gpu: Gpu,
  buffers: Readonly<Record<string, GPUBuffer>> & { out: GPUBuffer },
  outputs: { count: number; bytes: number },
  record: (recorder: Recorder) => void,
): Promise<Trial> {
  const recorder = new Recorder(gpu);
  try {
    const time = async (launches: number): Promise<number> => {
      const start = performance.now();
      for (let launch = 0; launch < launches; launch++) record(recorder);
      await recorder.drain();
      return (performance.now() - start) / launches;
    };
    await time(1);
    const launches = Math.max(1, Math.min(mostLaunches, Math.ceil(leastMs / (await time(1)))));
    const times: number[] = [];
    for (let round = 0; round < rounds; round++) times.push(await time(launches));
    const ms = times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Infinity;
    return { ms, out: await read(gpu, buffers.out, outputs.count, outputs.bytes) };
  } finally {
    await recorder.destroy();
    for (const buffer of new Set(Object.values(buffers))) gpu.memory.release(buffer);
  }
}

/** A square product in 16 bits. */
export async function tryProduct(gpu: Gpu): Promise<Trial> {
  const { rows } = gpu.capabilities.software ? software : measured;
  const pipeline = await gpu.pipelines.get(matmul);
  const buffers = {
    a: activations(gpu, rows * rows, 1),
    w: filled(gpu, rows * rows, 2),
    bias: gpu.memory.allocate('calibration', rows * 2),
    out: gpu.memory.allocate('calibration', rows * rows * 4),
  };
  return run(gpu, buffers, { count: rows * rows, bytes: 4 }, (recorder) => {
    recordMatmul(recorder, pipeline, buffers, { rows, cols: rows, length: rows }, 'calibration');
  });
}

/** Dense attention of one chunk after as long a past. */
export async function tryAttention(gpu: Gpu): Promise<Trial> {
  const { rows, heads, position } = gpu.capabilities.software ? software : measured;
  const headDim = 64;
  const keys = position + rows;
  const outputs = { count: heads * rows * headDim, bytes: activationSize(gpu.tier) };
  const pipeline = await tileAttentionPipeline(gpu, headDim);
  const unread = gpu.memory.allocate('calibration', 16);
  const buffers = {
    q: filled(gpu, heads * rows * headDim, 3),
    k: filled(gpu, heads * keys * headDim, 4),
    v: filled(gpu, heads * keys * headDim, 5),
    counts: unread,
    tiles: unread,
    columns: unread,
    out: gpu.memory.allocate('calibration', outputs.count * outputs.bytes),
  };
  const shape = {
    rows,
    firstRowBlock: 0,
    rowBlocks: rows / 64,
    rowPosition: position,
    keys,
    qStride: rows,
    keyStride: keys,
    heads,
    headBase: 0,
    totalHeads: heads,
    group: 1,
    headDim,
    index: null,
    flops: denseFlops(rows, position, headDim, heads),
  };
  return run(gpu, buffers, outputs, (recorder) => {
    recordTileAttention(recorder, pipeline, buffers, shape, 'calibration');
  });
}

/** Whether two trials of the same work computed the same, but for rounding. */
export function agree(tried: Trial, expected: Trial): boolean {
  return tried.out.length === expected.out.length && worst(tried.out, expected.out) <= mostDifference;
}
