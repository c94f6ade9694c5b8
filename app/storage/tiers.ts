/** The kernels that were fastest on an adapter, kept in this browser: see engine/tier.ts. */
import { createStore, get, set } from 'idb-keyval';
import * as v from 'valibot';
import { allTiers } from '../gpu/capabilities';
import type { TierMemory } from '../engine/tier';

const store = () => createStore('minference-tiers', 'fastest');

const Choice = v.object({ tier: v.picklist(allTiers), attentionTier: v.picklist(allTiers) });

/** Storage that fails costs a measurement, not the visit. */
export const tierMemory: TierMemory = {
  async get(adapter) {
    const kept: unknown = await get(adapter, store()).catch(() => undefined);
    const choice = v.safeParse(Choice, kept);
    return choice.success ? choice.output : undefined;
  },
  async set(adapter, choice) {
    await set(adapter, choice, store()).catch(() => undefined);
  },
};
