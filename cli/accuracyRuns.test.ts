import { expect, test } from 'vitest';
import type { CompareResult } from '../app/engine/types';
import type { DocumentPrompts } from './accuracyPrompts';
import { answerAll, isRight, type AnsweredPrompt, type Compare, type Plan } from './accuracyRuns';

const plan: Plan = {
  runs: [{ label: 'a_shape:local=64', name: 'a_shape', set: { local: 64 } }],
  dense: true,
  denseUpTo: null,
  prefill: 'document',
  newTokens: 9,
};

const prompt = (line: number, length = 100, question = `Question ${line}?`) => ({
  line,
  task: 'key',
  length,
  question,
  answer: `Answer to Question ${line}?`,
});

const documents: DocumentPrompts[] = [
  { name: 'one', read: () => 'One.', prompts: [prompt(1), prompt(2)] },
  { name: 'two', read: () => 'Two.', prompts: [prompt(3, 200)] },
];

type Request = Parameters<Compare>[0];

/** Answers rightly dense, and wrongly to what `wrong` names sparse. */
function page(wrong: readonly string[] = [], truncated: readonly string[] = []) {
  const requests: Request[] = [];
  const compare: Compare = async ({ ...request }) => {
    requests.push(request);
    const { question, document } = request.prompt;
    const { name } = request.pattern;
    const answer = name !== 'dense' && wrong.includes(question) ? 'Wrong.' : ` Answer to ${question}\n`;
    const run = { answer, stopReason: 'eos', density: name === 'dense' ? 1 : 0.5, pastTokens: 7 };
    return {
      prompt: { tokens: 10, truncated: truncated.includes(document) },
      runs: [{ ...run, prefillMs: 1, decodeMs: 2 }],
    } as unknown as CompareResult;
  };
  return { requests, compare };
}

async function answers(over: Partial<Plan>, compare: Compare, signal = new AbortController().signal) {
  const answered: AnsweredPrompt[] = [];
  const told: string[] = [];
  const done = await answerAll(
    documents,
    answered,
    { ...plan, ...over },
    {
      compare,
      signal,
      log: (line) => told.push(line),
      onAnswers: () => undefined,
    },
  );
  return { answered, told, done };
}

test('an answer is right when the model ended it and every character is as wanted', () => {
  const is = (answer: string, wanted: string, stopReason: 'eos' | 'length' = 'eos', task = 'key') =>
    isRight({ answer, stopReason }, { task, answer: wanted });
  expect(is(' 42\n', '42 ')).toBe(true);
  expect(is('42', '42', 'length')).toBe(false);
  expect(is('42.', '42')).toBe(false);
  expect(is('a  b', 'a b')).toBe(false);
  expect(is('2, 1', '1, 2')).toBe(false);
});

test('a list is right in any order, with none missing and none besides', () => {
  const is = (answer: string) => isRight({ answer, stopReason: 'eos' }, { task: 'several', answer: '1, 2' });
  expect(['1, 2', '2, 1', '1', '1, 2, 2', '1, 3', '2,1'].map(is)).toEqual([
    true,
    true,
    false,
    false,
    false,
    false,
  ]);
});

test('a document is read once for a pattern, and its questions begin where it ends', async () => {
  const { requests, compare } = page(['Question 2?']);
  const { answered, told, done } = await answers({}, compare);
  expect(done).toBe(true);
  const said = requests.map(({ prompt: { document, question }, pattern, wholePrompt, keepQuestion }) =>
    [document, question, pattern.name, wholePrompt ?? keepQuestion].join('|'),
  );
  const first = (name: string) => [
    `One.||${name}|true`,
    `One.|Question 1?|${name}|false`,
    `One.|Question 2?|${name}|false`,
  ];
  const second = (name: string) => [`Two.||${name}|true`, `Two.|Question 3?|${name}|false`];
  expect(said).toEqual([...first('a_shape'), ...first('dense'), ...second('a_shape'), ...second('dense')]);
  for (const { keepCache, dense, maxNewTokens, wholePrompt } of requests)
    expect({ keepCache, dense, maxNewTokens }).toEqual({
      keepCache: true,
      dense: false,
      maxNewTokens: wholePrompt === true ? 1 : 9,
    });
  const right = answered.map((one) =>
    Object.entries(one.answers).map(([label, { right: is }]) => [label, is]),
  );
  expect(right).toEqual([
    [
      ['a_shape:local=64', true],
      ['dense', true],
    ],
    [
      ['a_shape:local=64', false],
      ['dense', true],
    ],
    [
      ['a_shape:local=64', true],
      ['dense', true],
    ],
  ]);
  expect(answered[0]?.reads).toMatchObject({ 'a_shape:local=64': { density: 0.5 }, dense: { density: 1 } });
  expect(told[0]).toMatch(/^document 1 of 2 \(one\), a_shape:local=64: 1 of 2 right, /);
});

test('whole prompts keep nothing, but dense ones', async () => {
  const { requests, compare } = page();
  await answers({ prefill: 'prompt' }, compare);
  const sparse = requests.filter(({ pattern }) => pattern.name === 'a_shape');
  expect(sparse.map(({ prompt: { question } }) => question)).toEqual([
    'Question 1?',
    'Question 2?',
    'Question 3?',
  ]);
  expect(sparse.every(({ keepCache }) => keepCache === undefined)).toBe(true);
  expect(
    requests.filter(({ pattern }) => pattern.name === 'dense').map(({ keepCache }) => keepCache),
  ).toEqual(Array(5).fill(true));
});

test('dense is left out above a length, or altogether', async () => {
  const labels = async (over: Partial<Plan>) =>
    (await answers(over, page().compare)).answered.map((one) => Object.keys(one.answers).length);
  expect(await labels({ denseUpTo: 100 })).toEqual([2, 2, 1]);
  expect(await labels({ dense: false })).toEqual([1, 1, 1]);
});

test('a document that the context cuts is skipped, and not read again', async () => {
  const { requests, compare } = page([], ['One.']);
  const { answered } = await answers({}, compare);
  expect(requests.filter(({ prompt: { document } }) => document === 'One.')).toHaveLength(1);
  expect(answered.map(({ skipped, answers: all }) => [skipped, Object.keys(all).length])).toEqual([
    ['longer than the model’s context', 0],
    ['longer than the model’s context', 0],
    [undefined, 2],
  ]);
});

test('the time limit ends it with what was answered; any other failure is one', async () => {
  const controller = new AbortController();
  const { requests, compare } = page();
  const cancelled: Compare = async (request) => {
    const result = await compare(request);
    if (requests.length === 5) {
      controller.abort();
      throw new Error('cancelled');
    }
    return result;
  };
  const { answered, done } = await answers({}, cancelled, controller.signal);
  expect(done).toBe(false);
  expect(requests).toHaveLength(5);
  expect(answered.map((one) => Object.keys(one.answers))).toEqual([
    ['a_shape:local=64'],
    ['a_shape:local=64'],
  ]);
  await expect(answers({}, () => Promise.reject(new Error('lost')))).rejects.toThrow('lost');
});
