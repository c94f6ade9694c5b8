import { describe, expect, it } from 'vitest';
import { furtherRun, gpuResult, softwareRun } from '../storage/fixtures';
import { denseIsLong, estimateMs, expectedDensity, measuredRuns, type Measured } from './estimate';

const { model, adapter } = gpuResult;
const dense: Measured = { tokens: 8_192, dense: true, ttftMs: 1_000, attentionMs: 600, density: 1 };

describe('estimated times', () => {
  it('scale attention by the square and the rest by the length', () => {
    // 600 * 16 + 400 * 4.
    expect(estimateMs(32_768, 1, [dense], model)).toBeCloseTo(11_200, 6);
    expect(estimateMs(8_192, 1, [dense], model)).toBeCloseTo(1_000, 6);
    expect(estimateMs(32_768, 0.1, [dense], model)).toBeCloseTo(960 + 1_600, 6);
  });

  it('come from a sparse run by its density where there is no dense one nearby', () => {
    const sparse = { ...dense, dense: false, attentionMs: 100, density: 0.25, ttftMs: 500 };
    expect(estimateMs(8_192, 1, [sparse], model)).toBeCloseTo(400 + 400, 6);
    // A dense run twice as far away is as near.
    expect(estimateMs(8_192, 1, [sparse, { ...dense, tokens: 5_000 }], model)).not.toBeCloseTo(800, 0);
    expect(estimateMs(8_192, 1, [sparse, { ...dense, tokens: 1_000 }], model)).toBeCloseTo(800, 6);
  });

  it('go by operations without timestamps, and say nothing without a run', () => {
    const bare = { ...dense, attentionMs: null };
    const linear = 2 * (model.parameters - model.vocab * model.hidden);
    const work = (n: number) => linear * n + 2 * model.layers * model.heads * model.headDim * n * n;
    expect(estimateMs(65_536, 1, [bare], model)).toBeCloseTo((1_000 * work(65_536)) / work(8_192), 3);
    expect(estimateMs(65_536, 1, [], model)).toBeNull();
    expect(expectedDensity(100)).toBe(0.6);
    expect(expectedDensity(40_960)).toBeCloseTo(0.1, 12);
  });

  it('use whole prompts of this model, adapter and tier alone', () => {
    const results = [gpuResult, furtherRun.result, softwareRun.result];
    const found = measuredRuns(results, model, adapter);
    expect(found.map(({ dense: isDense, ttftMs }) => [isDense, ttftMs])).toEqual([
      [true, 1_800],
      [false, 600],
    ]);
    expect(measuredRuns(results, model, { ...adapter, tier: 'f16' })).toEqual([]);
    expect(measuredRuns(results, { id: 'other/model' }, adapter)).toEqual([]);
  });

  it('call dense long by what it would take, or by its tokens where nothing was measured', () => {
    expect(denseIsLong(1_000_000, 59_000, true)).toBe(false);
    expect(denseIsLong(1_000, 60_000, false)).toBe(true);
    expect(denseIsLong(8_000, null, true)).toBe(true);
    expect(denseIsLong(400, null, true)).toBe(false);
    expect(denseIsLong(8_000, null, false)).toBe(false);
    expect(denseIsLong(1_000_000, null, false)).toBe(true);
  });
});
