import { describe, expect, it } from 'vitest';
import { causalTiles, sampledLayers, sampleWindows } from '../model/denseSample';
import { planChunks } from '../model/plan';
import { projectDense } from './projection';
import type { DenseTime } from './types';

/** 1,000 row blocks of 64: 500,500 causal tiles. */
const rows = 64_000;
const layers = 8;

/** A machine on which a row block takes 0.5 ms and a tile 0.01 ms. */
function timed(firstBlock: number, layer: number, slower = 1): DenseTime {
  const tiles = causalTiles(rows, firstBlock, 40);
  return {
    layer,
    firstRow: firstBlock * 64,
    rows: 40 * 64,
    rowBlocks: 40,
    tiles,
    ms: slower * (40 * 0.5 + tiles * 0.01),
  };
}

const phasesMs = { projections: 300, estimate: 40, index: 60, attention: 900, mlp: 500, head: 2 };
const sample = [0, 4].flatMap((layer) => [105, 480, 960].map((block) => timed(block, layer)));

describe('projected dense', () => {
  it('adds up what a row block and a tile took, and the rest of the sparse run', () => {
    const projected = projectDense(sample, { rows, layers }, { ttftMs: 2_000, phasesMs, density: 0.2 });
    // 8 layers of 1,000 row blocks and 500,500 tiles: 8 * (500 + 5,005) ms.
    expect(projected.attentionMs).toBeCloseTo(44_040, 6);
    // 2,000 - 40 - 60 - 900 ms are work that dense does too.
    expect(projected.ttftMs).toBeCloseTo(45_040, 6);
    expect(projected.ratio.ttft).toBeCloseTo(22.52, 9);
    expect(projected.ratio.attention).toBeCloseTo(44.04, 9);
    expect(projected).toMatchObject({ sampledRows: 3 * 40 * 64, sampledLayers: [0, 4] });
    expect(projected.spread).toBeLessThan(1e-9);
    expect(projected.samples).toEqual(sample);
    expect(projected.method).toContain('120 of 1,000 row blocks, in 3 places of layers 1 and 5 of 8');
  });

  it('takes the sparse share from the density where there are no timestamps', () => {
    const run = { ttftMs: 10_000, phasesMs: null, density: 0.2 };
    const projected = projectDense(sample, { rows, layers }, run);
    expect(projected.ttftMs).toBeCloseTo(10_000 + 0.8 * 44_040, 6);
    expect(projected.ratio.attention).toBeNull();
    expect(projected.method).toContain('no timestamp queries');
    // Never less than the attention itself.
    const quick = projectDense(sample, { rows, layers }, { ...run, ttftMs: 100 });
    expect(quick.ttftMs).toBeCloseTo(44_040, 6);
  });

  it('says how far the sample is from the fit', () => {
    const uneven = [timed(105, 0, 1.2), ...sample.slice(1)];
    const { spread } = projectDense(uneven, { rows, layers }, { ttftMs: 2_000, phasesMs, density: 0.2 });
    expect(spread).toBeGreaterThan(0.08);
    expect(spread).toBeLessThan(0.2);
  });
});

describe('the sample', () => {
  it('has windows at the beginning, in the middle and at the end, each inside one chunk', () => {
    for (const tokens of [1, 64, 65, 300, 2_048, 5_000, 8_400, 40_000, 131_072]) {
      const chunks = planChunks(tokens, tokens <= 2_048 ? 2_048 : 8_192);
      const windows = sampleWindows(tokens, chunks, () => 43);
      const blocks = Math.ceil(tokens / 64);
      expect(windows.length).toBe(Math.min(3, blocks));
      for (const { chunk, firstBlock, blocks: size, rows: count } of windows) {
        expect(size).toBeGreaterThanOrEqual(1);
        expect(size).toBeLessThanOrEqual(Math.max(1, Math.floor(blocks / 4)));
        expect(firstBlock * 64).toBeGreaterThanOrEqual(chunk.first);
        expect(firstBlock * 64 + count).toBeLessThanOrEqual(chunk.first + chunk.count);
        expect(count).toBeGreaterThan((size - 1) * 64);
        expect(count).toBeLessThanOrEqual(size * 64);
      }
      const last = windows.at(-1);
      expect((last?.firstBlock ?? 0) + (last?.blocks ?? 0)).toBe(blocks);
    }
  });

  it('counts causal tiles as the kernel walks them', () => {
    expect(causalTiles(300, 0, 5)).toBe(15);
    expect(causalTiles(64_000, 0, 1_000)).toBe(500_500);
    expect(causalTiles(300, 4, 1)).toBe(5);
    expect(sampledLayers(1)).toEqual([0]);
    expect(sampledLayers(28)).toEqual([0, 14]);
  });
});
