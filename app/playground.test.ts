import { describe, expect, it } from 'vitest';
import { completeRequest, Playground, sourceOf, type PlaygroundEvent } from './playground';
import { FakeWorker, model } from './worker/fakeWorker';

function setUp() {
  const worker = new FakeWorker();
  const playground = new Playground(worker.client());
  const events: PlaygroundEvent[] = [];
  playground.subscribe((event) => events.push(event));
  return { worker, playground, events };
}

describe('sourceOf', () => {
  it.each([
    ['builtin', { kind: 'builtin' }],
    ['Qwen/Qwen3-0.6B', { kind: 'hub', id: 'Qwen/Qwen3-0.6B' }],
    ['Qwen/Qwen3-0.6B@abc', { kind: 'hub', id: 'Qwen/Qwen3-0.6B', revision: 'abc' }],
    ['http://127.0.0.1:80/model', { kind: 'url', name: 'model', base: 'http://127.0.0.1:80/model/' }],
    ['/model/', { kind: 'url', name: 'model', base: '/model/' }],
  ])('%s', (text, source) => {
    expect(sourceOf(text)).toEqual(source);
  });
});

it('fills what a request leaves out', () => {
  expect(
    completeRequest({ prompt: { ids: [1] }, pattern: { name: 'a_shape' }, sampling: { seed: 4 } }),
  ).toEqual({
    prompt: { ids: [1], document: '', question: '' },
    pattern: { name: 'a_shape', set: {} },
    maxNewTokens: 32,
    sampling: { temperature: 0, topP: 1, seed: 4 },
    order: 'dense-first',
    dense: true,
  });
});

describe('Playground', () => {
  it('loads the same source once, and ends a load that another replaces', async () => {
    const { worker, playground, events } = setUp();
    const first = playground.load({ kind: 'builtin' });
    expect(playground.load({ kind: 'builtin' })).toBe(first);
    const ended = expect(first).rejects.toMatchObject({ name: 'AbortError' });
    const second = playground.load({ kind: 'hub', id: 'a/b' });
    await ended;
    await worker.reply('load', { type: 'loaded', model });
    await expect(second).resolves.toEqual(model);
    expect(events.map((event) => event.type)).toEqual([
      'load-started',
      'load-cancelled',
      'load-started',
      'loaded',
    ]);
  });

  it('loads the built-in model for a run when there is none, and refuses a second run', async () => {
    const { worker, playground } = setUp();
    const run = playground.compare({ prompt: { document: 'a', question: 'b' } });
    await expect(playground.compare({ prompt: {} })).rejects.toMatchObject({ code: 'bad-setting' });
    await expect(playground.load({ kind: 'hub', id: 'a/b' })).rejects.toMatchObject({ code: 'bad-setting' });
    await worker.reply('load', { type: 'loaded', model });
    await worker.waitFor('compare');
    playground.cancel();
    await expect(run).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('measures heads as a run of its own, that can be cancelled and tells no listener', async () => {
    const { worker, playground, events } = setUp();
    const stages: string[] = [];
    const request = { prompt: { document: 'a' }, pattern: { name: 'a_shape', set: { local: 64 } } } as const;
    const first = playground.measureHeads(request, { onProgress: ({ stage }) => stages.push(stage) });
    await expect(playground.compare({ prompt: {} })).rejects.toMatchObject({ code: 'bad-setting' });
    await worker.reply('load', { type: 'loaded', model });
    const asked = await worker.waitFor('measure');
    expect(asked).toMatchObject({
      request: { prompt: { document: 'a', question: '' }, pattern: request.pattern },
    });
    const place = { lane: 'sparse', layer: 0, layers: 8, chunk: 0, chunks: 1 } as const;
    const progress = { ...place, stage: 'measure', fraction: 0.5, elapsedMs: 1, etaMs: null } as const;
    worker.send({ type: 'run-progress', id: asked.id, progress });
    const heads = {
      layers: 1,
      heads: 1,
      sampledRows: [0],
      density: [[1]],
      recall: [[0.5]],
      outputError: [[0.1]],
    };
    await worker.reply('measure', { type: 'measured', heads });
    await expect(first).resolves.toEqual(heads);
    expect(stages).toEqual(['measure']);
    const second = playground.measureHeads(request);
    await worker.waitFor('measure');
    playground.cancel();
    await expect(second).rejects.toMatchObject({ name: 'AbortError' });
    expect(events.map(({ type }) => type)).toEqual(['load-started', 'loaded', 'run-cancelling']);
  });

  it('gives strangers an Error with the report beside it', async () => {
    const { worker, playground } = setUp();
    const load = playground.asPublic().load('a/b');
    const error = { code: 'gated', sentence: 'It is gated.', remedy: 'Ask for it.' } as const;
    const rejected = expect(load).rejects.toMatchObject({
      message: 'It is gated. Ask for it.',
      report: error,
    });
    await worker.reply('load', { type: 'failed', error });
    await rejected;
  });

  it('forgets the model when the GPU is lost, so that the next load is a new one', async () => {
    const { worker, playground, events } = setUp();
    const first = playground.load({ kind: 'builtin' });
    await worker.reply('load', { type: 'loaded', model });
    await first;
    worker.send({ type: 'lost', error: { code: 'device-lost', sentence: 'Lost.', remedy: 'Reload.' } });
    expect(events.at(-1)?.type).toBe('lost');
    const second = playground.load({ kind: 'builtin' });
    await worker.reply('load', { type: 'loaded', model });
    await expect(second).resolves.toEqual(model);
  });
});
