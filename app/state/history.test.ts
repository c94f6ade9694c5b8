import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { CompareResult, PatternName } from '../engine/types';
import { Playground } from '../playground';
import { documentText, furtherRun, gpuResult, gpuRun, softwareRun } from '../storage/fixtures';
import { openRunStorage, type RunStorage } from '../storage/runs';
import { runsFile } from '../storage/savedRun';
import { encodeShared } from '../storage/share';
import { FakeWorker, model } from '../worker/fakeWorker';
import { inListOrder } from './run';
import { settingsOfSetup, setupOfRun } from './setup';
import { defaultSettings } from './settings';
import { createStores } from './stores';

let databases = 0;
let storage: RunStorage;

beforeEach(() => {
  storage = openRunStorage(`history-${++databases}`);
});

/** A visit of a page that keeps its runs in the storage of this test. */
async function visit(openStorage: () => Promise<RunStorage> = () => Promise.resolve(storage)) {
  const worker = new FakeWorker();
  const stores = createStores(new Playground(worker.client()), {
    local: null,
    session: null,
    runs: openStorage,
  });
  const { actions } = stores;
  await actions.history.open();
  const said = (): string[] => stores.toasts.getState().toasts.map(({ text }) => text);
  const ids = (): string[] => stores.run.getState().finished.map(({ id }) => id);
  const undo = (): void => stores.toasts.getState().toasts.at(-1)?.action?.perform();
  const finishRun = async (text: string): Promise<void> => {
    actions.document.replace({ title: 'Field report', text, question: 'Which code?' });
    const run = actions.run.run();
    if (!stores.model.getState().model) await worker.reply('load', { type: 'loaded', model });
    await worker.reply('compare', { type: 'compared', result: gpuResult });
    await run;
  };
  return { worker, stores, actions, said, ids, undo, finishRun };
}

const file = (value: unknown, name = 'runs.json'): File => new File([JSON.stringify(value)], name);
const both = runsFile([gpuRun, softwareRun]);

