import { expect, test } from 'vitest';
import { headWords, measures, moved, rowsOf } from './measures';

const report = {
  layers: 2,
  heads: 3,
  sampledRows: [0, 1],
  density: [
    [0.5, 1, 0.05],
    [0.1, 0.2, 0.3],
  ],
  recall: [
    [0.951, 1, 0.99996],
    [0.5, 0.6, 0.7],
  ],
  outputError: [
    [0.032, 0, 0.0001],
    [0.4, 2, 0.3],
  ],
};

test('a head in words: what is left out is never rounded away', () => {
  expect(headWords(report, { layer: 0, head: 0 })).toBe(
    'Layer 0, head 0: attention kept 95.1%, output error 3.2%, tiles computed 50%',
  );
  expect(headWords(report, { layer: 0, head: 1 })).toContain('attention kept 100%, output error 0%');
  expect(headWords(report, { layer: 0, head: 2 })).toContain('kept above 99.9%, output error below 0.1%');
});

test('strength is none for nothing lost, and never more than all', () => {
  const [recall, error, density] = measures;
  expect([recall?.strength(1), error?.strength(0), density?.strength(0)]).toEqual([0, 0, 0]);
  expect([recall?.strength(0), error?.strength(2), density?.strength(1.1)]).toEqual([1, 1, 1]);
});

test('keys move within the grid', () => {
  expect(moved({ layer: 0, head: 0 }, 'ArrowLeft', report)).toEqual({ layer: 0, head: 0 });
  expect(moved({ layer: 0, head: 0 }, 'ArrowDown', report)).toEqual({ layer: 1, head: 0 });
  expect(moved({ layer: 1, head: 0 }, 'End', report)).toEqual({ layer: 1, head: 2 });
  expect(moved({ layer: 1, head: 2 }, 'Home', report)).toEqual({ layer: 1, head: 0 });
  expect(moved({ layer: 0, head: 0 }, 'a', report)).toBeNull();
  expect(rowsOf(report, 'density')[1]?.cells[2]).toEqual({ head: 2, value: 0.3 });
});
