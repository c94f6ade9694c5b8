import { describe, expect, it } from 'vitest';
import type { ModelReport } from '../engine/types';
import { Playground } from '../playground';
import { FakeWorker, model as builtin } from '../worker/fakeWorker';
import { canUndo, configFile, ofFile } from './headConfigs';
import { defaultSettings } from './settings';
import { settingsOfSetup, setupOfSettings } from './setup';
import { createStores } from './stores';

const larger: ModelReport = { ...builtin, id: 'made/larger', layers: 28, heads: 12 };
const text = (size: number, heads = 1): string =>
  JSON.stringify([
    Object.fromEntries(
      Array.from({ length: heads }, (_, head) => [head, ['vertical_and_slash', size, 128, 0.9]]),
    ),
  ]);

function visit() {
  const stores = createStores(new Playground(new FakeWorker().client()), { local: null, session: null });
  const load = (model: ModelReport): void => {
    stores.model.setState({ model: null });
    stores.model.setState({ model });
  };
  const inUse = () => stores.settings.getState().patternValues.minference ?? {};
  return { stores, load, inUse, configs: stores.actions.headConfigs };
}

describe('a configuration by head', () => {
  it('is of the model that it was made for: another has its own or none, and it comes back', () => {
    const { stores, load, inUse, configs } = visit();
    load(builtin);
    configs.use('builtin', { config: text(40), budget: 'scaled', file: null });
    load(larger);
    expect(inUse().config).toBeUndefined();
    configs.import(text(99, 12), 'larger.json');
    expect(stores.settings.getState().configModel).toBe('made/larger');
    expect(configFile(stores.settings.getState())).toBe('larger.json');
    stores.actions.settings.setPatternValue('minference', 'budget', undefined);
    load(builtin);
    expect(inUse()).toEqual({ config: text(40), budget: 'scaled' });
    load(larger);
    expect(inUse()).toEqual({ config: text(99, 12) });
    expect(configFile(stores.settings.getState())).toBe('larger.json');
    configs.remove();
    load(builtin);
    load(larger);
    expect(inUse().config).toBeUndefined();
  });

  it('of no known model stays, and is that of the first that it fits', () => {
    const { stores, load, inUse } = visit();
    stores.actions.settings.setPatternValue('minference', 'config', text(40, 12));
    load(builtin);
    expect(inUse().config).toBe(text(40, 12));
    expect(stores.settings.getState().configModel).toBeNull();
    load(larger);
    expect(stores.settings.getState().configModel).toBe('made/larger');
    load(builtin);
    expect(inUse().config).toBeUndefined();
  });

  it('of a link is for the model of the link', () => {
    const { stores, load, inUse } = visit();
    const made = {
      ...defaultSettings(),
      pattern: 'minference' as const,
      patternValues: { minference: { config: text(7) } },
    };
    load(builtin);
    const { settings } = stores;
    settings.setState(settingsOfSetup(setupOfSettings(made), settings.getState(), 'made/larger'));
    expect(settings.getState().configModel).toBe('made/larger');
    load(larger);
    expect(inUse().config).toBe(text(7));
  });

  it('replaced by a search or removed comes back with one undo', () => {
    const { stores, load, inUse, configs } = visit();
    const undoable = (): boolean => canUndo(stores.headConfigs.getState(), stores.settings.getState());
    load(builtin);
    configs.import(text(40), 'mine.json');
    configs.use('builtin', { config: text(50), budget: 'scaled', file: null });
    expect(undoable()).toBe(true);
    configs.undo();
    expect(inUse()).toEqual({ config: text(40) });
    expect(configFile(stores.settings.getState())).toBe('mine.json');
    expect(undoable()).toBe(false);

    configs.remove();
    expect(inUse()).toEqual({});
    configs.undo();
    expect(inUse()).toEqual({ config: text(40) });

    // What changed otherwise meanwhile is not overwritten.
    configs.remove();
    load(larger);
    configs.import(text(60), 'other.json');
    load(builtin);
    expect(undoable()).toBe(false);
    configs.undo();
    expect(inUse().config).toBeUndefined();
  });
});

it('an error names the file', () => {
  const error = {
    code: 'bad-setting',
    sentence: 'minference: config: it has 32 layers.',
    remedy: '',
  } as const;
  expect(ofFile(error, 'other.json').sentence).toBe('other.json: it has 32 layers.');
  expect(ofFile(error, null).sentence).toBe('The file: it has 32 layers.');
});
