/** Which kernels an adapter gets where it has several: subgroup matrices only where they are faster, by a measurement. */
import { tiersOf, type Tier } from '../gpu/capabilities';
import { openGpu, type Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import { matmul, recordMatmul } from '../kernels/matmul';
import { UserError } from '../errors';

/** Where the choice is kept, by adapter: measuring takes a second. */
export interface TierMemory {
  get(adapter: string): Promise<Tier | undefined>;
  set(adapter: string, tier: Tier): Promise<void>;
}

export interface OpenTierOptions {
  /** Use this one. Throws a `UserError` 'bad-setting' where the adapter lacks it. */
  tier?: Tier | undefined;
  memory?: TierMemory | undefined;
}

/** Smaller ones leave a large GPU idle; CPUs are given less to do. */
const measuredRows = 2_048;
const softwareRows = 128;
const rounds = 5;
/** The clock of a page counts in tenths of a millisecond and submitting takes one or two: as much work is timed at once. */
const leastMs = 40;
const mostLaunches = 64;
/** Subgroup matrices must be this much faster: a change of kernels between two visits has a price as well. */
const leastGain = 1.05;

/** Milliseconds of a square product in 16 bits on this device, the median of some rounds after a first one. */
export async function productMs(gpu: Gpu): Promise<number> {
  const rows = gpu.capabilities.software ? softwareRows : measuredRows;
  const pipeline = await gpu.pipelines.get(matmul);
  const allocate = (size: number): GPUBuffer => gpu.memory.allocate('calibration', size);
  // What is multiplied does not matter to the time; zeros would, on some chips, but f16 bits of 0x3555 are a third.
  const operands = new Uint16Array(rows * rows).fill(0x3555);
  const buffers = {
    a: allocate(operands.byteLength),
    w: allocate(operands.byteLength),
    bias: allocate(16),
    out: allocate(rows * rows * 4),
  };
  const recorder = new Recorder(gpu);
  try {
    for (const buffer of [buffers.a, buffers.w]) gpu.device.queue.writeBuffer(buffer, 0, operands);
    const time = async (launches: number): Promise<number> => {
      const start = performance.now();
      for (let launch = 0; launch < launches; launch++)
        recordMatmul(recorder, pipeline, buffers, { rows, cols: rows, length: rows }, 'calibration');
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
    for (const buffer of Object.values(buffers)) gpu.memory.release(buffer);
  }
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
  if (known === gpu.tier) return gpu;
  const rival = await openGpu({ tier: 'subgroup-matrix' });
  if (known === 'subgroup-matrix') {
    gpu.destroy();
    return rival;
  }
  const faster = (await productMs(rival)) * leastGain < (await productMs(gpu));
  const [chosen, other] = faster ? [rival, gpu] : [gpu, rival];
  other.destroy();
  await memory?.set(adapter, chosen.tier);
  return chosen;
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
