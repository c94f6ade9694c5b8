import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { CompareResult, MemoryPlan, RunProgress, RunResult } from '../engine/types';
import { Playground } from '../playground';
import { FakeWorker, model } from '../worker/fakeWorker';
import { RateMeter } from './rate';
import { isRunning } from './run';
import { defaultSettings, requestSettings, type KeyValue } from './settings';
import { createStores } from './stores';

function memory(initial: Record<string, string> = {}): KeyValue & { entries: Map<string, string> } {
  const entries = new Map(Object.entries(initial));
  return {
    entries,
    getItem: (key) => entries.get(key) ?? null,
    setItem: (key, value) => void entries.set(key, value),
    removeItem: (key) => void entries.delete(key),
  };
}

async function setUp(local = memory(), session = memory()) {
  const worker = new FakeWorker();
  const stores = createStores(new Playground(worker.client()), { local, session });
  const ready = async (): Promise<void> => {
    const load = stores.actions.model.load({ kind: 'builtin' });
    await worker.reply('load', { type: 'loaded', model });
    await load;
  };
  await Promise.resolve();
  return { worker, stores, local, session, ready };
}

function progress(lane: 'dense' | 'sparse', stage: RunProgress['stage'], fraction: number): RunProgress {
  return { lane, stage, layer: 0, layers: 8, chunk: 0, chunks: 1, fraction, elapsedMs: 10, etaMs: null };
}

describe('settings', () => {
  it('keeps what was set and drops only what no longer fits', async () => {
    const { stores, local } = await setUp();
    stores.actions.settings.set({ theme: 'dark', newTokens: 7 });
    stores.actions.settings.setPatternValue('a_shape', 'local', 512);
    const kept = JSON.parse(local.entries.get('minference.settings') ?? '{}') as Record<string, unknown>;
    local.entries.set('minference.settings', JSON.stringify({ ...kept, pattern: 'gone', topP: 9 }));
    const again = (await setUp(local)).stores.settings.getState();
    expect(again).toMatchObject({ theme: 'dark', newTokens: 7, pattern: 'adaptive', topP: 1 });
    expect(again.patternValues).toEqual({ a_shape: { local: 512 } });
  });

  it('sends only what the chosen pattern knows', () => {
    const settings = { ...defaultSettings(), patternValues: { adaptive: { lastQ: 32, old: 1 } } };
    expect(requestSettings(settings).pattern).toEqual({ name: 'adaptive', set: { lastQ: 32 } });
  });

  it('starts with defaults where storage is broken or forbidden', async () => {
    const { stores } = await setUp(memory({ 'minference.settings': '{' }));
    expect(stores.settings.getState()).toEqual(defaultSettings());
  });
});

describe('document', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('comes back after a reload, and a clear can be undone', async () => {
    const { stores, session } = await setUp();
    void stores.actions.document.openSample('log', 300, 1);
    const { text, expected } = stores.document.getState();
    stores.actions.document.clear();
    expect(stores.document.getState().text).toBe('');
    stores.actions.document.undoClear();
    vi.advanceTimersByTime(1_000);
    const again = (await setUp(memory(), session)).stores.document.getState();
    expect(again).toMatchObject({ text, expected });
  });

  it('stays when a file is refused', async () => {
    const { stores } = await setUp();
    stores.actions.document.type('mine');
    await stores.actions.document.openFile(new File([new Uint8Array([0, 1])], 'x.bin'));
    expect(stores.document.getState()).toMatchObject({ text: 'mine', error: { code: 'bad-document' } });
  });
});

