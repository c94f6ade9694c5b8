/** Measures by head of finished runs, asked for after the run, so that its times are untouched. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { isAbort, toReport, UserError, type ErrorReport } from '../errors';
import type { CompareResult, HeadReport, PromptRequest } from '../engine/types';
import type { Playground } from '../playground';
import type { ModelStore } from './model';
import type { RunStore } from './run';

export interface HeadsState {
  /** Of runs of this visit, with maps, by their result as it is once measured. */
  reports: ReadonlyMap<CompareResult, HeadReport>;
  /** What is being measured, and the share of it that is done. */
  measuring: { result: CompareResult; fraction: number } | null;
  error: { result: CompareResult; report: ErrorReport } | null;
}

export type HeadsStore = StoreApi<HeadsState>;

export function createHeadsStore(): HeadsStore {
  return createStore<HeadsState>(() => ({ reports: new Map(), measuring: null, error: null }));
}

export function headsActions(store: HeadsStore, playground: Playground, model: ModelStore, run: RunStore) {
  // Results do not hold their document; it lives as long as they do.
  const prompts = new WeakMap<CompareResult, PromptRequest>();
  let started: PromptRequest | null = null;
  playground.subscribe((event) => {
    if (event.type === 'run-started') started = event.request.prompt;
    if (event.type === 'run-done' && started) prompts.set(event.result, started);
  });

  async function measure(result: CompareResult, prompt: PromptRequest): Promise<void> {
    const loaded = model.getState().model?.id;
    if (loaded !== result.model.id) {
      throw new UserError(
        'bad-setting',
        `This run was of ${result.model.id}, which is not loaded.`,
        'Load that model again, then measure.',
      );
    }
    const heads = await playground.measureHeads(
      { prompt, pattern: result.request.pattern, maps: true },
      {
        onProgress: ({ fraction }) => {
          store.setState({ measuring: { result, fraction } });
        },
      },
    );
    // The figures are the run's from now on, in history and files; its maps are too large for either.
    const { maps: _, ...figures } = heads;
    const measured: CompareResult = { ...result, heads: figures };
    prompts.set(measured, prompt);
    store.setState(({ reports }) => ({ reports: new Map(reports).set(measured, heads) }));
    run.setState(({ finished }) => ({
      finished: finished.map((entry) => (entry.result === result ? { ...entry, result: measured } : entry)),
    }));
  }

  return {
    /** Whether the run's document is still at hand: it is not kept with runs of earlier visits. */
    canMeasure: (result: CompareResult): boolean => prompts.has(result),
    /** The document of a run of this visit; null of others, and of prompts that were token ids. */
    documentOf: (result: CompareResult): string | null => {
      const prompt = prompts.get(result);
      return prompt && prompt.ids === undefined ? prompt.document : null;
    },
    async measure(result: CompareResult): Promise<void> {
      const prompt = prompts.get(result);
      if (!prompt || store.getState().measuring) return;
      store.setState({ measuring: { result, fraction: 0 }, error: null });
      try {
        await measure(result, prompt);
      } catch (error) {
        if (!isAbort(error)) store.setState({ error: { result, report: toReport(error) } });
      } finally {
        store.setState({ measuring: null });
      }
    },
    cancel: (): void => {
      if (store.getState().measuring) playground.cancel();
    },
    dismissError: (): void => {
      store.setState({ error: null });
    },
  };
}
