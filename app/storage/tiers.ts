/** The kernels that were fastest on an adapter, kept in this browser: see engine/tier.ts. */
import { createStore, get, set } from 'idb-keyval';
import { allTiers } from '../gpu/capabilities';
import type { TierMemory } from '../engine/tier';

const store = () => createStore('minference-tiers', 'fastest');

/** Storage that fails costs a measurement, not the visit. */
export const tierMemory: TierMemory = {
  async get(adapter) {
    const kept: unknown = await get(adapter, store()).catch(() => undefined);
    return allTiers.find((tier) => tier === kept);
  },
  async set(adapter, tier) {
    await set(adapter, tier, store()).catch(() => undefined);
  },
};