describe('files', () => {
  const file = (name: string, text: string) => new File([text], name);
  const broken = new File([new Uint8Array([0, 1])], 'x.bin');

  it('become one document, of which each can be taken away and brought back', async () => {
    const { stores } = await setUp();
    const { document } = stores.actions;
    await document.openFiles([file('a.txt', 'A'), broken, file('b.txt', 'B')]);
    expect(stores.document.getState()).toMatchObject({
      title: 'a.txt and b.txt',
      text: '# a.txt\n\nA\n\n# b.txt\n\nB',
      error: { sentence: 'x.bin is a model file, not plain text.' },
      reading: null,
    });
    document.removeFile(0);
    expect(stores.document.getState()).toMatchObject({ text: 'B', title: 'b.txt' });
    document.undoClear();
    expect(stores.document.getState()).toMatchObject({ title: 'a.txt and b.txt', cleared: null });
    expect(stores.document.getState().files.map(({ name }) => name)).toEqual(['a.txt', 'b.txt']);
  });

  it('that fail together are named together, and what was there stays', async () => {
    const { stores } = await setUp();
    stores.actions.document.type('mine');
    await stores.actions.document.openFiles([broken, file('e.txt', ' ')]);
    const { text, error } = stores.document.getState();
    expect(text).toBe('mine');
    expect(error?.sentence).toBe('2 files could not be read: x.bin, e.txt.');
    expect(error?.detail).toContain('e.txt is empty.');
  });

  it('are added to what was written by hand without losing it', async () => {
    const { stores } = await setUp();
    const { document } = stores.actions;
    await document.openFile(file('a.txt', 'A'));
    document.type('A, edited');
    document.removeFile(0);
    expect(stores.document.getState()).toMatchObject({ text: 'A, edited', edited: true });
    await document.openFiles([file('b.txt', 'B')], { add: true });
    expect(stores.document.getState()).toMatchObject({
      text: '# a.txt\n\nA, edited\n\n# b.txt\n\nB',
      edited: false,
    });
  });

  it('that take the place of a text give it back, question and all', async () => {
    const { stores } = await setUp();
    const { document } = stores.actions;
    const said = () => stores.toasts.getState().toasts;
    await document.openFile(file('a.txt', 'A'));
    expect(said()).toEqual([]);
    document.ask('Which?');
    await document.openFiles([file('b.txt', 'B')]);
    expect(said().map(({ text }) => text)).toEqual(['b.txt took the place of a.txt.']);
    document.type('B, edited');
    void document.openSample('log', 300, 1);
    void document.openSample('log', 300, 2);
    expect(said()).toHaveLength(2);
    said()[1]?.action?.perform();
    expect(stores.document.getState()).toMatchObject({ text: 'B, edited', question: 'Which?', edited: true });
    said()[0]?.action?.perform();
    expect(stores.document.getState()).toMatchObject({ title: 'a.txt', text: 'A', question: 'Which?' });
    await document.openFiles([file('c.txt', 'C')], { add: true });
    expect(said()).toHaveLength(2);
  });

  it('of a newer choice win over a reading under way', async () => {
    const { stores } = await setUp();
    const first = stores.actions.document.openFile(file('a.txt', 'A'));
    const second = stores.actions.document.openFile(file('b.txt', 'B'));
    await Promise.all([first, second]);
    expect(stores.document.getState()).toMatchObject({ text: 'B', reading: null, error: null });
  });
});

describe('prompt', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  it('counts after a pause, and drops a count that typing has overtaken', async () => {
    const { worker, stores, ready } = await setUp();
    await ready();
    stores.actions.document.type('one');
    await vi.advanceTimersByTimeAsync(100);
    stores.actions.document.type('one two');
    await vi.advanceTimersByTimeAsync(100);
    expect(worker.waiting).toEqual([]);
    await vi.advanceTimersByTimeAsync(300);
    expect(worker.waiting).toMatchObject([{ type: 'count', prompt: { document: 'one two' } }]);
    stores.actions.document.type('one two three');
    expect(worker.waiting).toEqual([]);
    await vi.advanceTimersByTimeAsync(600);
    await worker.reply('count', { type: 'counted', document: 3, prompt: 9, truncated: false });
    await worker.reply('plan', { type: 'planned', plan: { total: 5, fits: true } as MemoryPlan });
    await vi.advanceTimersByTimeAsync(1);
    expect(stores.prompt.getState()).toMatchObject({
      count: { document: 3, prompt: 9 },
      counting: false,
      plan: { fits: true },
    });
    stores.actions.document.type(' ');
    expect(stores.prompt.getState()).toMatchObject({ count: null, plan: null });
  });

  it('is counting until both the tokens and what they need are known', async () => {
    const { worker, stores, ready } = await setUp();
    await ready();
    stores.actions.document.type('one');
    await vi.advanceTimersByTimeAsync(600);
    await worker.reply('count', { type: 'counted', document: 1, prompt: 7, truncated: false });
    await vi.advanceTimersByTimeAsync(1);
    expect(stores.prompt.getState()).toMatchObject({ counting: true, count: null, plan: null });
    await worker.reply('plan', { type: 'planned', plan: { total: 5, fits: true } as MemoryPlan });
    await vi.advanceTimersByTimeAsync(1);
    expect(stores.prompt.getState()).toMatchObject({ counting: false, count: { prompt: 7 } });
  });

  it('waits for a pause in a long text, and hardly for a question about one that it has counted', async () => {
    const { worker, stores, ready } = await setUp();
    await ready();
    const counts = async (after: number): Promise<void> => {
      await vi.advanceTimersByTimeAsync(after - 1);
      expect(worker.waiting).toEqual([]);
      await vi.advanceTimersByTimeAsync(1);
      await worker.reply('count', { type: 'counted', document: 1, prompt: 7, truncated: false });
      await worker.reply('plan', { type: 'planned', plan: { total: 5, fits: true } as MemoryPlan });
      await vi.advanceTimersByTimeAsync(1);
    };
    stores.actions.document.type('long '.repeat(400_000));
    await counts(1250);
    stores.actions.document.ask('Why?');
    await counts(250);
    stores.actions.document.type('other'.repeat(400_000));
    await counts(1250);
    // Another model has other tokens.
    stores.model.setState({ model: { ...model } });
    await counts(1250);
  });
});

