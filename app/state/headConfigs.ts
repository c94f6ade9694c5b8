/**
 * MInference's configuration by head belongs to a model: it is made for its layers and heads. The settings hold the one in
 * use and, for each model, the last one, which comes back with the model.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { parseHeadConfig } from '../attention/headConfig';
import type { ErrorReport } from '../errors';
import type { ModelReport } from '../engine/types';
import type { ModelStore } from './model';
import type { HeadConfig, Settings, SettingsStore } from './settings';

type Chosen = Pick<Settings, 'configModel' | 'headConfigs'> &
  Pick<HeadConfig, 'budget'> & { config?: string };

export interface HeadConfigState {
  /** The last change, while it can be taken back. */
  undo: { before: Chosen; after: Chosen } | null;
}

export type HeadConfigStore = StoreApi<HeadConfigState>;

export function createHeadConfigStore(): HeadConfigStore {
  return createStore<HeadConfigState>(() => ({ undo: null }));
}

function chosenIn({ patternValues, configModel, headConfigs }: Settings): Chosen {
  const { config, budget } = patternValues.minference ?? {};
  return {
    ...(config !== undefined && { config: String(config) }),
    budget: budget === 'scaled' || budget === 'classic' ? budget : null,
    configModel,
    headConfigs,
  };
}

function choose(settings: SettingsStore, { config, budget, configModel, headConfigs }: Chosen): void {
  settings.setState(({ patternValues }) => {
    const { config: _, budget: __, ...others } = patternValues.minference ?? {};
    const minference = {
      ...others,
      ...(config !== undefined && { config }),
      ...(budget !== null && { budget }),
    };
    return { patternValues: { ...patternValues, minference }, configModel, headConfigs };
  });
}

function without<T>(all: Readonly<Record<string, T>>, key: string | null): Record<string, T> {
  return Object.fromEntries(Object.entries(all).filter(([name]) => name !== key));
}

function fits(config: string, model: ModelReport): boolean {
  try {
    parseHeadConfig(config, model);
    return true;
  } catch {
    return false;
  }
}

/** What is chosen once a model is loaded. */
function chosenFor(model: ModelReport, now: Chosen): Chosen {
  const { config, budget, configModel, headConfigs } = now;
  if (config !== undefined && configModel === model.id) return now;
  if (config !== undefined && configModel === null) {
    // From a link or an older visit: it stays, and is this model's if it can be.
    if (!fits(config, model)) return now;
    const kept = { ...headConfigs, [model.id]: { config, budget, file: null } };
    return { config, budget, configModel: model.id, headConfigs: kept };
  }
  const kept =
    config === undefined || configModel === null
      ? headConfigs
      : { ...headConfigs, [configModel]: { config, budget, file: nameIn(now) } };
  const own = kept[model.id];
  if (own) return { config: own.config, budget: own.budget, configModel: model.id, headConfigs: kept };
  return { budget, configModel: null, headConfigs: kept };
}

/** Changes models in the settings as they are loaded. */
export function followModel(settings: SettingsStore, model: ModelStore): void {
  model.subscribe(({ model: loaded }, before) => {
    if (!loaded || loaded === before.model) return;
    const now = chosenIn(settings.getState());
    const next = chosenFor(loaded, now);
    if (next !== now) choose(settings, next);
  });
}

function nameIn({ config, configModel, headConfigs }: Chosen): string | null {
  const kept = headConfigs[configModel ?? ''];
  return kept?.config === config ? (kept?.file ?? null) : null;
}

/** The name of the file that the configuration in use came from; null where it came from none, or is not known. */
export function configFile(settings: Settings): string | null {
  return nameIn(chosenIn(settings));
}

/** Whether nothing has changed since the change that can be taken back. */
export function canUndo({ undo }: HeadConfigState, settings: Settings): boolean {
  const now = chosenIn(settings);
  return undo !== null && undo.after.config === now.config && undo.after.configModel === now.configModel;
}

/** An error of a configuration as it is said beside the file. */
export function ofFile(error: ErrorReport, file: string | null): ErrorReport {
  const name = file ?? 'The file';
  return { ...error, sentence: error.sentence.replace(/^minference: config:/, `${name}:`) };
}

export function headConfigActions(store: HeadConfigStore, settings: SettingsStore, model: ModelStore) {
  const change = (to: (before: Chosen) => Chosen): void => {
    const before = chosenIn(settings.getState());
    choose(settings, to(before));
    store.setState({ undo: { before, after: chosenIn(settings.getState()) } });
  };
  return {
    /** What a search found for a model. */
    use: (configModel: string, found: HeadConfig): void => {
      change(({ headConfigs }) => ({
        config: found.config,
        budget: found.budget,
        configModel,
        headConfigs: { ...headConfigs, [configModel]: found },
      }));
    },
    /** A file, for the model that is loaded. */
    import: (config: string, file: string): void => {
      const configModel = model.getState().model?.id ?? null;
      change(({ budget, headConfigs }) => ({
        config,
        budget,
        configModel,
        headConfigs:
          configModel === null ? headConfigs : { ...headConfigs, [configModel]: { config, budget, file } },
      }));
    },
    remove: (): void => {
      change(({ budget, configModel, headConfigs }) => ({
        budget,
        configModel: null,
        headConfigs: without(headConfigs, configModel),
      }));
    },
    /** One step: what was in use before the last change. */
    undo: (): void => {
      const { undo } = store.getState();
      if (undo && canUndo(store.getState(), settings.getState())) choose(settings, undo.before);
      store.setState({ undo: null });
    },
  };
}

export type HeadConfigActions = ReturnType<typeof headConfigActions>;
