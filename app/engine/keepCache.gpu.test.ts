import { expect, test } from 'vitest';
import { Session } from './session';
import type { CompareRequest } from './types';

/** A further question about the same text: what an earlier run left is used, and gives what a fresh run gives. */
test('a kept cache answers as a fresh run does, prefilling only what is new', async () => {
  const session = await Session.open({
    builtinBase: new URL('/models/needle/', location.href).href,
    commit: 'test',
    browser: 'test',
  });
  const hooks = {
    signal: new AbortController().signal,
    onProgress: () => undefined,
    onAnswer: () => undefined,
    onRun: () => undefined,
  };
  await session.load({ kind: 'builtin' }, hooks);
  const ids = (seed: number, count: number) =>
    Array.from({ length: count }, (_, at) => 5 + ((at * 37 + seed * 101) % 4000));
  const document = ids(1, 70);
  const request = (question: number[], keepCache: boolean): CompareRequest => ({
    prompt: { document: '', question: '', ids: [...document, ...question] },
    pattern: { name: 'a_shape', set: { init: 1, local: 1, fallback: 'off' } },
    maxNewTokens: 3,
    sampling: { temperature: 0, topP: 1, seed: 0 },
    order: 'dense-first',
    dense: true,
    keepCache,
  });
  const first = await session.compare(request(ids(2, 9), true), hooks);
  expect(first.runs.map(({ pastTokens }) => pastTokens)).toEqual([0, 0]);

  const again = await session.compare(request(ids(3, 12), true), hooks);
  expect(again.runs.map(({ pastTokens }) => pastTokens)).toEqual([70, 70]);
  const fresh = await session.compare(request(ids(3, 12), false), hooks);
  expect(fresh.runs.map(({ pastTokens }) => pastTokens)).toEqual([0, 0]);
  for (const lane of [0, 1]) {
    expect(again.runs[lane]?.answerIds).toEqual(fresh.runs[lane]?.answerIds);
    const logprobs = (run: typeof again) => run.runs[lane]?.topTokens.map(({ logprob }) => logprob) ?? [];
    // Chunks of other sizes add in another order.
    logprobs(again).forEach((value, at) => {
      expect(value).toBeCloseTo(logprobs(fresh)[at] ?? NaN, 2);
    });
  }

  // Another pattern cannot use the sparse lane's keys and values.
  const other = { ...request(ids(3, 12), true), pattern: { name: 'dense' as const, set: {} } };
  await session.compare(request(ids(4, 5), true), hooks);
  const dense = await session.compare(other, hooks);
  expect(dense.runs.map(({ pastTokens }) => pastTokens)).toEqual([70]);
  session.destroy();
});
