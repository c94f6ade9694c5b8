import { expect, test } from 'vitest';
import { tiersOf } from '../gpu/capabilities';
import { tileAttentionPipeline } from '../kernels/tileAttention';
import { tileAttentionMatrix } from '../kernels/tileAttentionMatrix';
import { attentionMs, openFastest, productMs, type TierChoice, type TierMemory } from './tier';

const remembering = (): TierMemory & { kept: Map<string, TierChoice> } => {
  const kept = new Map<string, TierChoice>();
  return {
    kept,
    get: (adapter) => Promise.resolve(kept.get(adapter)),
    set: (adapter, choice) => {
      kept.set(adapter, choice);
      return Promise.resolve();
    },
  };
};

test('subgroup matrices are chosen where they are faster, for products and attention apart, and the choice is kept', async () => {
  const memory = remembering();
  const gpu = await openFastest({ memory });
  const has = tiersOf(gpu.capabilities);
  const plain = has.findLast((tier) => tier !== 'subgroup-matrix');
  for (const tier of [gpu.tier, gpu.attentionTier])
    expect(tier === plain || tier === 'subgroup-matrix').toBe(true);
  // Nothing to choose from: nothing is measured or kept.
  const { tier, attentionTier } = gpu;
  expect([...memory.kept.values()]).toEqual(has.includes('subgroup-matrix') ? [{ tier, attentionTier }] : []);
  gpu.destroy();
  for (const adapter of memory.kept.keys()) {
    for (const first of [plain, 'subgroup-matrix'] as const) {
      for (const second of [plain, 'subgroup-matrix'] as const) {
        if (!first || !second) continue;
        memory.kept.set(adapter, { tier: first, attentionTier: second });
        const again = await openFastest({ memory });
        expect([again.tier, again.attentionTier]).toEqual([first, second]);
        const { kernel } = await tileAttentionPipeline(again, 64);
        expect(kernel === tileAttentionMatrix).toBe(second === 'subgroup-matrix');
        again.destroy();
      }
    }
  }
});

test('a tier can be asked for, and one that the adapter lacks is refused by name', async () => {
  const gpu = await openFastest({ tier: 'portable' });
  expect(gpu.tier).toBe('portable');
  expect(gpu.attentionTier).toBe('portable');
  const before = gpu.memory.bytes;
  expect(await productMs(gpu)).toBeGreaterThan(0);
  expect(await attentionMs(gpu)).toBeGreaterThan(0);
  expect(gpu.memory.bytes).toBe(before);
  const has = tiersOf(gpu.capabilities);
  gpu.destroy();
  for (const tier of ['f16', 'f16-subgroups', 'subgroup-matrix'] as const) {
    if (has.includes(tier)) continue;
    await expect(openFastest({ tier })).rejects.toThrow(`no ${tier} kernels`);
  }
});
