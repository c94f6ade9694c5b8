/** Sampled rows of a prefill against f64: right runs pass, and a wrong value, key or mask that is planted is found. */
import { expect, test } from 'vitest';
import { createPattern, type PatternRequest } from '../attention/pattern';
import type { TileIndex } from '../attention/tileIndex';
import { normals } from '../gpu/testing';
import { KvCache } from './kvCache';
import { chunkRowsFor } from './plan';
import { prefill } from './prefill';
import { RowCheck, type RowCheckReport } from './rowCheck';
import { loadFixture } from './testing';
import type { Transformer } from './transformer';

const rows = 270;
const sampled = [0, 63, 200, 269];
const layer = 1;
/** Several pieces, and tiles that lie across their ends. */
const pieceKeys = 100;
/** Of the fixture. */
const heads = 2;
const dense: PatternRequest = { name: 'dense', set: {} };
const slash: PatternRequest = {
  name: 'vertical_slash',
  set: { verticalSize: 12, slashSize: 64, lastQ: 32, fallback: 'off' },
};

const aShape: PatternRequest = { name: 'a_shape', set: { init: 64, local: 30, fallback: 'off' } };
const all = sampled.reduce((sum, row) => sum + row + 1, 0);

interface Plant {
  /** Changes what the run left, before it is compared. */
  after?: (model: Transformer, cache: KvCache) => void;
  /** Changes the index that the check is told of. */
  index?: (index: TileIndex | null) => TileIndex | null;
}

async function check(request: PatternRequest, plant: Plant = {}): Promise<RowCheckReport> {
  const { model, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const { gpu, config } = model;
  const bytes = gpu.memory.bytes;
  const { kvHeads, headDim, layers, hidden } = config;
  expect(config.heads).toBe(heads);
  const cache = new KvCache(gpu, config, rows);
  const chunkRows = Math.min(chunkRowsFor(rows, hidden), Math.ceil(rows / 64) * 64);
  const sizes = { heads, kvHeads, headDim, layers, keys: rows, past: 0, rows, chunkRows };
  const geometry = { ...sizes, keyStride: cache.stride };
  const pattern = await createPattern(gpu, request, geometry);
  class Planted extends RowCheck {
    override rows(...[recorder, at, input, index]: Parameters<RowCheck['rows']>): Promise<void> {
      return super.rows(recorder, at, input, plant.index ? plant.index(index) : index);
    }
  }
  const observer = new Planted(gpu, geometry, layer, sampled, pieceKeys);
  const ids = Uint32Array.from(normals(rows, 5, 60), (value) => Math.min(255, Math.abs(Math.round(value))));
  try {
    await prefill(model, ids, cache, pattern, { observer });
    plant.after?.(model, cache);
    return await observer.compare(cache);
  } finally {
    cache.destroy();
    pattern.destroy();
    expect(gpu.memory.bytes).toBe(bytes);
    destroy();
  }
}

test('dense: every causal key of every sampled row, within the tolerance', async () => {
  const report = await check(dense);
  expect(report).toMatchObject({ ok: true, layer, rows: sampled });
  expect(report.keys).toBe(heads * all);
  expect(report.errors.max).toBeGreaterThan(0);
  expect(report.errors.rms).toBeLessThanOrEqual(report.errors.max);
});

test.each([slash, aShape])('sparse, $name: only what the index covers', async (request) => {
  const report = await check(request);
  expect(report).toMatchObject({ ok: true, rows: sampled });
  expect(report.keys).toBeLessThan(heads * all);
});

test('one value of one key that is not what the run had is found, and where', async () => {
  const report = await check(dense, {
    after: ({ gpu }, cache) => {
      // Two values of key 0: row 0 attends to nothing else.
      const [range] = cache.layer(layer);
      if (range) gpu.device.queue.writeBuffer(range.v.buffer, 0, Uint16Array.of(0x4500, 0x3c00));
    },
  });
  expect(report.ok).toBe(false);
  expect(report.worst.row).toBe(0);
  expect(report.errors.max).toBeGreaterThan(10 * report.tolerance.max);
});

test('a run whose attention skipped keys that its index does not leave out is found', async () => {
  // The run is sparse; the check is told that it was dense.
  const report = await check(aShape, { index: () => null });
  expect(report.ok).toBe(false);
});

test('a value that is no number is found, and the report stays JSON', async () => {
  const report = await check(dense, {
    after: ({ gpu }, cache) => {
      const [range] = cache.layer(layer);
      if (range) gpu.device.queue.writeBuffer(range.k.buffer, 0, Uint16Array.of(0x7e00, 0x7e00));
    },
  });
  expect(report.ok).toBe(false);
  expect(JSON.parse(JSON.stringify(report))).toEqual(report);
});
