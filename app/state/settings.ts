/** What a person chose, kept in this browser. A value that no longer fits falls back alone, not with its neighbours. */
import * as v from 'valibot';
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { CompareRequest } from '../engine/types';
import { patternRequest, patterns, type SettingValue } from './patterns';

const names = patterns.map((pattern) => pattern.name);

const HeadConfigSchema = v.object({
  config: v.string(),
  /** null: as at first. */
  budget: v.nullable(v.picklist(['classic', 'scaled'])),
  /** The file that it came from; null of a search. */
  file: v.nullable(v.string()),
});

/** MInference's configuration by head, and what its sizes mean. */
export type HeadConfig = v.InferOutput<typeof HeadConfigSchema>;

const schema = v.object({
  theme: v.fallback(v.picklist(['auto', 'light', 'dark']), 'auto'),
  pattern: v.fallback(v.picklist(names), 'adaptive'),
  /** Values that were set, by pattern. */
  patternValues: v.fallback(
    v.record(v.string(), v.record(v.string(), v.union([v.string(), v.number(), v.boolean()]))),
    {},
  ),
  /** The model that the configuration by head is for; null: none is used, or it is not known. */
  configModel: v.fallback(v.nullable(v.string()), null),
  /** The last configuration by head of each model. */
  headConfigs: v.fallback(v.record(v.string(), HeadConfigSchema), {}),
  /** Prompt tokens at most; null is as many as the model takes. */
  context: v.fallback(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(1))), null),
  newTokens: v.fallback(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(8_192)), 24),
  temperature: v.fallback(v.pipe(v.number(), v.minValue(0), v.maxValue(10)), 0),
  topP: v.fallback(v.pipe(v.number(), v.minValue(0.01), v.maxValue(1)), 1),
  seed: v.fallback(v.pipe(v.number(), v.integer(), v.minValue(0)), 0),
  order: v.fallback(v.picklist(['dense-first', 'sparse-first']), 'dense-first'),
  /** Run dense too; without it there is nothing to compare, but it may be projected. */
  withDense: v.fallback(v.union([v.boolean(), v.literal('projected')]), true),
  /** GiB of GPU memory, which no browser tells; null until stated. */
  gpuMemory: v.fallback(v.nullable(v.pipe(v.number(), v.minValue(0.25), v.maxValue(4_096))), null),
  /** Keep keys and values for further questions; null: where memory is known to be enough. */
  keepCaches: v.fallback(v.nullable(v.boolean()), null),
  /** Keep Hub models on this machine; without it they are streamed into GPU memory each time. */
  keepModels: v.fallback(v.boolean(), true),
  /** Tokens of a sample; null until chosen, then a size that suits the adapter. */
  sampleTokens: v.fallback(v.nullable(v.pipe(v.number(), v.integer(), v.minValue(100))), null),
  /** Power while a run goes on, for the estimate of energy; null: not stated. */
  watts: v.fallback(v.nullable(v.pipe(v.number(), v.minValue(0.1), v.maxValue(100_000))), null),
  /** Grams of CO2 per kilowatt hour; null: not stated. */
  gridIntensity: v.fallback(v.nullable(v.pipe(v.number(), v.minValue(0), v.maxValue(5_000))), null),
  /** Keep the document with each run, so that a replay brings it back. */
  keepDocuments: v.fallback(v.boolean(), false),
  /** Shortcuts of one character; speech input and shaky hands may want none (WCAG 2.1.4). */
  singleKeys: v.fallback(v.boolean(), true),
});

export type Settings = v.InferOutput<typeof schema>;
export type Theme = Settings['theme'];
export type SettingsStore = StoreApi<Settings>;

/** As `localStorage`; absent or refusing storage only means that nothing is kept. */
export type KeyValue = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

const key = 'minference.settings';

export function defaultSettings(): Settings {
  return v.parse(schema, Object.fromEntries(Object.keys(schema.entries).map((name) => [name, undefined])));
}

export function createSettingsStore(storage: KeyValue | null): SettingsStore {
  const store = createStore<Settings>(() => ({ ...defaultSettings(), ...read(storage) }));
  store.subscribe((settings) => {
    try {
      storage?.setItem(key, JSON.stringify(withoutUnreadable(settings)));
    } catch {
      // Full or forbidden: the settings hold for this visit.
    }
  });
  return store;
}

/** Of any record: a value that fits is taken, any other is as at first. */
export function fittingSettings(values: object): Settings {
  return v.parse(schema, { ...defaultSettings(), ...values });
}

function read(storage: KeyValue | null): Partial<Settings> {
  try {
    const stored: unknown = JSON.parse(storage?.getItem(key) ?? 'null');
    return fittingSettings(stored as object);
  } catch {
    return {};
  }
}

/** Sets or, with undefined, forgets one parameter of a pattern. */
export function setPatternValue(
  store: SettingsStore,
  pattern: string,
  name: string,
  value: SettingValue | undefined,
): void {
  store.setState(({ patternValues }) => {
    const { [name]: _, ...others } = patternValues[pattern] ?? {};
    const next = value === undefined ? others : { ...others, [name]: value };
    return { patternValues: { ...patternValues, [pattern]: next } };
  });
}

/**
 * A field whose text is no number sets NaN, so that nothing runs with it. The text is the field's alone, so elsewhere it
 * is as if nothing stood there.
 */
export function withoutUnreadable(settings: Settings): Settings {
  const patternValues = Object.entries(settings.patternValues).map(([pattern, values]) => [
    pattern,
    Object.fromEntries(Object.entries(values).filter(([, value]) => !Number.isNaN(value))),
  ]);
  return { ...settings, patternValues: Object.fromEntries(patternValues) as Settings['patternValues'] };
}

/** The part of a request that settings decide. */
export function requestSettings(settings: Settings): Omit<CompareRequest, 'prompt'> {
  const { pattern, patternValues, newTokens, temperature, topP, seed, order, withDense } = settings;
  return {
    pattern: patternRequest(pattern, patternValues[pattern]),
    maxNewTokens: newTokens,
    sampling: { temperature, topP, seed },
    order,
    dense: withDense,
  };
}
