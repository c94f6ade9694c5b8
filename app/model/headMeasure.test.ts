import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CacheRange } from '../attention/pattern';
import { headParts, sampledPositions, sampledRowBlocks } from './headMeasure';

describe('sampled row blocks', () => {
  test('all of a short prompt, sixteen of a long one, the last always', () => {
    expect(sampledRowBlocks(1)).toEqual([0]);
    expect(sampledRowBlocks(300)).toEqual([0, 1, 2, 3, 4]);
    expect(sampledRowBlocks(64 * 32)).toEqual([1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31]);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 20 }), (rows) => {
        const blocks = sampledRowBlocks(rows);
        const all = Math.ceil(rows / 64);
        expect(blocks.at(-1)).toBe(all - 1);
        expect(blocks).toHaveLength(Math.min(16, all));
        const gaps = blocks.map((block, at) => block - (blocks[at - 1] ?? -1));
        expect(Math.max(...gaps) - Math.min(...gaps)).toBeLessThanOrEqual(1);
        expect(Math.min(...gaps)).toBeGreaterThan(0);
      }),
    );
  });

  test('positions count the past and end with the prompt', () => {
    const positions = sampledPositions({ rows: 100, past: 7 });
    expect(positions).toEqual(Array.from({ length: 100 }, (_, row) => row + 7));
    const long = sampledPositions({ rows: 5000, past: 0 });
    expect(long).toHaveLength(15 * 64 + (5000 % 64));
    expect(long.at(-1)).toBe(4999);
  });
});

test('parts of cache ranges hold every head once, under the limit, with its own KV heads', () => {
  const k = {} as GPUBuffer;
  const bytes = 1024;
  const input = fc.record({
    group: fc.integer({ min: 1, max: 9 }),
    kvEach: fc.integer({ min: 1, max: 5 }),
    ranges: fc.integer({ min: 1, max: 3 }),
    most: fc.integer({ min: 1, max: 50 }),
  });
  fc.assert(
    fc.property(input, ({ group, kvEach, ranges, most }) => {
      const caches: CacheRange[] = Array.from({ length: ranges }, (_, at) => ({
        headBase: at * kvEach * group,
        heads: kvEach * group,
        kvHeadBase: at * kvEach,
        k: { buffer: k, offset: 512 },
        v: { buffer: k },
      }));
      const parts = headParts(caches, group, most, bytes);
      const seen = parts.flatMap(({ headBase, heads }) =>
        Array.from({ length: heads }, (_, at) => headBase + at),
      );
      expect(seen).toEqual(Array.from({ length: ranges * kvEach * group }, (_, head) => head));
      for (const { headBase, heads, k: bound, v } of parts) {
        expect(heads).toBeLessThanOrEqual(most);
        // Head `headBase + i` reads KV head i / group of the binding.
        for (let i = 0; i < heads; i++) {
          const kvHead = Math.floor(headBase / group) + Math.floor(i / group);
          expect(kvHead).toBe(Math.floor((headBase + i) / group));
        }
        const first = Math.floor(headBase / group) % kvEach;
        expect(bound.offset).toBe(512 + first * bytes);
        expect(v.offset).toBe(first * bytes);
        expect(bound.size).toBe(Math.ceil(heads / group) * bytes);
      }
    }),
  );
});