describe('run', () => {
  it('follows both lanes to a finished run, which a later failure leaves alone', async () => {
    const { worker, stores, ready } = await setUp();
    await ready();
    await stores.actions.run.run();
    expect(stores.run.getState().error?.sentence).toBe('There is no document yet.');

    void stores.actions.document.openSample('report', 300, 2);
    const first = stores.actions.run.run();
    const { id } = await worker.waitFor('compare');
    expect(isRunning(stores.run.getState())).toBe(true);
    worker.send({ type: 'run-progress', id, progress: progress('dense', 'prefill', 0.5) });
    worker.send({ type: 'answer', id, lane: 'dense', text: '48' });
    worker.send({ type: 'answer', id, lane: 'dense', text: '21' });
    worker.send({ type: 'run-done', id, lane: 'dense', run: { answer: '4821' } as RunResult });
    expect(stores.run.getState().active?.lanes).toMatchObject([
      { lane: 'dense', progress: { fraction: 0.5 }, answer: '4821' },
      { lane: 'sparse', progress: null },
    ]);
    await worker.reply('compare', { type: 'compared', result: { version: 1 } as CompareResult });
    await first;
    const expected = stores.document.getState().expected;
    expect(stores.run.getState()).toMatchObject({ active: null, finished: [{ expected, pinned: false }] });
    const kept = stores.run.getState().finished[0]?.id ?? '';
    expect(stores.run.getState().shown).toBe(kept);

    const second = stores.actions.run.run();
    const error = { code: 'gpu-error', sentence: 'Broken.', remedy: 'Again.' } as const;
    await worker.reply('compare', { type: 'failed', error });
    await second;
    expect(stores.run.getState()).toMatchObject({
      error,
      active: { status: 'failed' },
      finished: [{ id: kept }],
    });
  });

  it('is cancelled once, and says so', async () => {
    const { worker, stores, ready } = await setUp();
    await ready();
    void stores.actions.document.openSample('report', 300, 2);
    const run = stores.actions.run.run();
    await worker.waitFor('compare');
    stores.actions.run.cancel();
    stores.actions.run.cancel();
    await run;
    expect(stores.run.getState()).toMatchObject({ active: { status: 'cancelled' }, error: null });
    expect(isRunning(stores.run.getState())).toBe(false);
  });
});

describe('model', () => {
  it('tells an adapter that is missing from a model that failed', async () => {
    const { worker, stores } = await setUp();
    const begin = stores.actions.model.begin();
    const error = { code: 'no-adapter', sentence: 'None.', remedy: 'Buy one.' } as const;
    await worker.reply('capabilities', { type: 'failed', error });
    await begin;
    expect(stores.model.getState()).toMatchObject({ adapterError: error, error: null });
  });

  it('measures the rate over a window', () => {
    let now = 0;
    const meter = new RateMeter(() => now);
    const read = (loaded: number) => meter.read({ loaded, total: 1_000 });
    expect(read(0)).toEqual({ rate: null, etaSeconds: null });
    now = 1_000;
    expect(read(100)).toEqual({ rate: 100, etaSeconds: 9 });
    now = 6_000;
    expect(read(600).rate).toBeCloseTo(100);
  });
});
