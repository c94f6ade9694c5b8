/**
 * Which kernels an adapter gets where it has several: subgroup matrices only where they are faster and compute the same, by
 * a measurement. Products and attention are measured apart, as either can gain without the other.
 */
import { UserError } from '../errors';
import { tiersOf, type Tier } from '../gpu/capabilities';
import { openGpu, withTiers, type Gpu } from '../gpu/device';
import { agree, tryAttention, tryProduct, type Trial } from './calibration';

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

/** Subgroup matrices must be this much faster: a change of kernels between two visits has a price as well. */
const leastGain = 1.05;

function nameOf({ vendor, architecture, description }: Gpu['capabilities']): string {
  return [vendor, architecture, description].join(' ');
}

/** The tier of `rival` where it gains and is right. */
export async function better<Device extends Pick<Gpu, 'tier' | 'takeFailure'>>(
  gpu: Device,
  rival: Device,
  attempt: (of: Device) => Promise<Trial>,
): Promise<Tier> {
  // The feature is experimental: where its kernels can't be built, can't run or are wrong, the others are taken.
  const tried = await attempt(rival).catch(() => null);
  gpu.takeFailure();
  const expected = await attempt(gpu);
  const gains = tried !== null && tried.ms * leastGain < expected.ms && agree(tried, expected);
  return gains ? rival.tier : gpu.tier;
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
  const choice = {
    tier: await better(gpu, rival, tryProduct),
    attentionTier: await better(gpu, rival, tryAttention),
  };
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
