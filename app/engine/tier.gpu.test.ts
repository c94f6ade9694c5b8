import { expect, test } from 'vitest';
import { tiersOf, type Tier } from '../gpu/capabilities';
import { openFastest, productMs, type TierMemory } from './tier';

const remembering = (): TierMemory & { kept: Map<string, Tier> } => {
  const kept = new Map<string, Tier>();
  return {
    kept,
    get: (adapter) => Promise.resolve(kept.get(adapter)),
    set: (adapter, tier) => {
      kept.set(adapter, tier);
      return Promise.resolve();
    },
  };
};

test('subgroup matrices are chosen where they are faster, and the choice is kept', async () => {
  const memory = remembering();
  const gpu = await openFastest({ memory });
  const has = tiersOf(gpu.capabilities);
  const plain = has.findLast((tier) => tier !== 'subgroup-matrix');
  expect(gpu.tier === plain || gpu.tier === 'subgroup-matrix').toBe(true);
  // Nothing to choose from: nothing is measured or kept.
  expect([...memory.kept.values()]).toEqual(has.includes('subgroup-matrix') ? [gpu.tier] : []);
  gpu.destroy();
  for (const adapter of memory.kept.keys()) {
    for (const tier of [plain, 'subgroup-matrix'] as const) {
      if (tier) memory.kept.set(adapter, tier);
      const again = await openFastest({ memory });
      expect(again.tier).toBe(tier);
      again.destroy();
    }
  }
});

test('a tier can be asked for, and one that the adapter lacks is refused by name', async () => {
  const gpu = await openFastest({ tier: 'portable' });
  expect(gpu.tier).toBe('portable');
  const before = gpu.memory.bytes;
  expect(await productMs(gpu)).toBeGreaterThan(0);
  expect(gpu.memory.bytes).toBe(before);
  const has = tiersOf(gpu.capabilities);
  gpu.destroy();
  for (const tier of ['f16', 'f16-subgroups', 'subgroup-matrix'] as const) {
    if (has.includes(tier)) continue;
    await expect(openFastest({ tier })).rejects.toThrow(`no ${tier} kernels`);
  }
});
