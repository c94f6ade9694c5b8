import { describe, expect, it } from 'vitest';
import { Playground } from '../playground';
import { FakeWorker } from '../worker/fakeWorker';
import { defaultSettings } from './settings';
import { parseSettingsFile, settingsFile } from './settingsFile';
import { createStores } from './stores';

const chosen = {
  ...defaultSettings(),
  newTokens: 7,
  theme: 'dark',
  patternValues: { a_shape: { local: 512 } },
} as const;

describe('a file of settings', () => {
  it('comes back as it was written', () => {
    expect(parseSettingsFile(JSON.stringify(settingsFile(chosen)))).toEqual(chosen);
  });

  it('may leave out what an older page did not have, and hold what a newer one has', () => {
    const text = JSON.stringify({
      format: 'minference-settings',
      version: 1,
      settings: { seed: 4, later: true },
    });
    expect(parseSettingsFile(text)).toEqual({ ...defaultSettings(), seed: 4 });
  });

  it.each([
    ['{', 'it is no JSON'],
    ['null', 'it holds no settings'],
    ['{"format": "minference-runs"}', 'it holds no settings'],
    ['{"format": "minference-settings", "version": 2}', 'version'],
    ['{"format": "minference-settings", "version": 1, "settings": 3}', 'settings: expected'],
    ['{"format": "minference-settings", "version": 1, "settings": {"topP": 9}}', 'settings.topP: 9'],
    [
      '{"format": "minference-settings", "version": 1, "settings": {"patternValues": {"a": 1}}}',
      'settings.patternValues',
    ],
  ])('%s is refused: %s', (text, words) => {
    expect(() => parseSettingsFile(text)).toThrow(words);
  });

  it('is imported and reset with a way back', async () => {
    const stores = createStores(new Playground(new FakeWorker().client()), { local: null, session: null });
    const { settings } = stores.actions;
    const undo = (): void => stores.toasts.getState().toasts.at(-1)?.action?.perform();
    await settings.import(new File([JSON.stringify(settingsFile(chosen))], 's.json'));
    expect(stores.settings.getState()).toEqual(chosen);
    settings.reset();
    expect(stores.settings.getState()).toEqual(defaultSettings());
    undo();
    expect(stores.settings.getState()).toEqual(chosen);
    await settings.import(new File(['{}'], 's.json'));
    expect(stores.toasts.getState().toasts.at(-1)).toMatchObject({ tone: 'error' });
    expect(stores.settings.getState()).toEqual(chosen);
  });
});
