import { expect, test } from 'vitest';
import { headSlices } from './tailLogits';

test('slices hold every column once, begin where bindings may, and are whole vec4s but for a last remainder', () => {
  const head = [
    { first: 0, rows: 320 },
    { first: 320, rows: 131 },
    { first: 451, rows: 2 },
  ];
  const { slices, bytes } = headSlices(head, 5, 128);
  expect(slices.map(({ piece, first, cols }) => [piece.first + first, cols])).toEqual([
    [0, 128],
    [128, 128],
    [256, 64],
    [320, 128],
    [448, 3],
    [451, 2],
  ]);
  let end = 0;
  for (const { offset, cols } of slices) {
    expect(offset % 256).toBe(0);
    expect(offset).toBeGreaterThanOrEqual(end);
    end = offset + 5 * cols * 4;
  }
  expect(bytes).toBeGreaterThanOrEqual(end);
});
