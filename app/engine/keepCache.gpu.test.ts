import { expect, test } from 'vitest';
import { loadFixture } from '../model/testing';
import { testGpu } from '../gpu/testing';
import { LaneCaches } from './laneCaches';
import type { LoadedModel } from './loader';
import { runLane } from './run';
import type { PatternRequest } from './types';

/** A further question about the same text: what an earlier run left is used, and gives what a fresh run gives. */
test('a kept cache answers as a fresh run does, prefilling only what is new', async () => {
  const { model: transformer, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const { config, gpu } = transformer;
  const tokenizer = { stream: () => ({ push: () => '', end: () => '' }), tokenText: String };
  // All that a lane needs of a loaded model.
  const model = { transformer, config, tokenizer } as unknown as LoadedModel;
  const caches = new LaneCaches(gpu, config);
  const words = (seed: number, count: number) =>
    Array.from({ length: count }, (_, at) => (at * 37 + seed * 101) % config.vocab);
  const document = words(1, 90);
  const pattern: PatternRequest = { name: 'a_shape', set: { init: 1, local: 1, fallback: 'off' } };

  const run = async (question: number[], from: LaneCaches, request: PatternRequest) => {
    const ids = Uint32Array.from([...document, ...question]);
    const taken = await from.take('sparse', ids, 3, request);
    if (!taken) throw new Error('no memory for a cache of some kilobytes');
    const { cache, past } = taken;
    const outcome = await runLane(model, cache, {
      lane: 'sparse',
      ids,
      past,
      pattern: request,
      maxNewTokens: 3,
      sampling: { temperature: 0, topP: 1, seed: 0 },
      tailRows: 4,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onAnswer: () => undefined,
    });
    from.keep('sparse', cache, ids, request);
    return outcome;
  };

  expect((await run(words(2, 9), caches, pattern)).run.pastTokens).toBe(0);
  const again = await run(words(3, 12), caches, pattern);
  expect(again.run.pastTokens).toBe(90);

  const others = new LaneCaches(gpu, config);
  const fresh = await run(words(3, 12), others, pattern);
  expect(fresh.run.pastTokens).toBe(0);
  expect(again.run.answerIds).toEqual(fresh.run.answerIds);
  // Chunks of other sizes add in another order; f16 tiers round each activation after that.
  const digits = (await testGpu()).tier === 'portable' ? 2 : 1;
  fresh.logits.forEach((value, at) => {
    expect(again.logits[at]).toBeCloseTo(value, digits);
  });
  // Not degenerate: another question has other logits.
  const other = await run(words(4, 12), others, pattern);
  expect(other.run.pastTokens).toBe(90);
  expect(
    Math.max(...other.logits.map((value, at) => Math.abs(value - (fresh.logits[at] ?? 0)))),
  ).toBeGreaterThan(0.5);

  // Another pattern's keys and values are of no use.
  expect((await run(words(3, 12), others, { name: 'dense', set: {} })).run.pastTokens).toBe(0);
  caches.destroy();
  others.destroy();
  destroy();
});
