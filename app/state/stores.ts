/** All stores and the actions on them, wired to one playground. Knows no framework. */
import type { Playground } from '../playground';
import type { Library } from '../worker/library';
import { codeActions } from './code';
import { conversationActions, createConversationStore } from './conversation';
import { createDocumentStore, documentActions } from './document';
import type { RunStorage } from '../storage/runs';
import { createHistoryStore, historyActions } from './history';
import { createHeadConfigStore, followModel, headConfigActions } from './headConfigs';
import { createHeadsStore, headsActions } from './heads';
import { createLibraryStore, libraryActions, type StorageAccess } from './library';
import { createModelStore, modelActions } from './model';
import { createPageStore, pageActions } from './page';
import { createPromptStore } from './prompt';
import { createRunStore, runActions } from './run';
import { createScalingStore, scalingActions } from './scaling';
import { createSearchStore, searchActions } from './search';
import { createSettingsStore, setPatternValue, type KeyValue } from './settings';
import type { SettingValue } from './patterns';
import { settingsFileActions } from './settingsFile';
import { sharingActions } from './sharing';
import { createToastStore, toastActions } from './toasts';
import { createVersionStore } from './version';

export interface Storages {
  /** Outlives the visit. */
  local: KeyValue | null;
  /** Lives as long as the tab. */
  session: KeyValue | null;
  /** Room and persistence of kept models. */
  files?: StorageAccess;
  /** Hands a file to the person. */
  save?: (name: string, content: Blob) => void;
  /** Finished runs and, if asked, their documents. */
  runs?: () => Promise<RunStorage>;
}

export function createStores(playground: Playground, storages: Storages, kept: Library | null = null) {
  const settings = createSettingsStore(storages.local);
  const document = createDocumentStore(storages.session);
  const model = createModelStore(playground);
  const library = createLibraryStore();
  const prompt = createPromptStore(playground, document, model, settings);
  const run = createRunStore(playground, document);
  const heads = createHeadsStore();
  const headConfigs = createHeadConfigStore();
  const headConfigCalls = headConfigActions(headConfigs, settings, model);
  followModel(settings, model);
  const search = createSearchStore(storages.local);
  const scaling = createScalingStore();
  const modelCalls = modelActions(model, playground);
  const runCalls = runActions(run, playground, document, settings, model);
  const history = createHistoryStore();
  const page = createPageStore();
  const toasts = createToastStore();
  const toastCalls = toastActions(toasts);
  const documentCalls = documentActions(document, toastCalls);
  const parts = {
    run,
    document,
    model,
    settings,
    toasts: toastCalls,
    replaceDocument: documentCalls.replace,
  };
  const historyCalls = historyActions(history, {
    ...parts,
    startRun: () => runCalls.run(),
    openStorage: storages.runs ?? null,
  });
  const talk = { playground, run, document, model, settings };
  const conversation = createConversationStore(talk);
  const sharingParts = { ...parts, documentOf: historyCalls.documentOf, loadModel: modelCalls.load };
  const sharingCalls = sharingActions(sharingParts);
  return {
    settings,
    document,
    conversation,
    model,
    library,
    prompt,
    run,
    history,
    page,
    toasts,
    heads,
    headConfigs,
    search,
    scaling,
    version: createVersionStore(),
    actions: {
      settings: {
        set: settings.setState,
        ...settingsFileActions(settings, toastCalls, storages.save ?? (() => undefined)),
        setPatternValue: (pattern: string, name: string, value: SettingValue | undefined): void => {
          setPatternValue(settings, pattern, name, value);
        },
      },
      document: documentCalls,
      model: modelCalls,
      library: libraryActions(library, kept, storages.files ?? {}, modelCalls.load),
      run: runCalls,
      history: historyCalls,
      conversation: conversationActions(conversation, {
        ...talk,
        remove: (id) => historyCalls.remove(id),
      }),
      sharing: sharingCalls,
      code: codeActions(sharingParts, sharingCalls),
      page: pageActions(page),
      toasts: toastCalls,
      heads: headsActions(heads, playground, model, run),
      scaling: scalingActions(scaling, { playground, document, model, settings }),
      search: searchActions(search, { playground, document, model, settings, configs: headConfigCalls }),
      headConfigs: headConfigCalls,
    },
  };
}

export type Stores = ReturnType<typeof createStores>;
