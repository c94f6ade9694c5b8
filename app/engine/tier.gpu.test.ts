import { expect, test } from 'vitest';
import { tiersOf } from '../gpu/capabilities';
import { tileAttentionPipeline } from '../kernels/tileAttention';
import { tileAttentionMatrix } from '../kernels/tileAttentionMatrix';
import { noiseValues } from './bench/noise';
import { agree, tryAttention, tryProduct } from './calibration';
import { openFastest, type TierChoice, type TierMemory } from './tier';

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
  expect((await tryProduct(gpu)).ms).toBeGreaterThan(0);
  expect((await tryAttention(gpu)).ms).toBeGreaterThan(0);
  expect(gpu.memory.bytes).toBe(before);
  const has = tiersOf(gpu.capabilities);
  gpu.destroy();
  for (const tier of ['f16', 'f16-subgroups', 'subgroup-matrix'] as const) {
    if (has.includes(tier)) continue;
    await expect(openFastest({ tier })).rejects.toThrow(`no ${tier} kernels`);
  }
});

test('the measured kernels compute what they should, so that two of them can be held against each other', async () => {
  const gpu = await openFastest();
  const { ms, out } = await tryProduct(gpu);
  // Software adapters are given 128 rows, others 2,048 (calibration.ts).
  const rows = gpu.capabilities.software ? 128 : 2_048;
  expect(out).toHaveLength(rows * rows);
  const a = noiseValues(rows * rows, 1);
  const w = noiseValues(rows * rows, 2);
  for (const [row, col] of [
    [0, 0],
    [rows - 1, rows - 1],
    [77, rows / 2 + 1],
  ] as const) {
    let sum = 0;
    let magnitude = 0;
    for (let at = 0; at < rows; at++) {
      const term = (a[row * rows + at] ?? 0) * (w[col * rows + at] ?? 0);
      sum += term;
      magnitude += Math.abs(term);
    }
    // Inputs are exact in f16 and sums are f32: 2^-24 a term, of partial sums below `magnitude`.
    expect(Math.abs((out[row * rows + col] ?? NaN) - sum)).toBeLessThan(rows * 2 ** -24 * magnitude);
  }
  const attention = await tryAttention(gpu);
  expect(agree(attention, await tryAttention(gpu))).toBe(true);
  // One row lost is told apart, and so is a result that isn't a number.
  const lost = attention.out.slice().fill(0, 64 * 5, 64 * 6);
  expect(agree({ ms, out: lost }, attention)).toBe(false);
  expect(agree({ ms, out: attention.out.slice().fill(NaN, 9, 10) }, attention)).toBe(false);
  gpu.destroy();
});
