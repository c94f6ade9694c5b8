import { expect, it, vi } from 'vitest';
import { UserError } from '../errors';
import { Playground } from '../playground';
import { FakeWorker, model } from '../worker/fakeWorker';
import { patterns } from './patterns';
import { inPageWords, isAbout, refusalOf, settingsRefusal } from './refusals';
import { defaultSettings } from './settings';
import { setupOfSettings } from './setup';
import { createStores } from './stores';

function parameterOf(pattern: string, name: string) {
  const found = patterns.find((each) => each.name === pattern)?.parameters.find((each) => each.name === name);
  if (!found) throw new Error(`no ${pattern} ${name}`);
  return found;
}

it.each([
  ['a_shape', 'init', -5, 'First tokens (init) is -5, which is negative.'],
  ['adaptive', 'verticalSize', 1.5, "Columns at most (verticalSize) must be a whole number, not '1.5'."],
  ['flexprefill', 'gamma', 1.5, 'Attention kept (gamma) is 1.5, which is above the limit of 1.'],
  ['block_sparse', 'topK', 0, 'Tiles a row block (topK) is 0, which is too small.'],
  ['vertical_slash', 'lastQ', Number.NaN, 'Estimating queries (lastQ) is not a number.'],
  ['minference', 'startingLayer', -2, 'First sparse layer (startingLayer) is -2, which is negative.'],
] as const)(
  '%s %s %s is refused without a prompt, by its label and its name',
  (name, key, value, sentence) => {
    const parameter = parameterOf(name, key);
    const refused = refusalOf(name, parameter, value);
    expect(refused?.sentence).toBe(sentence);
    expect(refused && isAbout(refused, parameter)).toBe(true);
    const settings = { pattern: name, patternValues: { [name]: { [key]: value } } };
    expect(settingsRefusal(settings)?.sentence).toBe(sentence);
    // What is set of another pattern is no hindrance.
    expect(settingsRefusal({ ...settings, pattern: 'dense' })).toBeNull();
  },
);

it('takes fractions where the engine does, and what is left out', () => {
  expect(refusalOf('xattention', parameterOf('xattention', 'threshold'), 0.85)).toBeNull();
  expect(refusalOf('adaptive', parameterOf('adaptive', 'last'), undefined)).toBeNull();
});

it('says what the engine refuses in the words of the page, and leaves all else alone', () => {
  const report = (sentence: string) => new UserError('bad-setting', sentence, 'Do.').report();
  const long = report("adaptive: last is 900, which is above the prompt's length, 812.");
  expect(inPageWords(long, 'adaptive').sentence).toBe(
    "Last rows dense (last) is 900, which is above the prompt's length, 812.",
  );
  expect(inPageWords(report('minference: config: it is not JSON.'), 'minference').sentence).toBe(
    'Heads (config): it is not JSON.',
  );
  // 'last' begins 'lastQ'.
  expect(
    isAbout(inPageWords(report('adaptive: lastQ is 0.'), 'adaptive'), parameterOf('adaptive', 'last')),
  ).toBe(false);
  expect(inPageWords(long, 'a_shape')).toBe(long);
});

it('starts no run with a number that cannot be read, and keeps none of it', async () => {
  const kept = new Map<string, string>();
  const local = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => void kept.set(key, value),
    removeItem: (key: string) => void kept.delete(key),
  };
  const worker = new FakeWorker();
  const saved: Blob[] = [];
  const stores = createStores(new Playground(worker.client()), {
    local,
    session: null,
    save: (_name, content) => saved.push(content),
  });
  const load = stores.actions.model.load({ kind: 'builtin' });
  await worker.reply('load', { type: 'loaded', model });
  await load;
  const sent = vi.spyOn(worker, 'postMessage');
  void stores.actions.document.openSample('log', 300, 1);
  stores.actions.settings.setPatternValue('adaptive', 'lastQ', 32);
  stores.actions.settings.setPatternValue('adaptive', 'verticalSize', Number.NaN);
  await stores.actions.run.run();
  expect(stores.run.getState()).toMatchObject({
    active: null,
    error: { sentence: 'Columns at most (verticalSize) is not a number.' },
  });
  expect(sent.mock.calls.flat().filter(({ type }) => type === 'compare')).toEqual([]);

  const others = { adaptive: { lastQ: 32 } };
  expect(JSON.parse(kept.get('minference.settings') ?? '{}')).toMatchObject({ patternValues: others });
  stores.actions.settings.export();
  expect(JSON.parse((await saved[0]?.text()) ?? '{}')).toMatchObject({ settings: { patternValues: others } });
  expect(setupOfSettings(stores.settings.getState()).pattern.set).toEqual({ lastQ: 32 });
  expect(defaultSettings().patternValues).toEqual({});
});
