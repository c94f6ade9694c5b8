import { describe, expect, it } from 'vitest';
import { gpuRun, softwareRun } from '../storage/fixtures';
import { chartCaption, differences, factsOf, sameDocument } from './comparison';

describe('two runs', () => {
  it('differ in what was set, not in when', () => {
    const again = { ...gpuRun, result: { ...gpuRun.result, date: '2026-12-01T00:00:00.000Z' } };
    expect(differences(gpuRun, again)).toEqual([]);
    expect(differences(gpuRun, { ...again, context: null })).toEqual([
      { name: 'Context at most', first: '65,536 tokens', second: 'as the model' },
    ]);
    expect(differences(gpuRun, softwareRun).map(({ name }) => name)).toEqual([
      'Question',
      'Prompt tokens',
      'Adapter',
      'Pattern',
      'Order',
      'Sampling',
      'Context at most',
    ]);
  });

  it('read the same document only if that is known', () => {
    expect(sameDocument(gpuRun, gpuRun)).toBe('same');
    expect(sameDocument(gpuRun, { ...gpuRun, document: 'other' })).toBe('different');
    expect(sameDocument(gpuRun, softwareRun)).toBe('unknown');
  });
});

it('facts name every setting of a run', () => {
  const values = factsOf(gpuRun).map(({ value }) => value);
  expect(values).toContain('adaptive fidelity=0.9 lastQ=64');
  expect(values).toContain('temperature 0.5, top-p 0.9, seed 7');
});

it('a picture says which adapter each run had', () => {
  expect(chartCaption([gpuRun.result, softwareRun.result]).notes).toEqual([
    'Example GPU, f16-subgroups, 2026-11-20, version abc1234',
    'SwiftShader, portable, 2026-11-19, version abc1234',
  ]);
});
