import { expect, test, vi } from 'vitest';
import { UserError } from '../errors';
import type { HeadSearchInput, HeadSearchReport } from '../engine/types';
import { model as report } from '../worker/fakeWorker';
import { createStore } from 'zustand/vanilla';
import { createDocumentStore } from './document';
import { createHeadConfigStore, headConfigActions } from './headConfigs';
import type { ModelState } from './model';
import { createSearchStore, searchActions } from './search';
import { createSettingsStore, type KeyValue } from './settings';

function memory(): KeyValue & { values: Map<string, string> } {
  const values = new Map<string, string>();
  return {
    values,
    getItem: (name) => values.get(name) ?? null,
    setItem: (name, value) => void values.set(name, value),
    removeItem: (name) => void values.delete(name),
  };
}

const found: HeadSearchReport = {
  model: 'builtin',
  tokens: 900,
  density: 0.2,
  budget: 'scaled',
  meanRecall: 0.9,
  meanDensity: 0.23,
  unmetHeads: 3,
  chosen: { 'vertical_and_slash 40, 128': 48 },
  config: '[{"0":["vertical_and_slash",40,128,0.9]}]',
};

function setup(
  searchHeads: (input: HeadSearchInput, onProgress?: (fraction: number) => void) => Promise<HeadSearchReport>,
  clock: () => number = () => 0,
) {
  const local = memory();
  const settings = createSettingsStore(local);
  const document = createDocumentStore(null);
  document.setState({ text: 'A text.', question: 'What?' });
  const model = createStore<ModelState>(() => ({
    adapter: null,
    adapterError: null,
    model: report,
    source: null,
    loading: null,
    error: null,
  }));
  const playground = { searchHeads: vi.fn(searchHeads), cancel: vi.fn() };
  const store = createSearchStore(local);
  const configs = headConfigActions(createHeadConfigStore(), settings, model);
  const now = () => new Date('2026-11-23T00:00:00Z');
  const actions = searchActions(store, { playground, document, model, settings, configs, now, clock });
  return { local, settings, store, actions, playground };
}

test('what is found is used, kept for the model, and offered again on the next visit', async () => {
  const { local, settings, store, actions, playground } = setup(() => Promise.resolve(found));
  await actions.search(0.2);
  expect(playground.searchHeads).toHaveBeenCalledWith(
    { prompt: { document: 'A text.', question: 'What?' }, density: 0.2, budget: 'scaled' },
    expect.any(Function),
  );
  expect(settings.getState().patternValues.minference).toEqual({ config: found.config, budget: 'scaled' });
  expect(store.getState()).toMatchObject({ fraction: null, error: null });
  const again = createSearchStore(local);
  expect(again.getState().found.builtin).toEqual({ ...found, date: '2026-11-23T00:00:00.000Z' });

  expect(settings.getState().configModel).toBe('builtin');
  settings.setState({ patternValues: {} });
  actions.apply();
  expect(settings.getState().patternValues.minference?.config).toBe(found.config);
});

test('a refusal is shown, a cancelled search is not an error, and what was kept stays', async () => {
  const refused = setup(() =>
    Promise.reject(new UserError('bad-document', 'The sample has 20 tokens.', 'More.')),
  );
  await refused.actions.search(0.2);
  expect(refused.store.getState().error?.sentence).toBe('The sample has 20 tokens.');
  expect(refused.settings.getState().patternValues.minference).toBeUndefined();
  refused.actions.dismissError();
  expect(refused.store.getState().error).toBeNull();

  const cancelled = setup(() => Promise.reject(new DOMException('stopped', 'AbortError')));
  await cancelled.actions.search(0.2);
  expect(cancelled.store.getState()).toEqual({ fraction: null, etaSeconds: null, error: null, found: {} });
});

test('progress says how long the rest takes', async () => {
  let at = 0;
  const said: (number | null)[] = [];
  const { store, actions } = setup(
    (_input, onProgress) => {
      for (const fraction of [0, 0.2, 0.4]) {
        onProgress?.(fraction);
        said.push(store.getState().etaSeconds);
        at += 2_000;
      }
      return Promise.resolve(found);
    },
    () => at,
  );
  await actions.search(0.2);
  expect(said).toEqual([null, expect.closeTo(8), expect.closeTo(6)]);
  expect(store.getState().etaSeconds).toBeNull();
});

test('a store that holds something else is taken for empty', () => {
  const local = memory();
  local.setItem('minference.heads', '{"builtin": {"config": 3}}');
  expect(createSearchStore(local).getState().found).toEqual({});
  const fits = { ...found, date: '2026-11-23T00:00:00.000Z' };
  const { meanDensity: _, ...older } = fits;
  local.setItem('minference.heads', JSON.stringify({ builtin: older, other: fits }));
  expect(createSearchStore(local).getState().found).toEqual({ other: fits });
  local.setItem('minference.heads', '{');
  expect(createSearchStore(local).getState().found).toEqual({});
});
