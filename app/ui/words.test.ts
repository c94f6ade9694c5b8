import { describe, expect, it } from 'vitest';
import type { CompareResult, RunResult } from '../engine/types';
import { projectedRun } from '../storage/fixtures';
import { barsOf, projectedBarsOf } from './bars';
import { chartCaption, factsOf } from './comparison';
import {
  closeness,
  fidelityLine,
  firstDifference,
  headline,
  outcome,
  plantedVerdict,
  resultTitle,
  shownAnswer,
} from './words';

function run(pattern: RunResult['pattern'], ttftMs: number, note?: string): RunResult {
  return { pattern, ttftMs, ...(note !== undefined && { note }) } as RunResult;
}

function result(runs: RunResult[], ttft: number | null): CompareResult {
  return { runs, speedup: ttft === null ? null : { ttft, attention: null } } as CompareResult;
}

describe('headline', () => {
  const dense = run('dense', 4_000);
  it.each([
    [4, '4.0×', 'faster'],
    [1.01, '1×', 'even'],
    [0.8, '1.25×', 'slower'],
  ] as const)('says %s times as it is', (ttft, figure, tone) => {
    const sparse = run('vertical_slash', 4_000 / ttft);
    expect(headline(result([dense, sparse], ttft))).toMatchObject({ figure, tone });
  });

  it('claims no speed-up where sparse fell back to dense, or where there is one run', () => {
    const fallen = run('vertical_slash', 2_000, 'Dense was used.');
    expect(headline(result([dense, fallen], 2)).words).toBe('both times: nothing was skipped');
    expect(headline(result([dense], null))).toMatchObject({ figure: '4.00 s', tone: 'none' });
  });
});

describe('projected dense', () => {
  const { result: projected } = projectedRun;

  it('is called projected wherever it stands', () => {
    expect(headline(projected)).toEqual({
      figure: '4.0×',
      words: 'faster to the first token than dense is projected to be',
      detail: '600 ms with sparse attention, measured; 2.40 s with dense, projected from a measured sample.',
      tone: 'projected',
    });
    expect(outcome(projected)).toBe('4.0× projected');
    expect(chartCaption([projected]).notes[0]).toContain('2.40 s projected from a measured sample, not run');
    expect(factsOf(projectedRun)).toContainEqual({ name: 'Dense too', value: 'projected, not run' });
    expect(barsOf(projected).map(({ label }) => label)).toEqual(['Adaptive']);
    expect(projectedBarsOf(projected, 'A').map(({ label }) => label)).toEqual(['A: Dense, projected']);
    expect(resultTitle(projected)).toBe('Adaptive against dense, projected');
  });

  it('is not claimed where nothing was projected', () => {
    const dense = structuredClone(projected);
    delete dense.projected;
    for (const lane of dense.runs) lane.note = 'Dense was used.';
    expect(resultTitle(dense)).toBe('Adaptive alone');
    expect(headline(dense).detail).toBe(
      'Nothing was skipped: this run was dense itself, and nothing had to be projected.',
    );
    expect(factsOf({ ...projectedRun, result: dense })).toContainEqual({
      name: 'Dense too',
      value: 'to be projected, but nothing was',
    });
  });
});

describe('fidelity', () => {
  it('names how close two predictions are', () => {
    expect(closeness(0)).toBe('practically the same');
    expect(closeness(0.05)).toBe('close');
    expect(closeness(2)).toBe('far apart');
  });

  it('fits one line', () => {
    const line = fidelityLine({
      kl: 0.3,
      top1Agree: false,
      top5Overlap: 0.4,
      firstDivergence: 0,
      tailLossDelta: null,
    });
    expect(line).toBe(
      'The likeliest next token differs, the answers part at token 1, and the two predictions are noticeably different.',
    );
  });
});

describe('an answer on the page', () => {
  it('begins with its first word, and its end and inner space stay', () => {
    expect(shownAnswer({ answer: ' attic' })).toBe('attic');
    expect(shownAnswer({ answer: '\n -> Vec<u16>, ..)\n ' })).toBe('-> Vec<u16>, ..)\n ');
    expect(shownAnswer({ answer: ' ' })).toBe('');
  });
});

describe('firstDifference', () => {
  it('is null for equal answers', () => {
    expect(firstDifference('4821937', '4821937')).toBeNull();
  });

  it('starts at the word that differs', () => {
    expect(firstDifference('it is 4821937 indeed', 'it is 4829999')).toEqual({
      same: 'it is ',
      first: { word: '4821937', rest: ' indeed' },
      second: { word: '4829999', rest: '' },
    });
  });

  it('copes with one answer that stops earlier', () => {
    expect(firstDifference('one', 'one two')).toEqual({
      same: 'one',
      first: { word: '', rest: '' },
      second: { word: ' two', rest: '' },
    });
  });
});

describe('the planted answer', () => {
  it.each([
    ['It is 1699453.', 'eos', '✓ planted answer found'],
    ['1', 'length', 'planted answer cut before its end'],
    [' 16994', 'length', 'planted answer cut before its end'],
    ['16994', 'eos', '✗ planted answer missed'],
    ['2', 'length', '✗ planted answer missed'],
  ] as const)('in %j that stopped by %s: %s', (answer, stopReason, words) => {
    expect(plantedVerdict({ answer, stopReason }, '1699453')).toBe(words);
  });
});
