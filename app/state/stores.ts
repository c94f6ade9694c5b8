/** All stores and the actions on them, wired to one playground. Knows no framework. */
import type { Playground } from '../playground';
import type { Library } from '../worker/library';
import { createDocumentStore, documentActions } from './document';
import { createLibraryStore, libraryActions, type StorageAccess } from './library';
import { createModelStore, modelActions } from './model';
import { createPromptStore } from './prompt';
import { createRunStore, runActions } from './run';
import { createSettingsStore, setPatternValue, type KeyValue } from './settings';
import type { SettingValue } from './patterns';
import { createVersionStore } from './version';

export interface Storages {
  /** Outlives the visit. */
  local: KeyValue | null;
  /** Lives as long as the tab. */
  session: KeyValue | null;
  /** Room and persistence of kept models. */
  files?: StorageAccess;
}

export function createStores(playground: Playground, storages: Storages, kept: Library | null = null) {
  const settings = createSettingsStore(storages.local);
  const document = createDocumentStore(storages.session);
  const model = createModelStore(playground);
  const library = createLibraryStore();
  const prompt = createPromptStore(playground, document, model, settings);
  const run = createRunStore(playground, document);
  const modelCalls = modelActions(model, playground);
  return {
    settings,
    document,
    model,
    library,
    prompt,
    run,
    version: createVersionStore(),
    actions: {
      settings: {
        set: settings.setState,
        setPatternValue: (pattern: string, name: string, value: SettingValue | undefined): void => {
          setPatternValue(settings, pattern, name, value);
        },
      },
      document: documentActions(document),
      model: modelCalls,
      library: libraryActions(library, kept, storages.files ?? {}, modelCalls.load),
      run: runActions(run, playground, document, settings),
    },
  };
}

export type Stores = ReturnType<typeof createStores>;
