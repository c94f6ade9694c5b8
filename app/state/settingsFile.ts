/** All settings as a file, for another browser or a way back. */
import { UserError } from '../errors';
import {
  defaultSettings,
  fittingSettings,
  withoutUnreadable,
  type Settings,
  type SettingsStore,
} from './settings';
import type { ToastActions } from './toasts';

const format = 'minference-settings';
/** A pattern's own file may be among the settings. */
const largestFile = 32 * 2 ** 20;

export function settingsFile(settings: Settings): { format: string; version: 1; settings: Settings } {
  return { format, version: 1, settings };
}

/**
 * The settings of a file; what it leaves out is as at first, what this page does not know is left out.
 * Throws 'bad-setting' naming the first value that does not fit.
 */
export function parseSettingsFile(text: string): Settings {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refusal('it is no JSON');
  }
  if (typeof json !== 'object' || json === null) throw refusal('it holds no settings');
  const file = json as { format?: unknown; version?: unknown; settings?: unknown };
  if (file.format !== format) throw refusal('it holds no settings');
  if (file.version !== 1) throw refusal('version: this page reads version 1');
  if (typeof file.settings !== 'object' || file.settings === null)
    throw refusal('settings: expected an object');
  const given = file.settings as Record<string, unknown>;
  const settings = fittingSettings(given);
  // A value that falls back is one that does not fit.
  const wrong = Object.entries(settings).find(
    ([name, value]) => name in given && JSON.stringify(value) !== JSON.stringify(given[name]),
  );
  if (wrong) throw refusal(`settings.${wrong[0]}: ${JSON.stringify(given[wrong[0]])} does not fit`);
  return settings;
}

function refusal(reason: string): UserError {
  return new UserError(
    'bad-setting',
    `No setting was imported: ${reason}.`,
    'Choose a file that “Export” in the settings has written.',
  );
}

export function settingsFileActions(
  store: SettingsStore,
  toasts: ToastActions,
  save: (name: string, content: Blob) => void,
) {
  const replaceAloud = (settings: Settings, text: string): void => {
    const before = store.getState();
    store.setState(settings);
    toasts.say(text, {
      label: 'Undo',
      perform: () => {
        store.setState(before);
      },
    });
  };
  return {
    export: (): void => {
      const text = JSON.stringify(settingsFile(withoutUnreadable(store.getState())), null, 2);
      save('minference-settings.json', new Blob([text], { type: 'application/json' }));
    },
    async import(file: File): Promise<void> {
      try {
        if (file.size > largestFile) throw refusal('it is too large');
        replaceAloud(parseSettingsFile(await file.text()), 'Settings imported.');
      } catch (error) {
        toasts.sayError(error);
      }
    },
    reset: (): void => {
      replaceAloud(defaultSettings(), 'All settings are as at first.');
    },
  };
}
