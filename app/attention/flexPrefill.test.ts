/** The reference of FlexPrefill against what its own code computed (app/attention/fixtures/), and its properties. */
import { readFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { flexPrefillReference, flexRowIndexReference, type FlexShape } from '../reference/flexPrefill';

interface FlexCase {
  block: number;
  gamma: number;
  tau: number;
  minBudget: number;
  active: [number, number][][];
}

const folder = 'app/attention/fixtures';

function halves(path: string): Float32Array {
  const bytes = readFileSync(path);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Float32Array.from({ length: bytes.byteLength / 2 }, (_, i) => {
    const bits = view.getUint16(i * 2, true);
    const exponent = (bits >> 10) & 31;
    const fraction = bits & 1023;
    const size = exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15);
    return bits >> 15 ? -size : size;
  });
}

describe.each(['a', 'b'])('case %s', (name) => {
  const json = (file: string): unknown => JSON.parse(readFileSync(`${folder}/${name}/${file}`, 'utf8'));
  const { tokens, heads, headDim } = json('shape.json') as Record<'tokens' | 'heads' | 'headDim', number>;
  const cases = (json('expected.json') as { flexprefill: FlexCase[] }).flexprefill;
  const [q, k] = [halves(`${folder}/${name}/q.f16`), halves(`${folder}/${name}/k.f16`)];

  test.each(cases)('block $block, gamma $gamma, tau $tau, at least $minBudget', ({ active, ...given }) => {
    for (let head = 0; head < heads; head++) {
      const own = [head * tokens * headDim, (head + 1) * tokens * headDim] as const;
      const result = flexPrefillReference(q.subarray(...own), k.subarray(...own), {
        ...given,
        tokens,
        past: 0,
        dim: headDim,
      });
      const pairs = result.active.flatMap((keys, row) => keys.map((key) => [row, key]));
      expect(pairs, JSON.stringify({ ...result, active: [] })).toEqual(active[head]);
    }
  });
});

describe('properties', () => {
  const dim = 4;
  const inputs = fc
    .record({
      tokens: fc.integer({ min: 130, max: 420 }),
      pastShare: fc.double({ min: 0, max: 0.9, noNaN: true }),
      block: fc.constantFrom(64, 128),
      tau: fc.constantFrom(0, 0.2, 1),
      gamma: fc.double({ min: 0, max: 0.99, noNaN: true }),
      minBudget: fc.integer({ min: 0, max: 300 }),
      seed: fc.integer(),
      spread: fc.double({ min: 0.1, max: 3, noNaN: true }),
    })
    .map((given) => Object.assign(given, { past: Math.floor(given.tokens * given.pastShare) }));

  /** Smooth values that differ by row and dim. */
  function values(rows: number, seed: number, spread: number): Float64Array {
    const frequency = 0.3 + (Math.abs(seed) % 997) / 500;
    return Float64Array.from({ length: rows * dim }, (_, i) => {
      const row = Math.floor(i / dim);
      return spread * (Math.sin(row * frequency + i * i) + Math.cos(row / 17 + (i % dim)));
    });
  }

  const run = (shape: Omit<FlexShape, 'dim'>, seed: number, spread: number) =>
    flexPrefillReference(
      values(shape.tokens - shape.past, seed, spread),
      values(shape.tokens, seed + 1, spread),
      {
        ...shape,
        dim,
      },
    );

  test('every row block has the first block, its own, and only causal ones; tiles cover them once', () => {
    fc.assert(
      fc.property(inputs, ({ seed, spread, ...shape }) => {
        const { tokens, past, block } = shape;
        const { active } = run(shape, seed, spread);
        active.forEach((keys, row) => {
          if ((row + 1) * block <= past) {
            expect(keys).toEqual([]);
            return;
          }
          expect(keys[0]).toBe(0);
          expect(keys.at(-1)).toBe(row);
          expect(keys).toEqual([...new Set(keys)].toSorted((a, b) => a - b));
        });
        for (let start = past; start < tokens; start += 64) {
          const last = Math.min(start + 64, tokens) - 1;
          const { tiles, columns } = flexRowIndexReference(active, start, shape);
          expect(columns).toEqual([]);
          expect(tiles).toEqual([...new Set(tiles)].toSorted((a, b) => a - b));
          expect(tiles.at(-1)).toBe(Math.floor(last / 64) * 64);
          for (const row of [start, last])
            for (const key of active[Math.floor(row / block)] ?? [])
              for (let at = key * block; at < Math.min((key + 1) * block, row + 1); at += 64)
                expect(tiles).toContain(at);
        }
      }),
      { numRuns: 60 },
    );
  });

  test('more gamma or a larger least budget never computes less', () => {
    fc.assert(
      fc.property(inputs, fc.double({ min: 0, max: 1, noNaN: true }), ({ seed, spread, ...shape }, more) => {
        const few = run(shape, seed, spread);
        const holds = (many: typeof few) => {
          few.active.forEach((keys, row) => {
            expect(many.active[row]).toEqual(expect.arrayContaining(keys));
          });
        };
        holds(run({ ...shape, gamma: shape.gamma + more * (0.99 - shape.gamma) }, seed, spread));
        holds(run({ ...shape, minBudget: shape.minBudget + Math.floor(200 * more) }, seed, spread));
      }),
      { numRuns: 30 },
    );
  });

  test('a planted column and a planted diagonal are found', () => {
    const [tokens, block] = [640, 64];
    const q = new Float64Array(tokens * dim);
    const k = new Float64Array(tokens * dim);
    for (let row = 0; row < tokens; row++) {
      // Dims 0 and 1: a position of period 640, which the key 215 before answers. Dim 2: the column at 330.
      const angle = (2 * Math.PI * row) / tokens;
      q.set([30 * Math.cos(angle), 30 * Math.sin(angle), 8, 0], row * dim);
      const ahead = angle + (2 * Math.PI * 215) / tokens;
      k.set(row === 330 ? [0, 0, 113, 0] : [30 * Math.cos(ahead), 30 * Math.sin(ahead), 0, 0], row * dim);
    }
    const shape = { tokens, past: 0, dim, block, gamma: 0.9, tau: 0, minBudget: 128 };
    const { active, budgets } = flexPrefillReference(q, k, shape);
    expect(budgets).toEqual([2, 2]);
    expect(active[9]).toEqual([0, 5, 6, 9]);
    expect(active[4]).toEqual([0, 1, 4]);
  });
});