describe('runs', () => {
  it('outlive the visit with their names and pins, the newest first and pinned ones on top', async () => {
    const first = await visit();
    await first.actions.history.import(file(both));
    first.actions.history.rename(gpuRun.id, '  Baseline ');
    first.actions.history.pin(softwareRun.id, false);
    first.actions.history.pin(gpuRun.id, true);
    await vi.waitFor(async () => {
      expect(await storage.all()).toContainEqual({ ...gpuRun, name: 'Baseline', pinned: true });
    });
    const second = await visit();
    expect(second.stores.history.getState().kept).toBe('yes');
    expect(second.ids()).toEqual([gpuRun.id, softwareRun.id]);
    second.actions.history.pin(gpuRun.id, false);
    second.actions.history.pin(softwareRun.id, true);
    expect(inListOrder(second.stores.run.getState().finished).map(({ id }) => id)).toEqual([
      softwareRun.id,
      gpuRun.id,
    ]);
  });

  it('are kept when they finish, without their document unless asked', async () => {
    const { actions, stores, finishRun } = await visit();
    await finishRun('secret text');
    await vi.waitFor(async () => {
      expect(await storage.all()).toHaveLength(1);
    });
    const [run] = stores.run.getState().finished;
    expect(JSON.stringify(run)).not.toContain('secret');
    expect(await storage.document(run?.document ?? '')).toBeUndefined();
    actions.settings.set({ keepDocuments: true });
    await finishRun('kept text');
    await vi.waitFor(async () => {
      expect(await storage.document(stores.run.getState().finished[0]?.document ?? '')).toBe('kept text');
    });
  });

  it('that are imported again are shown again', async () => {
    const { actions, stores, ids } = await visit();
    await actions.history.import(file(both));
    actions.run.show(softwareRun.id);
    await actions.history.import(file(runsFile([gpuRun])));
    expect(stores.run.getState().shown).toBe(gpuRun.id);
    expect(ids()).toHaveLength(2);
  });

  it('come back by undo after they were deleted, document and all', async () => {
    const { actions, ids, undo } = await visit();
    await actions.history.import(file(both));
    await storage.putDocument(gpuRun.document ?? '', documentText);
    await actions.history.remove(gpuRun.id);
    expect(ids()).toEqual([softwareRun.id]);
    expect(await storage.document(gpuRun.document ?? '')).toBeUndefined();
    await vi.waitFor(async () => {
      expect(await storage.all()).toHaveLength(1);
    });
    undo();
    expect(ids()).toEqual([gpuRun.id, softwareRun.id]);
    await vi.waitFor(async () => {
      expect(await storage.document(gpuRun.document ?? '')).toBe(documentText);
      expect(await storage.all()).toHaveLength(2);
    });
  });

  it('that are pinned survive a clear', async () => {
    const { actions, ids, stores } = await visit();
    await actions.history.import(file(both));
    expect(stores.run.getState().shown).toBe(gpuRun.id);
    await actions.history.clear();
    expect(ids()).toEqual([softwareRun.id]);
    expect(stores.run.getState().shown).toBeNull();
  });

  it('are imported once, and a file that is wrong changes nothing', async () => {
    const { actions, ids, said } = await visit();
    await actions.history.import(file(both));
    await actions.history.import(file(both));
    expect(said()).toEqual(['2 runs imported.', '0 runs imported; 2 already here.']);
    await actions.history.import(file({ ...both, runs: [{ ...gpuRun, pinned: 'yes' }] }));
    expect(said().at(-1)).toContain('runs[0].pinned');
    expect(ids()).toHaveLength(2);
  });

  it('of another version stay in storage and are not shown', async () => {
    await storage.put([{ ...gpuRun, result: { ...gpuResult, version: 7 } as unknown as CompareResult }]);
    await storage.putDocument('theirs', 'text');
    const { ids, said } = await visit();
    expect(ids()).toEqual([]);
    expect(said()).toEqual(['1 kept run is of another version and not shown.']);
    expect(await storage.all()).toHaveLength(1);
    expect(await storage.document('theirs')).toBe('text');
  });

  it('last for the visit where nothing may be kept', async () => {
    const { actions, stores, ids, said } = await visit(() => Promise.reject(new Error('forbidden')));
    expect(stores.history.getState().kept).toBe('no');
    await actions.history.import(file(both));
    expect(ids()).toHaveLength(2);
    expect(said()).toEqual(['2 runs imported.']);
  });

  it('that no longer fit are said so once', async () => {
    const full = { ...storage, put: () => Promise.reject(new Error('QuotaExceededError')) };
    const { actions, ids, said } = await visit(() => Promise.resolve(full));
    await actions.history.import(file(both));
    actions.history.pin(gpuRun.id, true);
    await vi.waitFor(() => {
      expect(said().filter((text) => text.includes('would not keep the run'))).toHaveLength(1);
    });
    expect(ids()).toHaveLength(2);
  });
});

describe('a replay', () => {
  it('restores settings, question and seed, and runs where the document is at hand', async () => {
    const { actions, stores, worker } = await visit();
    await actions.history.import(file(both));
    await storage.putDocument(gpuRun.document ?? '', documentText);
    const load = actions.model.load({ kind: 'builtin' });
    await worker.reply('load', { type: 'loaded', model });
    await load;
    const replay = actions.history.replay(gpuRun.id);
    await worker.waitFor('compare');
    expect(worker.waiting.find(({ type }) => type === 'compare')).toMatchObject({
      request: {
        prompt: { document: documentText, question: gpuResult.request.question, tokens: 65_536 },
        pattern: { name: 'adaptive', set: { fidelity: 0.9 } },
        sampling: { temperature: 0.5, topP: 0.9, seed: 7 },
        order: 'sparse-first',
      },
    });
    expect(stores.document.getState().expected).toBe('4821937');
    actions.run.cancel();
    await replay;
  });

  it('without document or model says what to do, and does not run', async () => {
    const { actions, stores, said } = await visit();
    await actions.history.import(file(both));
    actions.document.type('another text');
    await actions.history.replay(gpuRun.id);
    expect(said().at(-1)).toContain('The document “Field report” is not kept');
    expect(stores.document.getState()).toMatchObject({
      text: 'another text',
      question: gpuResult.request.question,
    });
    actions.document.type(documentText);
    await actions.history.replay(gpuRun.id);
    expect(said().at(-1)).toContain('model builtin: load it, then run');
    expect(stores.run.getState().active).toBeNull();
  });

  it('of a pattern that this page lacks changes nothing', () => {
    const setup = setupOfRun(gpuRun);
    const before = defaultSettings();
    const asked = (name: string, set: Record<string, string | number>) => () =>
      settingsOfSetup({ ...setup, pattern: { name: name as PatternName, set } }, before);
    expect(asked('of_tomorrow', {})).toThrow("no 'of_tomorrow'");
    expect(asked('adaptive', { nonsense: 1 })).toThrow('pattern.set.nonsense');
    expect(asked('adaptive', { fidelity: 7 })).toThrow('pattern.set.fidelity');
    expect(asked('adaptive', { fallback: 'maybe' })).toThrow('pattern.set.fallback');
    expect(asked('adaptive', { lastQ: '32' })().patternValues).toEqual({ adaptive: { lastQ: 32 } });
  });
});

