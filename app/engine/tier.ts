/**
 * Which kernels an adapter gets where it has several: subgroup matrices only where they are faster, by a measurement.
 * Products and attention are measured apart, as either can gain without the other.
 */
import { tiersOf, type Tier } from '../gpu/capabilities';
import { openGpu, withTiers, type Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import { matmul, recordMatmul } from '../kernels/matmul';
import { denseFlops, recordTileAttention, tileAttentionPipeline } from '../kernels/tileAttention';
import { UserError } from '../errors';

export interface TierChoice {
  /** Of products, and of all other kernels but attention's. */
  tier: Tier;
  attentionTier: Tier;
}

/** Where the choice is kept, by adapter: measuring takes a second. */
export interface TierMemory {
  get(adapter: string): Promise<TierChoice | undefined>;
  set(adapter: string, choice: TierChoice): Promise<void>;
}

export interface OpenTierOptions {
  /** Use this one for everything. Throws a `UserError` 'bad-setting' where the adapter lacks it. */
  tier?: Tier | undefined;
  memory?: TierMemory | undefined;
}

/** Smaller ones leave a large GPU idle; CPUs are given less to do. */
const measured = { rows: 2_048, heads: 16, position: 2_048 };
const software = { rows: 128, heads: 1, position: 0 };
const rounds = 5;
/** The clock of a page counts in tenths of a millisecond and submitting takes one or two: as much work is timed at once. */
const leastMs = 40;
const mostLaunches = 64;
/** Subgroup matrices must be this much faster: a change of kernels between two visits has a price as well. */
const leastGain = 1.05;

/** 16-bit operands: what they are doesn't matter to the time; zeros would, on some chips, but f16 bits of 0x3555 are a third. */
function thirds(gpu: Gpu, count: number): GPUBuffer {
  const values = new Uint16Array(count).fill(0x3555);
  const buffer = gpu.memory.allocate('calibration', values.byteLength);
  gpu.device.queue.writeBuffer(buffer, 0, values);
  return buffer;
}

/** Milliseconds of what `record` records, the median of some rounds after a first one; then frees the buffers. */
async function medianMs(
  gpu: Gpu,
  buffers: readonly GPUBuffer[],
  record: (recorder: Recorder) => void,
): Promise<number> {
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
    return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Infinity;
  } finally {
    await recorder.destroy();
    for (const buffer of buffers) gpu.memory.release(buffer);
  }
}

/** Milliseconds of a square product in 16 bits on this device. */
export async function productMs(gpu: Gpu): Promise<number> {
  const { rows } = gpu.capabilities.software ? software : measured;
  const pipeline = await gpu.pipelines.get(matmul);
  const buffers = {
    // Twice the bytes of 16 bits, as the portable tier's activations are f32.
    a: thirds(gpu, rows * rows * 2),
    w: thirds(gpu, rows * rows),
    bias: gpu.memory.allocate('calibration', 16),
    out: gpu.memory.allocate('calibration', rows * rows * 4),
  };
  return medianMs(gpu, Object.values(buffers), (recorder) => {
    recordMatmul(recorder, pipeline, buffers, { rows, cols: rows, length: rows }, 'calibration');
  });
}

/** Milliseconds of dense attention of one chunk after as long a past on this device. */
export async function attentionMs(gpu: Gpu): Promise<number> {
  const { rows, heads, position } = gpu.capabilities.software ? software : measured;
  const headDim = 64;
  const keys = position + rows;
  const pipeline = await tileAttentionPipeline(gpu, headDim);
  const unread = gpu.memory.allocate('calibration', 16);
  const buffers = {
    q: thirds(gpu, heads * rows * headDim),
    k: thirds(gpu, heads * keys * headDim),
    v: thirds(gpu, heads * keys * headDim),
    counts: unread,
    tiles: unread,
    columns: unread,
    out: gpu.memory.allocate('calibration', heads * rows * headDim * 4),
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
  return medianMs(gpu, Object.values(buffers), (recorder) => {
    recordTileAttention(recorder, pipeline, buffers, shape, 'calibration');
  });
}

function nameOf({ vendor, architecture, description }: Gpu['capabilities']): string {
  return [vendor, architecture, description].join(' ');
}

/** A device with the fastest kernels that its adapter has, or with those asked for. */
export async function openFastest({ tier, memory }: OpenTierOptions = {}): Promise<Gpu> {
  if (tier !== undefined) return openTier(tier);
  const gpu = await openGpu();
  if (gpu.capabilities.subgroupMatrix === null) return gpu;
  const adapter = nameOf(gpu.capabilities);
  const known = await memory?.get(adapter);
  if (known) return withTiers(gpu, known.tier, known.attentionTier);
  const rival = withTiers(gpu, 'subgroup-matrix', 'subgroup-matrix');
  const faster = async (time: (of: Gpu) => Promise<number>): Promise<Tier> => {
    // The feature is experimental: where its kernels can't be built or run, the others are the fastest.
    const rivalMs = await time(rival).catch(() => Infinity);
    gpu.takeFailure();
    return rivalMs * leastGain < (await time(gpu)) ? rival.tier : gpu.tier;
  };
  const choice = { tier: await faster(productMs), attentionTier: await faster(attentionMs) };
  await memory?.set(adapter, choice);
  return withTiers(gpu, choice.tier, choice.attentionTier);
}

async function openTier(tier: Tier): Promise<Gpu> {
  const gpu = await openGpu({ tier });
  const has = tiersOf(gpu.capabilities);
  if (has.includes(tier)) return gpu;
  gpu.destroy();
  throw new UserError(
    'bad-setting',
    `tier: this adapter has no ${tier} kernels.`,
    `It has ${has.join(', ')}.`,
  );
}
