import { array, assert, constantFrom, double, pre, property, record } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { breakEven, fitGrowth, predict, projectDense, type GrowthFit } from './growth';

const lengths = [2_048, 4_096, 8_192, 16_384, 32_768];
const coefficients = record({
  constant: constantFrom(0, 0.5, 20),
  linear: constantFrom(0, 1e-3, 0.02),
  quadratic: constantFrom(0, 1e-7, 3e-6),
});
const points = (fit: Pick<GrowthFit, 'constant' | 'linear' | 'quadratic'>) =>
  lengths.map((tokens) => ({ tokens, ms: predict(fit, tokens) }));

describe('fit', () => {
  it('finds the coefficients of exact points', () => {
    assert(
      property(coefficients, (truth) => {
        pre(truth.constant + truth.linear + truth.quadratic > 0);
        const fit = fitGrowth(points(truth));
        expect(fit?.error).toBeLessThan(1e-6);
        for (const tokens of [1_000, 50_000])
          expect((fit ? predict(fit, tokens) : NaN) / predict(truth, tokens)).toBeCloseTo(1, 5);
      }),
    );
  });

  it('has no negative term, whatever the points, and fits noise about as well as the truth does', () => {
    assert(
      property(
        coefficients,
        array(double({ min: -0.2, max: 0.2, noNaN: true }), { minLength: 5, maxLength: 5 }),
        (truth, noise) => {
          pre(truth.constant + truth.linear + truth.quadratic > 0);
          const noisy = points(truth).map(({ tokens, ms }, at) => ({
            tokens,
            ms: ms * (1 + (noise[at] ?? 0)),
          }));
          const fit = fitGrowth(noisy);
          if (!fit) throw new Error('no fit');
          expect(Math.min(fit.constant, fit.linear, fit.quadratic)).toBeGreaterThanOrEqual(0);
          const squares = noisy.map(({ tokens, ms }) => (predict(truth, tokens) / ms - 1) ** 2);
          const best = Math.sqrt(squares.reduce((sum, square) => sum + square, 0) / squares.length);
          expect(fit.error).toBeLessThanOrEqual(best + 1e-9);
        },
      ),
    );
  });

  it('says nothing of one length', () => {
    expect(fitGrowth([])).toBeNull();
    expect(
      fitGrowth([
        { tokens: 5, ms: 2 },
        { tokens: 5, ms: 3 },
      ]),
    ).toBeNull();
    expect(
      fitGrowth([
        { tokens: 1_000, ms: 2 },
        { tokens: 2_000, ms: 8 },
      ]),
    ).toMatchObject({
      constant: 0,
      linear: 0,
      points: 2,
    });
  });
});

describe('break-even', () => {
  const fit = (constant: number, linear: number, quadratic: number): GrowthFit => ({
    constant,
    linear,
    quadratic,
    error: 0,
    points: 3,
  });

  it('is where the curves cross for good', () => {
    // n² = 100 n at 100; before it dense is faster.
    expect(breakEven(fit(0, 0, 1), fit(0, 100, 0), 10, 1_000)).toEqual({ kind: 'from', tokens: 100 });
    expect(breakEven(fit(0, 2, 0), fit(50, 1, 0), 10, 1_000)).toEqual({ kind: 'from', tokens: 50 });
  });

  it('is everywhere or nowhere where they do not cross', () => {
    expect(breakEven(fit(0, 2, 1), fit(0, 1, 0), 10, 1_000)).toEqual({ kind: 'always' });
    expect(breakEven(fit(0, 1, 0), fit(0, 2, 0), 10, 1_000)).toEqual({ kind: 'never' });
    expect(breakEven(fit(0, 0, 1), fit(0, 5_000, 0), 10, 1_000)).toEqual({ kind: 'never' });
  });
});

it('projects attention by its square and the rest by length', () => {
  // 1,000 tokens: 30 ms of attention and 70 of the rest.
  const sample = { tokens: 1_000, ttftMs: 100, attentionMs: 30 };
  expect(projectDense(sample, 1_000)).toBeCloseTo(100, 9);
  expect(projectDense(sample, 10_000)).toBeCloseTo((30 * (10_000 * 10_001)) / (1_000 * 1_001) + 700, 9);
});
