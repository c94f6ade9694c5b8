/** Keys that come piece by piece against all at once. */
import { expect, test } from 'vitest';
import { addKeys, attended, noKeys } from './rowAttention';
import { tileAttentionReference } from './tileAttention';

const headDim = 8;
const keys = 100;
const value = (at: number, seed: number): number => Math.sin(12.9898 * at + seed) * 3;
const values = (count: number, seed: number): Float64Array =>
  Float64Array.from({ length: count }, (_, at) => value(at, seed));

test('pieces in any order of scores add up to the attention over all keys; a key named twice counts twice', () => {
  const [q, k, v] = [values(headDim, 1), values(keys * headDim, 2), values(keys * headDim, 3)];
  const shape = { rows: 1, rowPosition: 80, keys, heads: 1, kvHeads: 1, headDim };
  const columns = Array.from({ length: 40 }, (_, at) => 2 * at).concat(6, 6);
  const expected = tileAttentionReference(q, k, v, shape, () => ({ tiles: [], columns }));
  const row = noKeys(headDim);
  for (let first = 0; first < keys; first += 30) {
    const piece = {
      k: k.subarray(first * headDim, (first + 30) * headDim),
      v: v.subarray(first * headDim, (first + 30) * headDim),
      first,
    };
    addKeys(
      row,
      q,
      piece,
      columns.filter((key) => key >= first && key < first + 30),
    );
  }
  attended(row).forEach((got, d) => {
    expect(got).toBeCloseTo(expected[d] ?? NaN, 12);
  });
});

test('a row without keys is zero, and what is no number stays none', () => {
  expect([...attended(noKeys(2))]).toEqual([0, 0]);
  const row = noKeys(2);
  addKeys(row, [1, 1], { k: [NaN, 0, 1, 1], v: [1, 1, 1, 1], first: 0 }, [0, 1]);
  expect(attended(row).every(Number.isNaN)).toBe(true);
});
