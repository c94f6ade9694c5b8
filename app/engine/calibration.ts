/** One product and one attention on a device: how long they take, and what comes out, for the choice of kernels. */
import { activationSize } from '../gpu/capabilities';
import type { Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import { matmul, recordMatmul } from '../kernels/matmul';
import { tiledPipelines } from '../kernels/productTiles';
import { denseFlops, recordTileAttention, tileAttentionPipeline } from '../kernels/tileAttention';
import { withLab } from './bench/lab';
import { median, worst } from './bench/noise';

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

/** Runs what `record` records, a first time and some rounds more; then reads what came out. */
async function run(
  gpu: Gpu,
  record: (recorder: Recorder) => void,
  read: () => Promise<Float64Array>,
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
    return { ms: median(times), out: await read() };
  } finally {
    await recorder.destroy();
  }
}

/** A square product in 16 bits, of seeded values: on some chips, zeros would take less time. */
export function tryProduct(gpu: Gpu): Promise<Trial> {
  const { rows } = gpu.capabilities.software ? software : measured;
  return withLab(gpu, async (lab) => {
    const pipelines = await tiledPipelines(gpu, matmul);
    const buffers = {
      a: await lab.noiseActivations(rows * rows, 1),
      w: await lab.noise(rows * rows, 2),
      bias: lab.empty(rows * 2),
      out: lab.empty(rows * rows * 4),
    };
    return run(
      gpu,
      (recorder) => {
        recordMatmul(recorder, pipelines, buffers, { rows, cols: rows, length: rows }, 'calibration');
      },
      () => lab.readF32(buffers.out, 0, rows * rows),
    );
  });
}

/** Dense attention of one chunk after as long a past. */
export function tryAttention(gpu: Gpu): Promise<Trial> {
  const { rows, heads, position } = gpu.capabilities.software ? software : measured;
  const headDim = 64;
  const keys = position + rows;
  const outputs = heads * rows * headDim;
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
  return withLab(gpu, async (lab) => {
    const pipeline = await tileAttentionPipeline(gpu, headDim);
    const unread = lab.empty(16);
    const buffers = {
      q: await lab.noise(outputs, 3),
      k: await lab.noise(heads * keys * headDim, 4),
      v: await lab.noise(heads * keys * headDim, 5),
      counts: unread,
      tiles: unread,
      columns: unread,
      out: lab.empty(outputs * activationSize(gpu.tier)),
    };
    return run(
      gpu,
      (recorder) => {
        recordTileAttention(recorder, pipeline, buffers, shape, 'calibration');
      },
      () => lab.readActivations(buffers.out, 0, outputs),
    );
  });
}

/** Whether two trials of the same work computed the same, but for rounding. */
export function agree(tried: Trial, expected: Trial): boolean {
  return tried.out.length === expected.out.length && worst(tried.out, expected.out) <= mostDifference;
}
