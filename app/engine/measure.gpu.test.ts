/** Heads of a small model measured through the engine. */
import { expect, test } from 'vitest';
import { normals } from '../gpu/testing';
import { loadFixture } from '../model/testing';
import { measureHeads, sharesOf } from './measure';
import type { PatternRequest, RunProgress } from './types';

const ids = Uint32Array.from(normals(260, 5, 60), (value) => Math.min(255, Math.abs(Math.round(value))));

async function measure(pattern: PatternRequest, signal = new AbortController().signal) {
  const { model: transformer, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const { config, gpu } = transformer;
  const before = gpu.memory.bytes;
  const progress: RunProgress[] = [];
  try {
    const report = await measureHeads(
      { config, transformer },
      {
        ids,
        pattern,
        maps: true,
        signal,
        onProgress: (given) => progress.push(given),
      },
    );
    return { report, progress, config };
  } finally {
    expect(gpu.memory.bytes).toBe(before);
    destroy();
  }
}

test('a sparse pattern: every figure by layer and head, and progress to its end', async () => {
  const { report, progress, config } = await measure({
    name: 'a_shape',
    set: { init: 64, local: 30, fallback: 'off' },
  });
  const { layers, heads } = config;
  expect(report).toMatchObject({ layers, heads });
  expect(report.sampledRows).toEqual(Array.from(ids, (_, row) => row));
  for (const values of [report.density, report.recall, report.outputError]) {
    expect(values).toHaveLength(layers);
    for (const layer of values) expect(layer).toHaveLength(heads);
  }
  for (const value of report.recall.flat()) {
    expect(value).toBeGreaterThan(0.3);
    expect(value).toBeLessThan(1);
  }
  for (const value of report.outputError.flat()) {
    expect(value).toBeGreaterThan(1e-3);
    expect(value).toBeLessThan(2);
  }
  // Five row blocks of 1 to 5 causal tiles: a window of one or two and the first tile, 1, 2, 3, 3, 3.
  for (const value of report.density.flat()) expect(value).toBeCloseTo(12 / 15, 6);
  // The map says the same, cell by cell: rows of three full cells at most.
  expect(report.maps).toMatchObject({ cells: 5, tokensPerCell: 64 });
  const { tiles = new Uint8Array(), columns = new Uint8Array([1]) } = report.maps ?? {};
  for (let head = 0; head < layers * heads; head++) {
    const rows = Array.from({ length: 5 }, (_, row) => [
      ...tiles.subarray(head * 25 + row * 5, head * 25 + row * 5 + 5),
    ]);
    expect(rows.map((row) => row.map((share) => share / 255))).toEqual([
      [1, 0, 0, 0, 0],
      [1, 1, 0, 0, 0],
      [1, 1, 1, 0, 0],
      [1, 0, 1, 1, 0],
      [1, 0, 0, 1, 1],
    ]);
  }
  expect(columns.every((share) => share === 0)).toBe(true);
  // Last rows of 196 to 259 in blocks 3 and 4: key 0 in both, key 70 in none, key 150 in the first of them alone.
  const { retention } = report;
  expect(retention).toMatchObject({ tokensPerBin: 1, lastRows: 64 });
  expect([0, 70, 150].map((key) => retention?.lastCoverage[key])).toEqual([1, 0, 0.9375]);
  expect(retention?.coverage[70]).toBe(0.5);
  expect(retention?.lastMass.reduce((sum, mass) => sum + mass, 0)).toBeCloseTo(1, 2);
  expect(retention?.starts).toEqual(Array.from(ids, () => null));
  const fractions = progress.map(({ fraction }) => fraction);
  expect(fractions).toEqual(fractions.toSorted((a, b) => a - b));
  expect(fractions.at(-1)).toBeCloseTo(1, 6);
  expect(progress.every(({ stage, lane }) => stage === 'measure' && lane === 'sparse')).toBe(true);
});

test('dense keeps all; an abort ends it and frees what it took', async () => {
  const { report } = await measure({ name: 'dense', set: {} });
  expect(report.recall.flat().every((value) => value === 1)).toBe(true);
  expect(report.outputError.flat().every((value) => value === 0)).toBe(true);
  await expect(measure({ name: 'dense', set: {} }, AbortSignal.abort())).rejects.toMatchObject({
    name: 'AbortError',
  });
});

test('shares of cells: of causal tiles on the diagonal, of earlier keys for columns', () => {
  // Two cells of two row blocks: three causal tiles in the first, four and three in the second row.
  const maps = Uint32Array.from([3, 0, 2 | (16 << 16), 1]);
  const { tiles, columns } = sharesOf(maps, { cells: 2, blocksPerCell: 2 }, 4);
  expect([...tiles]).toEqual([255, 0, 128, 85]);
  expect([...columns]).toEqual([0, 0, 16, 0]);
});
