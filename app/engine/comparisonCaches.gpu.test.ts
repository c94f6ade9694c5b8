import { expect, test } from 'vitest';
import { loadFixture } from '../model/testing';
import { keptTokens } from '../model/plan';
import { ComparisonCaches } from './comparisonCaches';
import { LaneCaches } from './laneCaches';
import type { CompareRequest } from './types';

const ids = (document: number, question: number, length = 80): Uint32Array =>
  Uint32Array.from({ length: length + 8 }, (_, at) => (at < length ? document : question) + (at % 7));

const request: CompareRequest = {
  prompt: { document: 'd', question: 'q' },
  pattern: { name: 'a_shape', set: {} },
  maxNewTokens: 4,
  sampling: { temperature: 0, topP: 1, seed: 0 },
  order: 'dense-first',
  dense: true,
  keepCache: true,
};

/** Only what a comparison may use again stays on the GPU, and a cancelled question takes nothing away. */
test('caches are kept, given back after a cancel, and freed when they are of no use', async () => {
  const { model, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const { config, gpu } = model;
  const empty = gpu.memory.bytes;
  const kept = new LaneCaches(gpu, config);
  const open = (prompt: Uint32Array, change: Partial<CompareRequest> = {}, note: string | null = null) =>
    new ComparisonCaches(gpu, config, kept, { ...request, ...change }, prompt, note);
  let beside: number[] = [];
  const finish = async (caches: ComparisonCaches): Promise<number[]> => {
    const pasts: number[] = [];
    beside = [];
    for (const lane of ['dense', 'sparse'] as const) {
      const taken = await caches.take(lane);
      pasts.push(taken.past);
      beside.push(caches.beside);
      caches.keep(lane, taken);
    }
    caches.end();
    return pasts;
  };

  const first = open(ids(10, 50));
  expect(first.newTokens).toBe(88);
  expect(await finish(first)).toEqual([0, 0]);
  const bytes = gpu.memory.bytes - empty;
  const { layers, kvHeads, headDim } = config;
  expect(bytes).toBe(2 * layers * 2 * kvHeads * headDim * 2 * 64 * Math.ceil(keptTokens(88, 4) / 64));
  expect(first.report()).toEqual({ tokens: 88, bytes });
  expect(beside).toEqual([0, bytes / 2]);

  const second = open(ids(10, 60));
  expect(second.newTokens).toBe(8);
  expect(await finish(second)).toEqual([80, 80]);
  expect(gpu.memory.bytes - empty).toBe(bytes);

  // Cancelled in the first lane, then asked again.
  const cancelled = open(ids(10, 70));
  const taken = await cancelled.take('dense');
  cancelled.fail('dense', taken, new DOMException('Cancelled.', 'AbortError'));
  cancelled.end();
  expect(gpu.memory.bytes - empty).toBe(bytes);
  expect(await finish(open(ids(10, 50)))).toEqual([80, 80]);

  // Further questions that are not kept begin where the first of them did, whatever they have in common with it.
  const alike = ids(10, 50).with(84, 99);
  expect(await finish(open(ids(10, 50, 72)))).toEqual([72, 72]);
  expect(await finish(open(ids(10, 50), { keepQuestion: false }))).toEqual([72, 72]);
  expect(await finish(open(alike, { keepQuestion: false }))).toEqual([72, 72]);
  expect(await finish(open(ids(10, 50)))).toEqual([72, 72]);
  expect(await finish(open(alike))).toEqual([84, 84]);

  // The whole prompt is measured where that is asked for.
  expect(await finish(open(ids(10, 50), { wholePrompt: true }))).toEqual([0, 0]);

  // Another document's, and those of a lane that does not run, are freed before anything else is allocated.
  open(ids(30, 50)).end();
  expect(gpu.memory.bytes).toBe(empty);
  await finish(open(ids(10, 50)));
  open(ids(10, 50), { dense: false }).end();
  expect(gpu.memory.bytes - empty).toBe(bytes / 2);

  // What went wrong otherwise cannot be trusted.
  const failed = open(ids(10, 60), { dense: false });
  failed.fail('sparse', await failed.take('sparse'), new Error('the GPU reported an error'));
  failed.end();
  expect(gpu.memory.bytes).toBe(empty);

  // A refusal keeps nothing and the comparison goes on with one cache.
  const refused = open(ids(10, 50), {}, 'Too large.');
  expect(await finish(refused)).toEqual([0, 0]);
  expect(refused.report()).toEqual({ tokens: 0, bytes: 0, note: 'Too large.' });
  expect(gpu.memory.bytes).toBe(empty);
  expect(open(ids(10, 50), { keepCache: false }).report()).toBeNull();
  destroy();
});
