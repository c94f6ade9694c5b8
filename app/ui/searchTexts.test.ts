import { expect, test } from 'vitest';
import { foundSentence } from './searchTexts';

const found = {
  date: '2026-11-23T12:00:00.000Z',
  tokens: 1_300,
  density: 0.15,
  meanRecall: 0.97,
  meanDensity: 0.864,
  unmetHeads: 48,
};

test('the cost that is said is the measured one, and heads without a candidate within it are counted', () => {
  expect(foundSentence(found)).toBe(
    'Found on Nov 23, 2026 over 1,300 tokens: 97% of the attention kept at a mean density of 86%; 15% was asked for. For 48 heads no candidate met that cost, and the cheapest was taken: a longer text leaves more to skip.',
  );
  expect(foundSentence({ ...found, meanDensity: 0.16, unmetHeads: 0 })).toBe(
    'Found on Nov 23, 2026 over 1,300 tokens: 97% of the attention kept at a mean density of 16%; 15% was asked for.',
  );
});
