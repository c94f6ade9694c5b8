/** What a prefill's index covers by place, against its lists; of the last rows and of all. */
import { expect, test } from 'vitest';
import { createPattern, type PatternRequest } from '../attention/pattern';
import { readTileIndex } from '../attention/readTileIndex';
import { normals } from '../gpu/testing';
import { coveredKeys, type BlockList } from '../reference/tileAttention';
import { HeadMeasure } from './headMeasure';
import { KeyMeasure, type KeyFigures } from './keyMeasure';
import { KvCache } from './kvCache';
import { joined } from './observers';
import { chunkRowsFor } from './plan';
import { prefill, type PrefillObserver } from './prefill';
import { loadFixture } from './testing';

/** Figures of a prefill of `rows` tokens, and the lists of every layer. */
async function measure(rows: number, request: PatternRequest) {
  const { model, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const { gpu, config } = model;
  const { heads, kvHeads, headDim, layers, hidden } = config;
  const bytes = gpu.memory.bytes;
  const cache = new KvCache(gpu, config, rows);
  const chunkRows = Math.min(chunkRowsFor(rows, hidden), Math.ceil(rows / 64) * 64);
  const geometry = {
    heads,
    kvHeads,
    headDim,
    layers,
    keys: rows,
    past: 0,
    rows,
    chunkRows,
    keyStride: cache.stride,
  };
  const pattern = await createPattern(gpu, request, geometry);
  const measured = await KeyMeasure.create(gpu, geometry);
  const byHead = await HeadMeasure.create(gpu, geometry);
  const lists: (BlockList[][] | 'dense')[] = [];
  const watcher: PrefillObserver = {
    tailRows: [],
    layerFlops: 0,
    observesRows: false,
    observeRows: () => undefined,
    prepareLayer: async () => undefined,
    rows: async (recorder, _layer, _rows, index) => {
      await recorder.drain();
      lists.push(index ? await readTileIndex(gpu, index, heads) : 'dense');
    },
  };
  const ids = Uint32Array.from(normals(rows, 5, 60), (value) => Math.min(255, Math.abs(Math.round(value))));
  let figures: KeyFigures;
  let recall: number[] = [];
  try {
    await prefill(model, ids, cache, pattern, { observer: joined([byHead, measured, watcher]) });
    figures = await measured.read();
    recall = (await byHead.read())[0]?.recall ?? [];
  } finally {
    for (const item of [cache, pattern, measured, byHead]) item.destroy();
    expect(gpu.memory.bytes).toBe(bytes);
    destroy();
  }
  const listOf = (layer: number, head: number, block: number): BlockList => {
    const of = lists[layer] ?? 'dense';
    return of === 'dense' ? 'dense' : (of[head]?.[block] ?? 'dense');
  };
  return { figures, recall, layers, heads, listOf };
}

const slash: PatternRequest = {
  name: 'vertical_slash',
  set: { verticalSize: 12, slashSize: 128, lastQ: 40, fallback: 'off' },
};

test('shares of all rows and of the last 64 are those of the lists', async () => {
  const rows = 300;
  const { figures, recall, layers, heads, listOf } = await measure(rows, slash);
  expect(figures).toMatchObject({ keysPerBin: 1, bins: rows, lastRows: 64 });
  const all = Array.from({ length: rows }, () => ({ blocks: 0, causal: 0, last: 0, lastCausal: 0 }));
  for (let layer = 0; layer < layers; layer++) {
    for (let head = 0; head < heads; head++) {
      for (let block = 0; block * 64 < rows; block++) {
        const end = Math.min(rows, block * 64 + 64);
        const list = listOf(layer, head, block);
        const covered = new Set(coveredKeys(list, end - 1));
        for (let key = 0; key < end; key++) {
          const sums = all[key];
          if (!sums) continue;
          sums.causal++;
          const last = Math.max(0, end - Math.max(rows - 64, block * 64, key));
          sums.lastCausal += last;
          if (!covered.has(key)) continue;
          sums.blocks++;
          sums.last += last;
        }
      }
    }
  }
  all.forEach(({ blocks, causal, last, lastCausal }, key) => {
    expect(figures.coverage[key]).toBeCloseTo(blocks / causal, 6);
    expect(figures.lastCoverage[key]).toBeCloseTo(last / lastCausal, 6);
  });
  // Something is left out, and the masses say how much.
  expect(Math.min(...figures.lastCoverage)).toBeLessThan(0.5);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  expect(sum(figures.lastMass)).toBeCloseTo(1, 4);
  expect(sum(figures.lastKept)).toBeGreaterThan(0.3);
  expect(sum(figures.lastKept)).toBeLessThan(0.999);
  // What is missed by place is what the heads miss in all.
  expect(sum(figures.missed)).toBeCloseTo(1 - sum(recall) / recall.length, 4);
  expect(Math.min(...figures.missed)).toBeGreaterThan(-1e-6);
  figures.lastMass.forEach((mass, key) => {
    expect(figures.lastKept[key]).toBeLessThanOrEqual(mass + 1e-9);
  });
});

test('dense attention covers everything, in a prompt shorter than the last rows too', async () => {
  const { figures } = await measure(17, { name: 'dense', set: {} });
  expect(figures.lastRows).toBe(17);
  for (const share of [...figures.coverage, ...figures.lastCoverage]) expect(share).toBe(1);
  expect(figures.lastKept).toEqual(figures.lastMass);
  expect(figures.missed.every((mass) => mass === 0)).toBe(true);
});
