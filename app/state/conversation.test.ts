import { describe, expect, it, vi } from 'vitest';
import type { CompareRequest, CompareResult, KeptReport, MemoryPlan } from '../engine/types';
import { Playground } from '../playground';
import { gpuResult } from '../storage/fixtures';
import { FakeWorker, model } from '../worker/fakeWorker';
import { endedBy, turnsOf } from './conversation';
import { keepFields, keepVerdict } from './keeping';
import { isRunning } from './run';
import { createStores } from './stores';

const text = 'The code of the mill is 7.';
const held: KeptReport = { tokens: 400, bytes: 9_000 };

/** A page with a model, a document and one finished run that kept it. */
async function setUp() {
  const worker = new FakeWorker();
  const playground = new Playground(worker.client());
  const stores = createStores(playground, { local: null, session: null });
  const { actions } = stores;
  const load = actions.model.load({ kind: 'builtin' });
  await worker.reply('load', { type: 'loaded', model });
  await load;
  actions.document.replace({ title: 'Mill', text, question: 'Which code?' });
  let minute = 0;
  const answer = async (pastTokens: number, kept: KeptReport | undefined = held): Promise<CompareRequest> => {
    const { request } = (await worker.waitFor('compare')) as { request: CompareRequest };
    const { prompt, ...settings } = request;
    const result: CompareResult = {
      ...gpuResult,
      date: new Date(Date.UTC(2026, 0, 1, 0, minute++)).toISOString(),
      request: { ...settings, question: prompt.question },
      runs: gpuResult.runs.map((run) => Object.assign({}, run, { pastTokens })),
      ...(kept && { kept }),
    };
    await worker.reply('compare', { type: 'compared', result });
    return request;
  };
  const ask = (question: string): Promise<void> => {
    const { shown } = stores.run.getState();
    actions.conversation.write(question);
    return actions.conversation.ask(shown ?? '');
  };
  const first = actions.run.run();
  const request = await answer(0);
  await first;
  const kept = () => stores.conversation.getState().kept;
  const freed = (): boolean => worker.waiting.some(({ type }) => type === 'forget');
  return { worker, playground, stores, actions, answer, ask, request, kept, freed };
}

describe('a further question', () => {
  it('is a turn of the same conversation, from what is kept, the newest last', async () => {
    const { stores, answer, ask, request, kept } = await setUp();
    expect(request).toMatchObject({ keepCache: true, wholePrompt: true });
    expect(kept()).toMatchObject({ tokens: 400, document: text });
    const asked = ask('  And the mill? ');
    expect(isRunning(stores.run.getState())).toBe(true);
    const second = await answer(390);
    await asked;
    expect(second).toMatchObject({ keepCache: true, prompt: { document: text, question: 'And the mill?' } });
    expect(second.wholePrompt).toBeUndefined();
    const { finished, shown } = stores.run.getState();
    expect(finished).toHaveLength(2);
    const [newest, oldest] = finished;
    if (!newest || !oldest) throw new Error('two runs');
    expect(shown).toBe(newest.id);
    expect(newest).toMatchObject({ conversation: oldest.id, title: 'Mill', expected: null });
    expect(turnsOf(finished, newest)).toEqual([oldest, newest]);
    expect(turnsOf(finished, oldest)).toEqual([oldest, newest]);
    expect(stores.conversation.getState()).toMatchObject({ draft: '', refocus: true, error: null });

    const third = ask('Third?');
    await answer(390);
    await third;
    const turns = turnsOf(stores.run.getState().finished, oldest);
    expect(turns.map((turn) => turn.result.request.question)).toEqual([
      'Which code?',
      'And the mill?',
      'Third?',
    ]);
  });

  it('that is cancelled or refused leaves the conversation, the words and what is kept', async () => {
    const { worker, stores, actions, ask, kept } = await setUp();
    const { shown } = stores.run.getState();
    const asked = ask('Why?');
    await worker.waitFor('compare');
    actions.run.cancel();
    await asked;
    expect(stores.run.getState()).toMatchObject({ active: null, shown, error: null });
    expect(stores.conversation.getState()).toMatchObject({ draft: 'Why?', error: null });
    expect(kept()).not.toBeNull();

    const long = ask('Why, why?');
    const error = { code: 'prompt-too-long', sentence: 'Too long.', remedy: 'Shorten.' } as const;
    await worker.reply('compare', { type: 'failed', error });
    await long;
    expect(stores.run.getState()).toMatchObject({ active: null, shown, error: null, following: null });
    expect(stores.conversation.getState()).toMatchObject({ draft: 'Why, why?', error: { report: error } });
    expect(kept()).not.toBeNull();
    actions.conversation.write('Why');
    expect(stores.conversation.getState().error).toBeNull();
  });

  it('keeps nothing where the GPU reported an error, or where nothing could be kept', async () => {
    const { worker, stores, answer, ask, kept, freed } = await setUp();
    const failed = ask('Why?');
    const error = { code: 'gpu-error', sentence: 'Broken.', remedy: 'Again.' } as const;
    await worker.reply('compare', { type: 'failed', error });
    await failed;
    expect(kept()).toBeNull();
    expect(freed()).toBe(true);
    const asked = ask('Why?');
    await answer(0, { tokens: 0, bytes: 0, note: 'No room.' });
    await asked;
    expect(kept()).toBeNull();
    expect(stores.run.getState().finished[0]?.result.kept?.note).toBe('No room.');
  });
});

