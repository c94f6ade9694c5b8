import { expect, test } from 'vitest';
import { testGpu } from '../gpu/testing';
import { loadFixture } from '../model/testing';
import { denseRequest } from './comparison';
import { ComparisonCaches } from './comparisonCaches';
import { LaneCaches } from './laneCaches';
import type { LoadedModel } from './loader';
import { runLane, type LaneOutcome } from './run';
import type { CompareRequest, PatternRequest } from './types';

/** Several questions of one document that was read alone: each is answered as if no other had been asked. */
test('questions that are not kept are independent of each other', async () => {
  const { model: transformer, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const { config, gpu } = transformer;
  const tokenizer = { stream: () => ({ push: () => '', end: () => '' }), tokenText: String };
  // All that a lane needs of a loaded model.
  const model = { transformer, config, tokenizer } as unknown as LoadedModel;
  const words = (seed: number, count: number) =>
    Array.from({ length: count }, (_, at) => (at * 37 + seed * 101) % config.vocab);
  const document = words(1, 150);
  // Both questions begin alike: what they share must not be taken from the other.
  const first = [...words(5, 6), ...words(2, 9)];
  const second = [...words(5, 6), ...words(3, 12)];

  const ask = async (
    from: LaneCaches,
    pattern: PatternRequest,
    question: readonly number[],
    change: Partial<CompareRequest> = {},
  ): Promise<LaneOutcome> => {
    const ids = Uint32Array.from([...document, ...question]);
    const request: CompareRequest = {
      prompt: { document: '', question: '' },
      pattern,
      maxNewTokens: 4,
      sampling: { temperature: 0, topP: 1, seed: 0 },
      order: 'dense-first',
      dense: false,
      keepCache: true,
      ...change,
    };
    const lane = pattern.name === 'dense' ? 'dense' : 'sparse';
    const caches = new ComparisonCaches(gpu, config, from, request, ids, null);
    const taken = await caches.take(lane);
    const outcome = await runLane(model, taken.cache, {
      lane,
      ids,
      past: taken.past,
      pattern,
      maxNewTokens: request.maxNewTokens,
      sampling: request.sampling,
      tailRows: 0,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onAnswer: () => undefined,
    });
    caches.keep(lane, taken);
    caches.end();
    return outcome;
  };
  const caches = new LaneCaches(gpu, config);
  const patterns: PatternRequest[] = [
    denseRequest,
    { name: 'adaptive', set: { fallback: 'off', verticalSize: 4, slashSize: 64, last: 0 } },
  ];
  const read = { wholePrompt: true };
  const further = { keepQuestion: false };
  for (const pattern of patterns) {
    const { name } = pattern;
    await ask(caches, pattern, [], read);
    const before = await ask(caches, pattern, first, further);
    expect(before.run.pastTokens, name).toBe(document.length);
    const after = await ask(caches, pattern, second, further);
    expect(after.run.pastTokens, name).toBe(document.length);

    await ask(caches, pattern, [], read);
    const alone = await ask(caches, pattern, second, further);
    expect(after.logits, name).toEqual(alone.logits);
    expect(after.run.answerIds, name).toEqual(alone.run.answerIds);
    // Not degenerate: the other question has other logits.
    const apart = before.logits.map((value, at) => Math.abs(value - (after.logits[at] ?? 0)));
    expect(Math.max(...apart), name).toBeGreaterThan(0.5);

    if (name !== 'dense') continue;
    // Dense does not mind whether the document was read with the question or before it.
    const fresh = await ask(new LaneCaches(gpu, config), pattern, second, { keepCache: false });
    expect(fresh.run.pastTokens).toBe(0);
    expect(fresh.run.answerIds).toEqual(after.run.answerIds);
    const digits = (await testGpu()).tier === 'portable' ? 2 : 1;
    fresh.logits.forEach((value, at) => {
      expect(after.logits[at]).toBeCloseTo(value, digits);
    });
  }
  caches.destroy();
  destroy();
});
