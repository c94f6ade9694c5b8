/** The references against what MInference's own code computed (app/attention/fixtures/, from the project's rig). */
import { describe, expect, test } from 'vitest';
import { worstError } from '../gpu/testing';
import { aShapeIndexReference } from '../reference/aShapeIndex';
import type { RowIndex } from '../reference/rowIndex';
import { selectTopReference } from '../reference/selectTop';
import { slashIndexReference } from '../reference/slashIndex';
import { verticalSlashEstimateReference } from '../reference/verticalSlashEstimate';
import { fixtureHalves, fixtureJson } from './fixtures.node';

interface VerticalCase {
  V: number;
  S: number;
  verticalIndex: number[][];
  slashIndex: number[][];
  blocks: number[][][];
  columns: number[][][];
  output: string;
}

interface Expected {
  vertical: { columnSums: number[][]; diagonal: number[][]; cases: VerticalCase[] };
  a_shape: { init: number; local: number; output: string }[];
}

function load(name: string) {
  const json = (file: string) => fixtureJson(`${name}/${file}`);
  const { tokens, heads, headDim } = json('shape.json') as { tokens: number; heads: number; headDim: number };
  const half = (file: string) => fixtureHalves(`${name}/${file}.f16`);
  return {
    expected: json('expected.json') as Expected,
    shape: { tokens, heads, headDim },
    q: half('q'),
    k: half('k'),
    v: half('v'),
    half,
  };
}

/** Attention of one row over listed keys, f64. */
function attend(data: ReturnType<typeof load>, head: number, row: number, keys: readonly number[]): number[] {
  const { tokens, headDim } = data.shape;
  const at = (token: number) => (head * tokens + token) * headDim;
  const scores = keys.map((key) => {
    let score = 0;
    for (let i = 0; i < headDim; i++) score += (data.q[at(row) + i] ?? NaN) * (data.k[at(key) + i] ?? NaN);
    return score / Math.sqrt(headDim);
  });
  const largest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - largest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return Array.from({ length: headDim }, (_, i) =>
    keys.reduce((out, key, n) => out + ((weights[n] ?? NaN) / sum) * (data.v[at(key) + i] ?? NaN), 0),
  );
}

function coveredKeys(index: RowIndex, row: number): number[] {
  const keys = index.tiles.flatMap((tile) => Array.from({ length: 64 }, (_, i) => tile + i));
  return [...keys.filter((key) => key <= row), ...index.columns];
}

describe.each(['a', 'b'])('case %s', (name) => {
  const data = load(name);
  const { tokens, heads, headDim } = data.shape;
  const { vertical } = data.expected;

  test('column and diagonal sums', () => {
    for (let head = 0; head < heads; head++) {
      const at = head * tokens * headDim;
      const { columnSums, diagonalSums } = verticalSlashEstimateReference(
        data.q.subarray(at + (tokens - 64) * headDim, at + tokens * headDim),
        data.k.subarray(at, at + tokens * headDim),
        { tailRows: 64, keys: tokens, dim: headDim },
      );
      // The file has six significant digits of an f32 softmax.
      const tolerance = { rtol: 2e-5, atol: 1e-6 };
      expect(worstError(columnSums, vertical.columnSums[head] ?? [], tolerance)).toBeLessThan(1);
      expect(worstError(diagonalSums, vertical.diagonal[head] ?? [], tolerance)).toBeLessThan(1);
    }
  });

  test.each(vertical.cases)('selection and index of V $V, S $S', (given) => {
    for (let head = 0; head < heads; head++) {
      const columnSums = (vertical.columnSums[head] ?? []).map((sum, i) => (i < 30 ? Infinity : sum));
      const diagonals = (vertical.diagonal[head] ?? []).map((sum, j) =>
        tokens - 1 - j < 100 ? Infinity : sum,
      );
      const columns = selectTopReference(columnSums, given.V);
      const offsets = selectTopReference(diagonals, given.S).map((j) => tokens - 1 - j);
      expect(columns).toEqual(given.verticalIndex[head]);
      expect(offsets).toEqual(given.slashIndex[head]);
      given.blocks[head]?.forEach((tiles, block) => {
        const index = slashIndexReference(block * 64, columns, offsets);
        expect(index).toEqual({ tiles, columns: given.columns[head]?.[block] });
      });
    }
  });

  const outputs = name === 'a' ? vertical.cases : vertical.cases.slice(0, 1);
  test.each(outputs)('output of V $V, S $S', ({ output, verticalIndex, slashIndex }) => {
    const expected = data.half(output.replace('.f16', ''));
    for (const row of [0, 63, 64, 200, 511, 640, tokens - 1]) {
      for (let head = 0; head < heads; head++) {
        const index = slashIndexReference(
          Math.floor(row / 64) * 64,
          verticalIndex[head] ?? [],
          slashIndex[head] ?? [],
        );
        const at = (head * tokens + row) * headDim;
        expect(
          worstError(attend(data, head, row, coveredKeys(index, row)), expected.subarray(at, at + headDim), {
            rtol: 0,
            atol: 2e-3,
          }),
        ).toBeLessThan(1);
      }
    }
  });

  test('a_shape covers its first keys and, in whole tiles, its window', () => {
    for (const { init, local } of data.expected.a_shape) {
      for (const row of [0, 63, 64, 300, tokens - 1]) {
        const index = aShapeIndexReference(Math.floor(row / 64) * 64, tokens, init, local);
        const covered = new Set(coveredKeys(index, row));
        const window = Math.floor(Math.max(0, Math.floor(row / 64) * 64 + 1 - local) / 64) * 64;
        for (let key = 0; key <= row; key++) {
          if (row - key < local) expect(key).toBeGreaterThanOrEqual(window);
          expect(covered.has(key)).toBe(key < init || key >= window);
        }
      }
    }
  });
});