describe('what is kept is freed', () => {
  type Page = Awaited<ReturnType<typeof setUp>>;
  it.each<[string, (page: Page) => void]>([
    ['the document is changed', ({ actions }) => actions.document.type(`${text} More.`)],
    ['the document is cleared', ({ actions }) => actions.document.clear()],
    ['another pattern is chosen', ({ actions }) => actions.settings.set({ pattern: 'a_shape' })],
    [
      'the pattern is set differently',
      ({ actions }) => actions.settings.setPatternValue('adaptive', 'lastQ', 32),
    ],
    ['the context changes', ({ actions }) => actions.settings.set({ context: 4_096 })],
    ['dense is left out', ({ actions }) => actions.settings.set({ withDense: false })],
    ['nothing shall be kept', ({ actions }) => actions.settings.set({ keepCaches: false })],
    ['it is asked for', ({ actions }) => void actions.conversation.forget()],
  ])('when %s', async (_, change) => {
    const page = await setUp();
    page.actions.settings.set({ newTokens: 9, temperature: 0.5 });
    page.actions.document.ask('Another?');
    expect(page.kept()).not.toBeNull();
    expect(page.freed()).toBe(false);
    change(page);
    await vi.waitFor(() => {
      expect(page.freed()).toBe(true);
    });
    await page.worker.reply('forget', { type: 'forgotten' });
    expect(page.kept()).toBeNull();
  });

  it('when the document changed while a question about it ran', async () => {
    const { actions, answer, ask, kept, freed } = await setUp();
    const asked = ask('Why?');
    actions.document.type('Other');
    expect(freed()).toBe(false);
    await answer(390);
    await asked;
    expect(kept()).toBeNull();
    expect(freed()).toBe(true);
  });

  it('with the model or the device, without a word to the worker', async () => {
    const first = await setUp();
    void first.actions.model.load({ kind: 'hub', id: 'a/b' });
    await vi.waitFor(() => {
      expect(first.kept()).toBeNull();
    });
    const second = await setUp();
    second.worker.send({ type: 'lost', error: { code: 'device-lost', sentence: 'Lost.', remedy: 'Load.' } });
    expect(second.kept()).toBeNull();
    expect(first.freed() || second.freed()).toBe(false);
  });

  it('but not what a script keeps of a document of its own', async () => {
    const { worker, playground, answer, actions, kept, freed } = await setUp();
    const run = playground.compare({ prompt: { document: 'Mine.' }, keepCache: true });
    await answer(0);
    await run;
    actions.document.type('Other');
    expect(kept()).toBeNull();
    expect(freed()).toBe(false);
    expect(worker.waiting).toEqual([]);
  });
});

it('a conversation has ended where the page is no longer as it was, and goes on where it is again', async () => {
  const { stores, actions } = await setUp();
  const [entry] = stores.run.getState().finished;
  if (!entry) throw new Error('one run');
  const ended = (): unknown =>
    endedBy(entry, {
      text: stores.document.getState().text,
      model: stores.model.getState().model?.id ?? null,
      settings: stores.settings.getState(),
    });
  expect(ended()).toBeNull();
  actions.document.clear();
  expect(ended()).toBe('document');
  actions.document.undoClear();
  expect(ended()).toBeNull();
  // As long, but another text.
  actions.document.type(text.replace('7', '8'));
  expect(ended()).toBe('document');
  actions.document.type(text);
  actions.settings.set({ pattern: 'a_shape' });
  expect(ended()).toBe('pattern');
  actions.settings.set({ pattern: 'adaptive', context: 99 });
  expect(ended()).toBe('context');
  actions.settings.set({ context: null });
  expect(ended()).toBeNull();
  stores.model.setState({ model: null });
  expect(ended()).toBe('model');
  expect(
    endedBy({ ...entry, document: null }, { text, model: 'builtin', settings: stores.settings.getState() }),
  ).toBe('ids');
});

it('a turn that is deleted makes room for its neighbour', async () => {
  const { stores, actions, answer, ask } = await setUp();
  const asked = ask('Why?');
  await answer(390);
  await asked;
  const [second, first] = stores.run.getState().finished;
  await actions.conversation.removeTurn(second?.id ?? '');
  expect(stores.run.getState()).toMatchObject({ shown: first?.id, finished: [first] });
  await actions.conversation.removeTurn(first?.id ?? '');
  expect(stores.run.getState()).toMatchObject({ shown: null, finished: [] });
});

it('keeps by itself only what is known to fit, and more if told to', () => {
  const gib = 2 ** 30;
  const plan = { total: gib, keeping: { bytes: gib, fits: true } } as MemoryPlan;
  const adapter = { maxBufferSize: gib };
  const weights = { weightBytes: gib };
  const verdict = (keepCaches: boolean | null, gpuMemory: number | null, bytes = gib) =>
    keepVerdict({ keepCaches, gpuMemory }, { ...plan, keeping: { bytes, fits: true } }, adapter, weights);
  expect(verdict(null, null)).toBe('kept');
  expect(verdict(null, null, gib + 1)).toBe('unknown');
  expect(verdict(true, null, 50 * gib)).toBe('kept');
  expect(verdict(null, 2.2)).toBe('memory');
  expect(verdict(true, 2.2)).toBe('kept');
  expect(verdict(true, 1.9)).toBe('memory');
  expect(verdict(false, 80)).toBe('off');
  const tooLarge = { ...plan, keeping: { bytes: 1, fits: false } };
  expect(keepVerdict({ keepCaches: true, gpuMemory: null }, tooLarge, adapter, weights)).toBe('buffers');
  // The engine is told the same limit.
  expect(keepFields({ keepCaches: null, gpuMemory: null }, adapter, weights)).toEqual({
    keepCache: true,
    keepLimit: 2 * gib,
  });
  expect(keepFields({ keepCaches: true, gpuMemory: null }, adapter, weights)).toEqual({ keepCache: true });
  expect(keepFields({ keepCaches: false, gpuMemory: 80 }, adapter, weights)).toEqual({});
});