describe('a share link', () => {
  it('holds settings and seed alone unless more was ticked, and fills them in', async () => {
    const sender = await visit();
    sender.actions.settings.set({ pattern: 'a_shape', seed: 11, context: 4_096 });
    sender.actions.document.replace({ title: 'mine', text: 'private text', question: 'private question' });
    const bare = await sender.actions.sharing.link(null, { question: false, document: false }, 'https://x/');
    const receiver = await visit();
    receiver.actions.document.ask('my own');
    await receiver.actions.sharing.open(new URL(bare).hash);
    expect(receiver.stores.settings.getState()).toMatchObject({
      pattern: 'a_shape',
      seed: 11,
      context: 4_096,
    });
    expect(receiver.stores.document.getState()).toMatchObject({ text: '', question: 'my own' });
    expect(receiver.said()).toEqual([
      'Settings of the link are filled in: A-shape, seed 11. Nothing has run yet.',
    ]);

    const full = await sender.actions.sharing.link(null, { question: true, document: true }, 'https://x/');
    await receiver.actions.sharing.open(new URL(full).hash);
    expect(receiver.stores.document.getState()).toMatchObject({
      title: 'mine',
      text: 'private text',
      question: 'private question',
    });
    receiver.undo();
    expect(receiver.stores.document.getState()).toMatchObject({ text: '', question: 'my own' });
  });

  it('of a run names its model, never a folder, and holds its document only if that is kept', async () => {
    const { actions } = await visit();
    const other = { ...gpuResult, model: { ...gpuResult.model, id: 'my-folder' } };
    await actions.history.import(file(runsFile([gpuRun, { ...gpuRun, id: 'folder', result: other }])));
    const { decodeShared } = await import('../storage/share');
    const link = async (id: string, document: boolean) =>
      decodeShared(new URL(await actions.sharing.link(id, { question: true, document }, 'https://x/')).hash);
    expect(await link(gpuRun.id, false)).toMatchObject({
      model: 'builtin',
      question: gpuResult.request.question,
      setup: { sampling: { seed: 7 } },
    });
    expect((await link('folder', false)).model).toBeNull();
    await actions.history.import(file(runsFile([furtherRun])));
    const further = await link(furtherRun.id, false);
    expect(further.pastTokens).toBe(32_700);
    const receiver = await visit();
    await receiver.actions.sharing.open(await encodeShared(further));
    expect(receiver.said()[0]).toContain('found 32,700 tokens kept; a run here reads the whole prompt');
    await expect(link(gpuRun.id, true)).rejects.toThrow('is not kept');
  });

  it('that is bad changes nothing and says why', async () => {
    const { actions, stores, said } = await visit();
    const before = stores.settings.getState();
    await actions.sharing.open('#s=AAAA');
    const setup = { ...setupOfRun(gpuRun), pattern: { name: 'a_shape', set: { nonsense: 1 } } as const };
    await actions.sharing.open(await encodeShared({ setup, model: null }));
    expect(said()[0]).toContain('cut or changed');
    expect(said()[1]).toContain('pattern.set.nonsense: a_shape has no such setting on this page');
    expect(stores.settings.getState()).toBe(before);
  });
});
