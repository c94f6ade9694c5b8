import { expect, test } from 'vitest';
import type { RetentionReport } from '../../engine/types';
import { factWords, longestUnread, plantedFact, topPassages } from './findings';
import {
  excerpt,
  legendOf,
  mostOf,
  passageAt,
  passagesOf,
  passageValues,
  passageWords,
  readingKind,
  retentionMeasures,
  shareText,
  stepped,
  strengthOf,
} from './passages';
import { windowAround } from './window';

const [read, later, mass, missed] = retentionMeasures;
if (!read || !later || !mass || !missed) throw new Error('measures are missing');

/** `bins` bins of one token and two characters each; the first is template. */
function reportOf(bins: number, change: Partial<RetentionReport> = {}): RetentionReport {
  const all = (value: number): number[] => Array.from({ length: bins }, () => value);
  return {
    tokensPerBin: 1,
    lastRows: 64,
    coverage: all(0.5),
    lastCoverage: all(0.25),
    lastMass: all(1 / bins),
    lastKept: all(0.5 / bins),
    missed: all(0.5 / bins),
    starts: all(0).map((_, bin) => (bin === 0 ? null : 2 * (bin - 1))),
    ends: all(0).map((_, bin) => (bin === 0 ? null : 2 * bin)),
    ...change,
  };
}

test('passages are a few tokens at least, and some hundred at most', () => {
  const few = passagesOf(reportOf(20), 20);
  expect(few.map(({ firstToken, endToken }) => [firstToken, endToken])).toEqual([
    [0, 8],
    [8, 16],
    [16, 20],
  ]);
  expect(few[0]?.characters).toEqual({ start: 0, end: 14 });
  const many = passagesOf(reportOf(2_048, { tokensPerBin: 512 }), 2 ** 20);
  expect(many).toHaveLength(293);
  expect(many.at(-1)?.endToken).toBe(2 ** 20);
  expect(passageAt(few, 15)?.at).toBe(1);
});

test('a passage over the gap of a cut document ends before it', () => {
  const report = reportOf(4, { starts: [0, 2, 900, 902], ends: [2, 4, 902, 904] });
  expect(passagesOf(report, 4)[0]?.characters).toEqual({ start: 0, end: 4 });
  const { pieces } = windowAround(report, 1, 2);
  expect(pieces.map(({ kind, start, end }) => [kind, start, end])).toEqual([
    ['text', 0, 2],
    ['text', 2, 4],
    ['gap', 4, 900],
    ['text', 900, 902],
    ['text', 902, 904],
  ]);
});

test('shares of attention add up, shares read are averaged', () => {
  const report = reportOf(16, {
    lastCoverage: [...Array.from({ length: 8 }, () => 1), 0, 0, 0, 0, 0.5, 0.5, 0.5, 0.5],
  });
  const passages = passagesOf(report, 16);
  expect(passageValues(report, read, passages)).toEqual([1, 0.25]);
  expect(passageValues(report, mass, passages)).toEqual([0.5, 0.5]);
  expect(passageValues(report, missed, passages)).toEqual([0.25, 0.25]);
  expect([mostOf(read, [0.1]), mostOf(mass, [0.1, 0.3])]).toEqual([1, 0.3]);
  expect(topPassages(passages, [0.2, 0.9]).map(({ passage }) => passage.at)).toEqual([1, 0]);
});

test('strength and legend tell the same scale; what is little is never called nothing', () => {
  expect([strengthOf(0, 0.4), strengthOf(0.1, 0.4), strengthOf(0.4, 0.4), strengthOf(1, 0)]).toEqual([
    0, 0.5, 1, 0,
  ]);
  for (const { strength, label } of legendOf(0.4)) expect(label).toBe(shareText(0.4 * strength ** 2));
  expect(legendOf(0)).toEqual([{ strength: 0, label: '0%' }]);
  expect([0, 1e-7, 1.23e-5, 0.4].map(shareText)).toEqual(['0%', 'below 0.0001%', '0.0012%', '40%']);
});

test('words of a passage, and where keys lead', () => {
  const report = reportOf(20);
  const [first] = passagesOf(report, 20);
  if (!first) throw new Error('no passage');
  expect(passageWords(first, read, 0.42, 'abc  def\nghi jkl')).toBe(
    'Tokens 1 to 8, characters 1 to 14: read by 42% of the heads’ last rows. “abc def ghi j”',
  );
  expect(passageWords({ ...first, characters: null }, mass, 0.5, null)).toBe(
    'Tokens 1 to 8, template or question: 50% of the last rows’ attention.',
  );
  expect(excerpt('x'.repeat(100), 0, 100)).toHaveLength(61);
  expect(['ArrowLeft', 'ArrowUp', 'PageUp', 'End', 'Home'].map((key) => stepped(0, key, 50))).toEqual([
    0, 1, 5, 49, 0,
  ]);
  expect([stepped(49, 'ArrowRight', 50), stepped(3, 'a', 50)]).toEqual([49, null]);
});

test('the longest stretch that was not read, template left aside', () => {
  const share = [0, 0, 0.2, 0.01, 0, 0.04, 0.05, 0, 0];
  expect(longestUnread(reportOf(9, { lastCoverage: share }), 9)).toEqual({
    firstBin: 3,
    firstToken: 3,
    endToken: 6,
  });
  expect(longestUnread(reportOf(9), 9)).toBeNull();
  // Where the last rows are dense, the others tell.
  const dense = reportOf(9, { lastCoverage: share.map(() => 1), coverage: share });
  expect([readingKind(reportOf(9)), readingKind(dense)]).toEqual([read, later]);
  expect(longestUnread(dense, 9)?.firstToken).toBe(3);
});

test('the planted fact: where it is, and whether it was read', () => {
  const text = '0123456789abcdef';
  const report = reportOf(9);
  const fact = plantedFact(report, text, '567');
  expect(fact).toEqual({ start: 5, end: 8, bins: { first: 3, end: 5 } });
  if (!fact) throw new Error('no fact');
  expect(factWords(report, fact, 9)).toBe(
    'The planted fact stands at token 4, 33% into the prompt. Some heads’ last rows covered it (25%), and 50% of all later rows did. Dense attention gives it 22% of the last rows’ attention, of which 50% was kept.',
  );
  const unread = reportOf(9, {
    lastCoverage: report.lastCoverage.map(() => 0),
    lastKept: report.lastKept.map(() => 0),
  });
  expect(factWords(unread, fact, 9)).toContain('No heads’ last rows covered it (0%)');
  const out = reportOf(2, { starts: [0, 14], ends: [2, 16] });
  const gone = plantedFact(out, text, '567');
  expect(gone?.bins).toBeNull();
  expect(gone && factWords(out, gone, 2)).toContain('left out');
  expect([
    plantedFact(report, text, 'zz'),
    plantedFact(report, null, '5'),
    plantedFact(report, text, null),
  ]).toEqual([null, null, null]);
});

test('a window holds some of a huge document, whole bins, no character twice', () => {
  const report = reportOf(2_048, {
    tokensPerBin: 512,
    starts: Array.from({ length: 2_048 }, (_, bin) => bin * 2_000),
    ends: Array.from({ length: 2_048 }, (_, bin) => bin * 2_000 + 2_001),
  });
  const { firstBin, endBin, pieces } = windowAround(report, 1_000, 1_001);
  expect([firstBin, endBin]).toEqual([999, 1_002]);
  for (const [at, { start }] of pieces.entries()) if (at > 0) expect(start).toBe(pieces[at - 1]?.end);
});
