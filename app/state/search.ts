/** The search for budgets by head: its progress, and what it found for each model, kept in this browser. */
import * as v from 'valibot';
import { createStore, type StoreApi } from 'zustand/vanilla';
import { isAbort, toReport, type ErrorReport } from '../errors';
import type { HeadSearchReport } from '../engine/types';
import type { Playground } from '../playground';
import type { DocumentStore } from './document';
import type { ModelStore } from './model';
import { RateMeter } from './rate';
import type { HeadConfigActions } from './headConfigs';
import type { KeyValue, SettingsStore } from './settings';

const Found = v.object({
  model: v.string(),
  date: v.string(),
  tokens: v.number(),
  density: v.number(),
  budget: v.picklist(['classic', 'scaled']),
  meanRecall: v.number(),
  meanDensity: v.number(),
  unmetHeads: v.number(),
  chosen: v.record(v.string(), v.number()),
  config: v.string(),
});

/** What a search found, and when (ISO 8601). */
export type FoundHeads = HeadSearchReport & { date: string };

export interface SearchState {
  /** Share of the work done; null while no search runs. */
  fraction: number | null;
  /** Seconds to go; null until known. */
  etaSeconds: number | null;
  error: ErrorReport | null;
  /** By model. */
  found: Readonly<Record<string, FoundHeads>>;
}

export type SearchStore = StoreApi<SearchState>;

const key = 'minference.heads';
/** Passes build kernels before they compute: a short window would take that for a stall. */
const rateWindowMs = 30_000;

export function createSearchStore(storage: KeyValue | null): SearchStore {
  const store = createStore<SearchState>(() => ({
    fraction: null,
    etaSeconds: null,
    error: null,
    found: read(storage),
  }));
  store.subscribe(({ found }, before) => {
    if (found === before.found) return;
    try {
      storage?.setItem(key, JSON.stringify(found));
    } catch {
      // Full or forbidden: it holds for this visit.
    }
  });
  return store;
}

function read(storage: KeyValue | null): SearchState['found'] {
  try {
    const stored = v.parse(v.record(v.string(), v.unknown()), JSON.parse(storage?.getItem(key) ?? '{}'));
    // One that does not fit, as of an older page, is left out alone.
    return Object.fromEntries(
      Object.entries(stored).flatMap(([model, found]) => {
        const parsed = v.safeParse(Found, found);
        return parsed.success ? [[model, parsed.output]] : [];
      }),
    );
  } catch {
    return {};
  }
}

export interface SearchParts {
  playground: Pick<Playground, 'searchHeads' | 'cancel'>;
  document: DocumentStore;
  model: ModelStore;
  settings: SettingsStore;
  configs: Pick<HeadConfigActions, 'use'>;
  now?: () => Date;
  /** Milliseconds of a steady clock. */
  clock?: () => number;
}

export function searchActions(store: SearchStore, parts: SearchParts) {
  const { playground, document, model, settings, configs } = parts;
  const now = parts.now ?? (() => new Date());
  const meter = new RateMeter(parts.clock ?? (() => performance.now()), rateWindowMs);
  const apply = ({ model: of, config, budget }: FoundHeads): void => {
    configs.use(of, { config, budget: budget === 'classic' ? null : budget, file: null });
  };
  return {
    /** Searches on the document at hand with the loaded model, keeps what it finds and uses it. */
    search: async (density: number): Promise<void> => {
      if (store.getState().fraction !== null) return;
      const { text, question } = document.getState();
      const { context } = settings.getState();
      store.setState({ fraction: 0, etaSeconds: null, error: null });
      meter.reset();
      meter.read({ loaded: 0, total: 1 });
      try {
        const report = await playground.searchHeads(
          {
            prompt: { document: text, question, ...(context !== null && { tokens: context }) },
            density,
            budget: 'scaled',
          },
          (fraction) => {
            const { etaSeconds } = meter.read({ loaded: fraction, total: 1 });
            store.setState({ fraction, etaSeconds });
          },
        );
        const found = { ...report, date: now().toISOString() };
        store.setState(({ found: before }) => ({ found: { ...before, [report.model]: found } }));
        apply(found);
      } catch (error) {
        if (!isAbort(error)) store.setState({ error: toReport(error) });
      } finally {
        store.setState({ fraction: null, etaSeconds: null });
      }
    },
    cancel: (): void => {
      if (store.getState().fraction !== null) playground.cancel();
    },
    dismissError: (): void => {
      store.setState({ error: null });
    },
    /** What was found for the loaded model before. */
    apply: (): void => {
      const found = store.getState().found[model.getState().model?.id ?? ''];
      if (found) apply(found);
    },
  };
}
