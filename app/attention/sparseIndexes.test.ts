/** Properties of every index (design 4), on the references: what must be kept is covered exactly once. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aShapeIndexReference } from '../reference/aShapeIndex';
import { bandIndexReference } from '../reference/bandIndex';
import type { RowIndex } from '../reference/rowIndex';
import { selectTopReference } from '../reference/selectTop';
import { slashIndexReference } from '../reference/slashIndex';

const lengths = fc.integer({ min: 1, max: 700 });
const sorted = (values: Iterable<number>) => [...new Set(values)].toSorted((a, b) => a - b);

/** Times each causal key of `row` is computed. */
function coverage(index: RowIndex, row: number): Uint8Array {
  const times = new Uint8Array(row + 1);
  for (const tile of index.tiles)
    for (let key = tile; key < tile + 64; key++) if (key <= row) times[key] = (times[key] ?? 0) + 1;
  for (const column of index.columns) times[column] = (times[column] ?? 0) + 1;
  return times;
}

function checkForm(index: RowIndex, start: number, aligned: boolean): void {
  expect(index.tiles.length).toBeGreaterThan(0);
  index.tiles.forEach((tile, i) => {
    if (aligned) expect(tile % 64).toBe(0);
    if (i > 0) expect(tile - (index.tiles[i - 1] ?? NaN)).toBeGreaterThanOrEqual(64);
  });
  expect(index.columns).toEqual(sorted(index.columns));
  for (const column of index.columns) expect(column).toBeLessThan(start);
}

function eachRow(start: number, keys: number, visit: (row: number) => void): void {
  for (let row = start; row < Math.min(start + 64, keys); row++) visit(row);
}

/** Row blocks of a prompt of `keys` keys whose first `past` are cached. */
function* starts(keys: number, past: number): Generator<number> {
  for (let start = past; start < keys; start += 64) yield start;
}

describe('scaled', () => {
  const inputs = fc.record({
    keys: lengths,
    past: fc.integer({ min: 0, max: 130 }),
    columns: fc.uniqueArray(fc.nat(699)),
    bands: fc.uniqueArray(fc.nat(10)),
  });

  test('keeps chosen bands, columns, first tile, diagonal and neighbour exactly once', () => {
    fc.assert(
      fc.property(inputs, ({ keys, past, columns, bands }) => {
        const kept = sorted(columns.filter((column) => column < keys));
        // The two nearest bands are forced.
        const chosen = sorted([0, 1, ...bands]);
        for (const start of starts(keys, past)) {
          const index = bandIndexReference(start, keys, kept, chosen);
          checkForm(index, start, true);
          const tileOf = (key: number) => Math.floor(key / 64);
          eachRow(start, keys, (row) => {
            const times = coverage(index, row);
            expect(times.every((count) => count <= 1)).toBe(true);
            for (let key = 0; key <= row; key++) {
              const must =
                key < 64 ||
                tileOf(row) - tileOf(key) <= 1 ||
                chosen.includes(tileOf(row - key)) ||
                (key < start && kept.includes(key));
              if (must && times[key] !== 1) expect({ keys, start, row, key, times: times[key] }).toBeNull();
            }
          });
        }
      }),
      { numRuns: 50 },
    );
  });

  test('with every band is dense', () => {
    fc.assert(
      fc.property(lengths, (keys) => {
        const bands = Array.from({ length: Math.ceil(keys / 64) }, (_, band) => band);
        for (const start of starts(keys, 0)) {
          const index = bandIndexReference(start, keys, [1, 70], bands);
          expect(index.columns).toEqual([]);
          expect(index.tiles).toEqual(Array.from({ length: start / 64 + 1 }, (_, tile) => tile * 64));
        }
      }),
    );
  });
});

describe('classic', () => {
  test('keeps every chosen diagonal and column that the original keeps, once', () => {
    const inputs = fc.record({
      keys: lengths,
      columns: fc.uniqueArray(fc.nat(699)),
      offsets: fc.uniqueArray(fc.nat(699)),
      runs: fc.array(fc.tuple(fc.nat(699), fc.integer({ min: 1, max: 130 })), { maxLength: 3 }),
    });
    fc.assert(
      fc.property(inputs, ({ keys, columns, offsets, runs }) => {
        const kept = sorted(columns.filter((column) => column < keys));
        const all = new Set([...offsets, ...Array.from({ length: 64 }, (_, near) => near)]);
        for (const [first, length] of runs)
          for (let offset = first; offset < first + length; offset++) all.add(offset);
        const descending = sorted([...all].filter((offset) => offset < keys)).toReversed();
        for (const start of starts(keys, 0)) {
          const index = slashIndexReference(start, kept, descending);
          checkForm(index, start, false);
          eachRow(start, keys, (row) => {
            const times = coverage(index, row);
            expect(times.every((count) => count <= 1)).toBe(true);
            const diagonals = descending.filter((offset) => offset <= row).map((offset) => row - offset);
            const must = [...diagonals, ...kept.filter((column) => column < start)];
            expect(must.filter((key) => times[key] !== 1)).toEqual([]);
          });
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('a_shape', () => {
  test('keeps sinks and the tiles of the window exactly once, and nothing else', () => {
    const inputs = fc.record({
      keys: lengths,
      past: fc.nat(130),
      init: fc.nat(300),
      local: fc.integer({ min: 1, max: 300 }),
    });
    fc.assert(
      fc.property(inputs, ({ keys, past, init, local }) => {
        for (const start of starts(keys, past)) {
          const index = aShapeIndexReference(start, keys, init, local);
          checkForm(index, start, true);
          eachRow(start, keys, (row) => {
            coverage(index, row).forEach((count, key) => {
              // The window is whole tiles, from that of the first row's first key on.
              const window = Math.floor(Math.max(0, start + 1 - local) / 64) * 64;
              const wanted = key < init || key >= window ? 1 : 0;
              if (key <= row && count !== wanted) expect({ keys, start, row, key, count }).toBeNull();
            });
          });
        }
      }),
      { numRuns: 50 },
    );
  });
});

test('selection takes the largest and, among equals, the first', () => {
  expect(selectTopReference([1, 3, 2, 3, 3], 2)).toEqual([1, 3]);
  expect(selectTopReference([1, 3, 2, 3, 3], 4)).toEqual([1, 2, 3, 4]);
  expect(selectTopReference([5, 5], 0)).toEqual([]);
});
