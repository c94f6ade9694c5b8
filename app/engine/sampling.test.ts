import { expect, test } from 'vitest';
import { argmax, createSampler, logSoftmax, topTokens } from './sampling';

const logits = Float32Array.of(0, 2, 1, 2, -5);

test('greedy takes the largest, the lowest id on a tie', () => {
  expect(argmax(logits)).toBe(1);
  expect(createSampler({ temperature: 0, topP: 1, seed: 1 })(logits)).toBe(1);
});

test('log softmax sums to one and survives large logits', () => {
  const sum = logSoftmax([1000, 1001, 999]).reduce((total, value) => total + Math.exp(value), 0);
  expect(sum).toBeCloseTo(1, 12);
});

test('top tokens are ranked, ties by lower id', () => {
  expect(topTokens(logits, 3).map(({ id }) => id)).toEqual([1, 3, 2]);
  expect(topTokens(logits, 99)).toHaveLength(5);
});

test('a seed repeats its choices, another seed differs, and top-p leaves the tail out', () => {
  const draw = (seed: number, topP: number): number[] => {
    const sample = createSampler({ temperature: 1, topP, seed });
    return Array.from({ length: 300 }, () => sample(logits));
  };
  expect(draw(7, 1)).toEqual(draw(7, 1));
  expect(draw(7, 1)).not.toEqual(draw(8, 1));
  expect(new Set(draw(7, 0.5))).toEqual(new Set([1, 3]));
  expect(new Set(draw(7, 1)).size).toBeGreaterThan(3);
});

test('frequencies follow the distribution', () => {
  const sample = createSampler({ temperature: 1, topP: 1, seed: 3 });
  const draws = Array.from({ length: 4000 }, () => sample(logits));
  const share = draws.filter((id) => id === 2).length / draws.length;
  // Three standard deviations of 4,000 draws at p = 0.147.
  expect(share).toBeCloseTo(Math.exp(logSoftmax(logits)[2] ?? NaN), 1);
  expect(Math.abs(share - Math.exp(logSoftmax(logits)[2] ?? NaN))).toBeLessThan(0.017);
});
