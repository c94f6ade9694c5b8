/** Patterns that choose whole tiles by row block: properties of their references, and MInference's own results. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { seeded } from '../gpu/testing';
import { blockScoresReference, blockSparseIndexReference } from '../reference/blockSparse';
import type { RowIndex } from '../reference/rowIndex';
import {
  antidiagonalSumsReference,
  xattentionBlocksReference,
  xattentionIndexReference,
} from '../reference/xattention';
import { scaledTopK } from './blockSparse';
import { fixtureHalves, fixtureJson } from './fixtures.node';
import { createPattern, patternMemory, settingsWithin } from './pattern';
import { summariseRows } from './rowLocal';
import { causalTiles } from './tiles';
import type { Geometry, PatternName, Settings } from './types';

interface Expected {
  block_sparse: { topK: number; blockIndex: number[][][] }[];
  xattention: { stride: number; threshold: number; active: [number, number][][] }[];
}

function load(name: string) {
  const { tokens, heads, headDim } = fixtureJson(`${name}/shape.json`) as {
    tokens: number;
    heads: number;
    headDim: number;
  };
  const [q, k] = [fixtureHalves(`${name}/q.f16`), fixtureHalves(`${name}/k.f16`)];
  const head = (x: Float32Array, index: number) =>
    x.subarray(index * tokens * headDim, (index + 1) * tokens * headDim);
  const shape = { past: 0, rows: tokens, keys: tokens, dim: headDim };
  return { expected: fixtureJson(`${name}/expected.json`) as Expected, shape, heads, q, k, head };
}

describe.each(['a', 'b'])('MInference, case %s', (name) => {
  const { expected, shape, heads, q, k, head } = load(name);

  test.each(expected.block_sparse)('block_sparse, top $topK', ({ topK, blockIndex }) => {
    for (let h = 0; h < heads; h++) {
      const scores = blockScoresReference(head(q, h), head(k, h), shape);
      const kept = scores.map((row, block) => blockSparseIndexReference(block * 64, row, topK, false).tiles);
      // What the original lists after its first row + 1 entries is not causal and not visited.
      const wanted = scores.map((_, block) => blockIndex[h]?.[block]?.slice(0, block + 1));
      expect(kept).toEqual(wanted.map((tiles) => tiles?.map((tile) => tile * 64)));
    }
  });

  test.each(expected.xattention)('xattention, stride $stride, threshold $threshold', (given) => {
    for (let h = 0; h < heads; h++) {
      const sums = antidiagonalSumsReference(head(q, h), head(k, h), { ...shape, stride: given.stride });
      sums.forEach((row, block) => {
        // Both cases are padded to a chunk of 2,048: 16 blocks.
        const kept = xattentionBlocksReference(block * 128, row, given.threshold, true, 16);
        expect(kept).toEqual(given.active[h]?.flatMap(([r, column]) => (r === block ? [column] : [])) ?? []);
      });
    }
  });
});

const lengths = fc.integer({ min: 1, max: 900 });
const pasts = fc.constantFrom(0, 0, 64, 128, 63, 17, 200);

function checkForm({ tiles, columns }: RowIndex, start: number, keys: number): void {
  const end = Math.min(start + 64, keys);
  expect(columns).toEqual([]);
  expect(tiles).toEqual([...new Set(tiles)].toSorted((a, b) => a - b));
  expect(tiles.every((tile) => tile % 64 === 0 && tile < end)).toBe(true);
  // Every row sees a key: its own.
  expect(tiles).toEqual(
    expect.arrayContaining([Math.floor(start / 64) * 64, Math.floor((end - 1) / 64) * 64]),
  );
}

const everyTile = (start: number, keys: number) =>
  Array.from({ length: Math.ceil(Math.min(start + 64, keys) / 64) }, (_, tile) => tile * 64);

describe('block_sparse', () => {
  const scoresOf = (start: number, keys: number, seed: number) =>
    everyTile(start, keys).map((_, tile) => Math.round(Math.sin(seed * 7.3 + tile * 2.1) * 4));

  test('scaled keeps first tile, neighbour and own, and top k of the rest', () => {
    const inputs = fc.record({
      keys: lengths,
      past: pasts,
      topK: fc.integer({ min: 4, max: 16 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(inputs, ({ keys, past, topK, seed }) => {
        for (let start = past; start < keys; start += 64) {
          const scores = scoresOf(start, keys, seed % 1000);
          const index = blockSparseIndexReference(start, scores, topK, true);
          checkForm(index, start, keys);
          expect(index.tiles).toHaveLength(Math.min(topK, scores.length));
          expect(index.tiles).toContain(0);
          if (start >= 64) expect(index.tiles).toContain(Math.floor(start / 64) * 64 - 64);
          // No tile left out beats a chosen one that was free to lose.
          const out = everyTile(start, keys).filter((tile) => !index.tiles.includes(tile));
          const best = Math.max(...out.map((tile) => scores[tile / 64] ?? NaN));
          const free = index.tiles.filter((tile) => tile > 0 && tile / 64 + 1 < Math.floor(start / 64));
          expect(free.every((tile) => (scores[tile / 64] ?? NaN) >= best)).toBe(true);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('with room for every tile is dense, in both budgets', () => {
    fc.assert(
      fc.property(lengths, fc.boolean(), (keys, scaled) => {
        for (let start = 0; start < keys; start += 64)
          expect(blockSparseIndexReference(start, scoresOf(start, keys, keys), 16, scaled).tiles).toEqual(
            everyTile(start, keys),
          );
      }),
    );
  });

  test('of equal scores the first are kept', () => {
    expect(blockSparseIndexReference(256, [1, 1, 1, 1, 1], 2, false).tiles).toEqual([0, 64]);
    expect(blockSparseIndexReference(256, [0, 1, 2, 1, -3], 3, false).tiles).toEqual([64, 128, 192]);
  });
});

describe('xattention', () => {
  test('keeps first block and diagonal, and the fewest others that hold the threshold', () => {
    const inputs = fc.record({
      keys: fc.integer({ min: 1, max: 1500 }),
      past: pasts,
      // Binary fractions, whose sums and products are exact: an order of addition must not decide.
      threshold: fc.integer({ min: 1, max: 64 }).map((value) => value / 64),
      sums: fc.array(
        fc.integer({ min: 0, max: 128 }).map((value) => value / 8),
        { minLength: 14, maxLength: 14 },
      ),
      late: fc.boolean(),
      // Up to 32 blocks equal sums go by a network's order, above by their index.
      sorted: fc.constantFrom(16, 32, 64),
    });
    fc.assert(
      fc.property(inputs, ({ keys, past, threshold, sums: given, late, sorted: width }) => {
        for (let start = past; start < keys; start += 128) {
          const end = Math.min(start + 128, keys);
          const sums = given.slice(0, Math.ceil(end / 128));
          const own = Math.floor(start / 128);
          const blocks = xattentionBlocksReference(start, sums, threshold, late, width);
          const held = (which: number[]) => which.reduce((sum, block) => sum + (sums[block] ?? NaN), 0);
          const all = held([...sums.keys()]);
          expect(blocks).toContain(0);
          expect(blocks).toContain(own);
          expect(held(blocks)).toBeGreaterThanOrEqual(threshold * all - 1e-9);
          // Without the least of those that were added it is too little, but for one block more where it is late.
          const added = blocks.filter((block) => block < own && block > 0);
          const sorted = added.toSorted((a, b) => (sums[a] ?? NaN) - (sums[b] ?? NaN));
          const drop = sorted.slice(0, late ? 2 : 1);
          if (drop.length === (late ? 2 : 1))
            expect(held(blocks) - held(drop) - (late ? (sums[0] ?? NaN) : 0)).toBeLessThan(threshold * all);
          for (let row = start; row < end; row += 64)
            checkForm(xattentionIndexReference(row, keys, blocks), row, keys);
        }
      }),
      { numRuns: 50 },
    );
  });

  test('with every block is dense', () => {
    for (const keys of [1, 64, 65, 128, 129, 700, 1024]) {
      for (let start = 0; start < keys; start += 64) {
        const blocks = Array.from({ length: Math.floor(start / 128) + 1 }, (_, block) => block);
        expect(xattentionIndexReference(start, keys, blocks).tiles).toEqual(everyTile(start, keys));
      }
    }
  });

  test('sums of a row block are its strided rows', () => {
    for (const [rows, stride] of [
      [300, 8],
      [257, 16],
    ] as const) {
      const q = Float32Array.from({ length: rows * 8 }, seeded(1));
      const sums = antidiagonalSumsReference(q, q, { past: 0, rows, keys: rows, dim: 8, stride });
      sums.forEach((row, block) => {
        const strided = Math.ceil(Math.min(128, rows - block * 128) / stride);
        // Weights, their sums by row and those of a block are rounded to 11 bits each.
        expect(Math.abs(row.reduce((a, b) => a + b, 0) / strided - 1)).toBeLessThan(3 * 2 ** -11);
      });
    }
  });
});

function geometryOf(keys: number, past = 0): Geometry {
  const rows = keys - past;
  const chunkRows = Math.min(8192, Math.ceil(rows / 64) * 64);
  return { heads: 16, kvHeads: 8, headDim: 128, layers: 28, keys, past, rows, chunkRows, keyStride: keys };
}

const memory = (name: PatternName, set: Settings, keys: number, past = 0) =>
  patternMemory({ name, set }, geometryOf(keys, past));

describe('settings', () => {
  test.each([
    ['tri_shape', { last: -1 }, 'last'],
    ['tri_shape', { last: 8193 }, 'last'],
    ['a_shape', { last: 100 }, 'last'],
    ['block_sparse', { topK: 0 }, 'topK'],
    ['block_sparse', { topK: 2.5 }, 'topK'],
    ['block_sparse', { budget: 'other' }, 'budget'],
    ['xattention', { stride: 12 }, 'stride'],
    ['xattention', { stride: 4 }, 'stride'],
    ['xattention', { threshold: 1.1 }, 'threshold'],
    ['xattention', { block: 64 }, 'block'],
  ] as const)('%s %o is refused by name', (name, set, field) => {
    expect(() => memory(name, set, 8192)).toThrow(field);
  });

  test('sizes of a method are not cut to a short prompt', () => {
    const long: Settings = { stride: 16, block: 128, threshold: 0.8 };
    expect(settingsWithin({ name: 'xattention', set: long }, 8).set).toEqual(long);
  });

  test.each(['block_sparse', 'xattention'] as const)(
    '%s is dense by itself where it cannot pay',
    async (name) => {
      const note = async (set: Settings, keys: number, past = 0) =>
        (await createPattern(null as never, { name, set }, geometryOf(keys, past))).note;
      expect(await note({}, 2048)).toContain('4,096');
      expect(await note({}, 20_000, 19_900)).toContain('100 new tokens');
      if (name === 'block_sparse') expect(await note({ topK: 60 }, 5000)).toContain('60 tiles');
      expect(memory(name, {}, 2048)).toBe(0);
      expect(memory(name, { fallback: 'off' }, 2048)).toBeGreaterThan(0);
      expect(memory(name, {}, 20_000)).toBeGreaterThan(0);
    },
  );

  test('classic follows the original: 100 tiles, no fallback', () => {
    expect(memory('block_sparse', { budget: 'classic' }, 2048)).toBeGreaterThan(0);
    expect([8192, 32_768, 131_072].map(scaledTopK)).toEqual([16, 32, 64]);
  });

  test.each(['block_sparse', 'xattention'] as const)('%s: memory is bounded at a million tokens', (name) => {
    const bytes = memory(name, {}, 2 ** 20);
    expect(bytes).toBeGreaterThan(2 ** 24);
    expect(bytes).toBeLessThan(2 ** 28);
  });
});

test('a head is dense where every row block is', () => {
  const geometry = { past: 0, rows: 200 };
  const all = causalTiles(geometry);
  const { density, headDensity, denseHeads } = summariseRows(Uint32Array.of(all, 4, all, 3, 5, 0), geometry);
  expect(denseHeads).toBe(1);
  expect(headDensity).toEqual([1, 1, 0.5]);
  expect(density).toBeCloseTo(2.5 / 3, 12);
});
