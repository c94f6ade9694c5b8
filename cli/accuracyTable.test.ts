import { expect, test } from 'vitest';
import type { AnsweredPrompt } from './accuracyRuns';
import { accuracyNotes, accuracyTable } from './accuracyTable';

type Given = Partial<Pick<AnsweredPrompt, 'task' | 'length' | 'said' | 'skipped'>>;

/** What each run said; 'yes' is right, and what ends in an ellipsis was cut. */
function answered(texts: Record<string, string>, over: Given = {}): AnsweredPrompt {
  const answers = Object.entries(texts).map(([label, text]) => {
    const ended = !text.endsWith('…');
    const rest = { tokens: 100, pastTokens: 90, prefillMs: 1, decodeMs: 1 };
    return [label, { text, ended, right: text === 'yes', ...rest }];
  });
  const reads = Object.keys(texts).map((label) => [
    label,
    { tokens: 90, prefillMs: 1, density: label === 'dense' ? 1 : 0.25 },
  ]);
  return {
    line: 1,
    task: 'key',
    length: 4_096,
    question: '',
    answer: 'yes',
    document: 'd',
    answers: Object.fromEntries(answers) as AnsweredPrompt['answers'],
    reads: Object.fromEntries(reads) as AnsweredPrompt['reads'],
    ...over,
  };
}

test('right answers by task and length, changes both ways, and agreement with PyTorch', () => {
  const table = accuracyTable(
    [
      answered({ dense: 'yes', a: 'no' }, { said: ' yes\n' }),
      answered({ dense: 'yes', a: 'yes' }, { said: 'no' }),
      answered({ dense: 'no', a: 'yes' }),
      answered({ dense: 'yes', a: 'no' }, { said: 'yes' }),
      answered({ dense: 'yes', a: 'yes' }, { length: 512 }),
      answered({ a: 'yes' }, { task: 'quote' }),
      answered({ dense: 'no', a: 'no' }, { skipped: 'longer than the model’s context' }),
      answered({}, { task: 'never asked' }),
    ],
    ['a'],
    true,
  );
  expect(table.split('\n')).toEqual([
    '| task | tokens | prompts | dense right | a right | difference, points | density | same as PyTorch |',
    '| --- | --- | --- | --- | --- | --- | --- | --- |',
    '| key | 512 | 1 | 100.0% (1/1) | 100.0% (1/1) | 0.0 | 0.250 | — |',
    '| key | 4,096 | 4 | 75.0% (3/4) | 50.0% (2/4) | -25.0 (2 lost, 1 gained) | 0.250 | 66.7% (2/3) |',
    '| quote | 4,096 | 1 | — | 100.0% (1/1) | — | 0.250 | — |',
    '| all | 512 | 1 | 100.0% (1/1) | 100.0% (1/1) | 0.0 | 0.250 | — |',
    '| all | 4,096 | 5 | 75.0% (3/4) | 60.0% (3/5) | -25.0 (2 lost, 1 gained) | 0.250 | 66.7% (2/3) |',
  ]);
});

test('without dense there is nothing to compare with', () => {
  expect(accuracyTable([answered({ a: 'yes', b: 'no' }, { said: 'yes' })], ['a', 'b'], false)).toBe(
    [
      '| task | tokens | prompts | a right | density | b right | density |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      '| key | 4,096 | 1 | 100.0% (1/1) | 0.250 | 0.0% (0/1) | 0.250 |',
    ].join('\n'),
  );
});

test('what was cut, left out, run dense or not kept is said', () => {
  const short = answered({ a: 'yes' });
  short.reads.a = { tokens: 90, prefillMs: 1, density: 1, note: 'Dense was used.', notKept: 'No memory.' };
  const all = [
    short,
    answered({ a: 'yes, but…', dense: 'yes' }),
    answered({ a: 'cut…' }, { skipped: 'longer than the model’s context' }),
  ];
  expect(accuracyNotes(all, ['dense', 'a'])).toEqual([
    'Left out, as longer than the model’s context: 1 prompts (lines 1).',
    'a: 1 answers were cut at --new-tokens and count as wrong.',
    'a, 1 prompts, the first of them: Dense was used.',
    'a, 1 prompts, the first of them: No memory.',
  ]);
});
