import { expect, test } from 'vitest';
import { compareFidelity, firstDivergence, klDivergence, meanTailLoss, top5Overlap } from './fidelity';

test('KL is zero for equal logits, known for a simple pair, and not symmetric', () => {
  expect(klDivergence([1, 2, 3], [2, 3, 4])).toBeCloseTo(0, 12);
  // p = (3/4, 1/4), q = (1/2, 1/2)
  const kl = 0.75 * Math.log(1.5) + 0.25 * Math.log(0.5);
  expect(klDivergence([Math.log(3), 0], [0, 0])).toBeCloseTo(kl, 12);
  expect(klDivergence([0, 0], [Math.log(3), 0])).not.toBeCloseTo(kl, 3);
});

test('top-5 overlap and first divergence', () => {
  const falling = [9, 8, 7, 6, 5, 4, 3];
  expect(top5Overlap(falling, falling)).toBe(1);
  expect(top5Overlap(falling, [9, 8, 7, 6, 0, 10, 0])).toBe(0.8);
  expect(firstDivergence([1, 2, 3], [1, 2, 3])).toBeNull();
  expect(firstDivergence([1, 2, 3], [1, 5, 3])).toBe(1);
  expect(firstDivergence([1, 2, 3], [1, 2])).toBe(2);
});

test('tail loss predicts the next prompt token', () => {
  const ids = Uint32Array.of(0, 1, 0);
  // Two rows over a vocabulary of two: row 0 predicts id 0 (the last) at p = 1/4.
  const tail = Float32Array.of(0, Math.log(3), 5, 5);
  expect(meanTailLoss(tail, ids, 2)).toBeCloseTo(Math.log(4), 6);
  expect(meanTailLoss(tail.subarray(0, 2), ids, 2)).toBeNull();
});

test('compareFidelity puts them together', () => {
  const outcome = (logits: number[], answerIds: number[]) => ({
    logits: Float32Array.from(logits),
    tailLogits: new Float32Array(),
    run: { answerIds },
  });
  expect(compareFidelity(outcome([1, 0], [1]), outcome([0, 1], [1]), Uint32Array.of(0), 2)).toMatchObject({
    top1Agree: false,
    top5Overlap: 1,
    firstDivergence: null,
    tailLossDelta: null,
  });
});
