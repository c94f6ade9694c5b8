import { expect, test } from 'vitest';
import { loadFixture } from '../model/testing';
import { searchHeads, searchReport } from './search';

test('every head gets a measured choice, and a larger budget keeps more', async () => {
  const { model, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const { layers, heads, vocab } = model.config;
  const ids = Uint32Array.from({ length: 600 }, (_, at) => (at * 7919 + (at % 13) * 31) % vocab);
  const search = async (density: number) => {
    const fractions: number[] = [];
    const found = await searchHeads(
      { transformer: model, config: model.config },
      ids,
      { density, budget: 'scaled' },
      {
        signal: new AbortController().signal,
        onProgress: (fraction) => fractions.push(fraction),
      },
    );
    expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
    expect(fractions.at(-1)).toBeCloseTo(1, 2);
    return found;
  };
  const found = await search(0.6);
  // 5 of 10 tiles a row block at most, which is affordable.
  expect(found.candidates.map(({ type }) => type)).toContain('block_sparse');
  expect(found.heads).toHaveLength(layers * heads);
  for (const choice of found.heads) {
    expect(choice.recall).toBeGreaterThan(0.1);
    expect(choice.recall).toBeLessThanOrEqual(1);
    expect(choice.outputError).toBeGreaterThanOrEqual(0);
    expect(choice.density).toBeGreaterThan(0);
    expect(choice.density).toBeLessThanOrEqual(1);
  }
  // Not degenerate: something was left out somewhere.
  const report = searchReport('fixture', { density: 0.6, budget: 'scaled' }, found);
  expect(report.meanRecall).toBeLessThan(1);
  expect(report.unmetHeads).toBe(0);
  const little = searchReport('fixture', { density: 0.05, budget: 'scaled' }, await search(0.05));
  expect(little.meanRecall).toBeLessThan(report.meanRecall);
  expect(little.meanDensity).toBeLessThan(report.meanDensity);
  // The least that a candidate computes of ten row blocks is more than was asked for.
  expect(little.unmetHeads).toBe(layers * heads);
  expect(little.meanDensity).toBeGreaterThan(0.05);
  destroy();
});

test('bad requests are refused by the field', async () => {
  const { model, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const hooks = { signal: new AbortController().signal, onProgress: () => undefined };
  const run = (density: number, count: number) =>
    searchHeads(
      { transformer: model, config: model.config },
      new Uint32Array(count),
      { density, budget: 'classic' },
      hooks,
    );
  await expect(run(NaN, 320)).rejects.toThrow('density');
  await expect(run(0.9, 320)).rejects.toThrow('density');
  await expect(run(0.2, 20)).rejects.toThrow('20 tokens');
  destroy();
});
