import { array, assert, constant, double, oneof, pre, property, tuple } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { nonNegativeLeastSquares, relativeLeastSquares } from './leastSquares';

const lengths = [2_048, 4_096, 8_192, 16_384, 32_768, 65_536];
const rows = lengths.map((n) => [1, n, n * n]);
const coefficient = oneof(constant(0), double({ min: 0.1, max: 10, noNaN: true }));

describe('least squares', () => {
  it('recovers coefficients that are not negative, zeros included', () => {
    assert(
      property(coefficient, coefficient, coefficient, (a, b, c) => {
        const truth = [100 * a, 0.01 * b, 1e-6 * c];
        pre(truth.some((value) => value > 0));
        const values = rows.map((row) => row.reduce((sum, cell, at) => sum + cell * (truth[at] ?? 0), 0));
        const found = relativeLeastSquares(rows, values);
        const again = rows.map((row) => row.reduce((sum, cell, at) => sum + cell * (found[at] ?? 0), 0));
        again.forEach((value, at) => {
          expect(value / (values[at] ?? 0)).toBeCloseTo(1, 8);
        });
        found.forEach((value, at) => {
          expect(Math.abs(value - (truth[at] ?? 0))).toBeLessThanOrEqual(
            1e-6 * (truth[at] || [1, 1e-4, 1e-8][at] || 1),
          );
        });
      }),
      { seed: 7, numRuns: 200 },
    );
  });

  it('is never worse than any other choice that is not negative', () => {
    const value = double({ min: -5, max: 5, noNaN: true });
    const error = (matrix: number[][], values: number[], x: readonly number[]): number =>
      matrix.reduce((sum, row, at) => {
        const fitted = row.reduce((total, cell, column) => total + cell * (x[column] ?? 0), 0);
        return sum + (fitted - (values[at] ?? 0)) ** 2;
      }, 0);
    assert(
      property(
        array(tuple(value, value, value), { minLength: 4, maxLength: 8 }),
        array(value, { minLength: 8, maxLength: 8 }),
        array(tuple(...[0, 1, 2].map(() => double({ min: 0, max: 3, noNaN: true }))), {
          minLength: 5,
          maxLength: 5,
        }),
        (matrix, given, others) => {
          const values = given.slice(0, matrix.length);
          const found = nonNegativeLeastSquares(matrix, values);
          expect(found.every((x) => x >= 0)).toBe(true);
          const least = error(matrix, values, found);
          for (const other of others) expect(least).toBeLessThanOrEqual(error(matrix, values, other) + 1e-9);
        },
      ),
      { seed: 11, numRuns: 200 },
    );
  });

  it('answers zeros where a rising column would have to fall, and for columns that say the same', () => {
    expect(nonNegativeLeastSquares([[1], [2]], [-1, -2])).toEqual([0]);
    const [a = 0, b = 0] = nonNegativeLeastSquares(
      [
        [1, 2],
        [2, 4],
      ],
      [3, 6],
    );
    expect(a + 2 * b).toBeCloseTo(3, 12);
  });
});
