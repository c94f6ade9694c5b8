import { expect, test } from 'vitest';
import type { RopeConfig } from './config';
import { inverseFrequencies } from './rope';

const plain: RopeConfig = {
  theta: 10_000,
  kind: 'default',
  factor: 1,
  originalContext: 2048,
  lowFrequencyFactor: 1,
  highFrequencyFactor: 4,
  betaFast: 32,
  betaSlow: 1,
  attentionFactor: null,
  mscale: null,
  mscaleAllDim: null,
  truncate: true,
};

test('default: theta to the power of -2 i / dim', () => {
  const { inverse, scale } = inverseFrequencies(plain, 8, 2048);
  expect([...inverse]).toEqual([1, 0.1, 0.01, 0.001].map((value) => expect.closeTo(value, 12)));
  expect(scale).toBe(1);
});

test('linear divides every frequency', () => {
  const { inverse } = inverseFrequencies({ ...plain, kind: 'linear', factor: 4 }, 8, 2048);
  expect(inverse[1]).toBeCloseTo(0.025, 12);
});

test('llama3 keeps fast pairs, divides slow ones, and is monotone between', () => {
  const rope: RopeConfig = { ...plain, theta: 5e5, kind: 'llama3', factor: 32, originalContext: 8192 };
  const { inverse } = inverseFrequencies(rope, 64, 131_072);
  const before = inverseFrequencies({ ...plain, theta: 5e5 }, 64, 131_072).inverse;
  expect(inverse[0]).toBe(before[0]);
  expect((before[31] ?? 0) / (inverse[31] ?? 1)).toBeCloseTo(32, 9);
  for (let i = 1; i < 32; i++) expect(inverse[i]).toBeLessThan(inverse[i - 1] ?? 0);
});

test('yarn keeps fast pairs, divides slow ones, and scales attention by 0.1 ln(factor) + 1', () => {
  const rope: RopeConfig = { ...plain, theta: 1e6, kind: 'yarn', factor: 4, originalContext: 32_768 };
  const { inverse, scale } = inverseFrequencies(rope, 128, 131_072);
  const before = inverseFrequencies({ ...plain, theta: 1e6 }, 128, 131_072).inverse;
  expect(inverse[0]).toBe(before[0]);
  expect((before[63] ?? 0) / (inverse[63] ?? 1)).toBeCloseTo(4, 9);
  expect(scale).toBeCloseTo(0.1 * Math.log(4) + 1, 12);
  expect(inverseFrequencies({ ...rope, attentionFactor: 1.5 }, 128, 131_072).scale).toBe(1.5);
});
