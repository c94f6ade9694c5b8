/** Projected dense beside the dense run that it stands for. */
import { expect, test } from 'vitest';
import { createPattern } from '../attention/pattern';
import { readBuffer } from '../gpu/recorder';
import { KvCache } from '../model/kvCache';
import { DenseSample } from '../model/denseSample';
import { joined } from '../model/observers';
import { chunkRowsFor } from '../model/plan';
import { prefill, type PrefillObserver } from '../model/prefill';
import { loadFixture } from '../model/testing';
import type { LoadedModel } from './loader';
import { projectFrom, sampleFor } from './projection';
import { geometryOf, runLane } from './run';
import type { CompareRequest, PatternRequest, RunProgress } from './types';

/**
 * A CPU plays the GPU and other work runs beside the tests, so that single times are off by half now and then; measured
 * on an idle machine the two are within 15%. This factor, around two dense runs and with two more tries, holds on a busy
 * one, and still tells a wrong count: of one layer in two, or of the windows' tiles in the place of the prompt's.
 */
const factor = 1.8;

/** So short a time is mostly that of launches, of which a sample has fewer than a run: only its order can be told. */
const launchesMs = 5;
const factorOfLaunches = 5;

test('projected attention and time are those of a dense run of the same prompt', { retry: 2 }, async () => {
  const { model: transformer, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const { config, gpu } = transformer;
  const tokenizer = { stream: () => ({ push: () => '', end: () => '' }), tokenText: String };
  // All that a lane needs of a loaded model.
  const model = { transformer, config, tokenizer } as unknown as LoadedModel;
  const ids = Uint32Array.from({ length: 256 }, (_, at) => (at * 37) % config.vocab);
  const before = gpu.memory.bytes;
  const cache = new KvCache(gpu, config, ids.length + 2);
  const lane = (pattern: PatternRequest, observer?: DenseSample) =>
    runLane(model, cache, {
      lane: pattern.name === 'dense' ? 'dense' : 'sparse',
      ids,
      past: 0,
      pattern,
      maxNewTokens: 1,
      sampling: { temperature: 0, topP: 1, seed: 0 },
      tailRows: 0,
      observer,
      signal: new AbortController().signal,
      onProgress: () => undefined,
      onAnswer: () => undefined,
    });
  const sparse: PatternRequest = { name: 'a_shape', set: { init: 64, local: 64, fallback: 'off' } };

  const sample = new DenseSample(transformer, ids.length);
  const { run } = await lane(sparse, sample);
  const progress: RunProgress[] = [];
  const hooks = {
    signal: new AbortController().signal,
    onProgress: (given: RunProgress) => void progress.push(given),
  };
  const projected = await projectFrom(sample, cache, run, model, hooks);
  const runs = [await lane({ name: 'dense', set: {} }), await lane({ name: 'dense', set: {} })];
  if (!projected) throw new Error('nothing was projected');

  const attention = runs.flatMap((outcome) => outcome.run.phasesMs?.attention ?? []);
  if (attention.length > 0 && run.phasesMs) {
    const within = Math.max(...attention) < launchesMs ? factorOfLaunches : factor;
    expect(projected.attentionMs).toBeGreaterThan(Math.min(...attention) / within);
    expect(projected.attentionMs).toBeLessThan(Math.max(...attention) * within);
    const { estimate, index, attention: own } = run.phasesMs;
    expect(projected.ttftMs).toBeCloseTo(run.ttftMs - estimate - index - own + projected.attentionMs, 6);
  }
  expect(projected.samples).toHaveLength(2 * 3);
  expect(progress.map(({ fraction }) => fraction)).toEqual([1, 2, 3, 4, 5, 6].map((done) => done / 6));
  expect(progress.every(({ stage }) => stage === 'project')).toBe(true);

  // What skipped nothing is a dense run itself; and no sample is taken unless it was asked for.
  expect(await projectFrom(sample, cache, { ...run, note: 'Dense.' }, model, hooks)).toBeNull();
  const request = { dense: true } as CompareRequest;
  expect(sampleFor(model, request, 'sparse', ids.length, 0)).toBeNull();
  expect(sampleFor(model, { ...request, dense: 'projected' }, 'sparse', ids.length, 90)).toBeNull();
  await expect(
    projectFrom(sample, cache, run, model, { ...hooks, signal: AbortSignal.abort() }),
  ).rejects.toMatchObject({ name: 'AbortError' });

  sample.destroy();
  cache.destroy();
  expect(gpu.memory.bytes).toBe(before);
  destroy();
});

test('the sample holds the very queries that the run computed', async () => {
  const { model, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const { config, gpu } = model;
  const { heads, headDim, hidden } = config;
  const tokens = 150;
  const sample = new DenseSample(model, tokens);
  expect(sample.layers).toEqual([0, 1]);
  const blocks = sample.windows.map(({ firstBlock, blocks: size, rows }) => [firstBlock, size, rows]);
  expect(blocks).toEqual([
    [0, 1, 64],
    [1, 1, 64],
    [2, 1, 22],
  ]);

  // All queries of each layer, as a second observer sees them.
  const whole = sample.layers.map(() => gpu.memory.allocate('all queries', 192 * heads * headDim * 2));
  const spy: PrefillObserver = {
    tailRows: [],
    layerFlops: 0,
    observesRows: false,
    observeRows: () => undefined,
    prepareLayer: () => Promise.resolve(),
    rows: (recorder, layer, { queries, queryStride }) => {
      expect(queryStride).toBe(192);
      const to = whole[layer];
      if (to && queries instanceof GPUBuffer) recorder.copy(queries, 0, to, 0, 192 * heads * headDim * 2);
      return Promise.resolve();
    },
  };
  const ids = Uint32Array.from({ length: tokens }, (_, at) => (at * 37) % config.vocab);
  const cache = new KvCache(gpu, config, tokens);
  const chunkRows = chunkRowsFor(tokens, hidden);
  expect(chunkRows).toBeGreaterThan(tokens);
  const geometry = geometryOf({ config }, tokens, 0, cache.stride);
  const pattern = await createPattern(gpu, { name: 'dense', set: {} }, geometry);
  await prefill(model, ids, cache, pattern, { observer: joined([sample, spy]) });

  for (const [at, all] of whole.entries()) {
    const wanted = new Uint16Array(await readBuffer(gpu, all, 0, 192 * heads * headDim * 2));
    for (const [place, { firstBlock, rows }] of sample.windows.entries()) {
      const buffer = sample.queries[at]?.[place];
      if (!buffer) throw new Error('no queries were kept');
      const kept = new Uint16Array(await readBuffer(gpu, buffer, 0, 64 * heads * headDim * 2));
      for (let head = 0; head < heads; head++) {
        const from = (head * 192 + firstBlock * 64) * headDim;
        const size = rows * headDim;
        expect(kept.slice(head * 64 * headDim, head * 64 * headDim + size)).toEqual(
          wanted.slice(from, from + size),
        );
      }
    }
    expect(wanted.some((half) => half !== 0)).toBe(true);
    gpu.memory.release(all);
  }
  sample.destroy();
  cache.destroy();
  pattern.destroy();
  destroy();
});
