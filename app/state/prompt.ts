/** Tokens of the prompt and the memory a run of it needs, kept up to date in the worker while a person types. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { isAbort, toReport, type ErrorReport } from '../errors';
import type { MemoryPlan, PromptRequest } from '../engine/types';
import type { Playground } from '../playground';
import type { DocumentStore } from './document';
import { promptOf } from './keeping';
import type { ModelStore } from './model';
import { inPageWords, settingsRefusal } from './refusals';
import { requestSettings, type SettingsStore } from './settings';

export interface PromptState {
  /** Tokens of the document alone and of the prompt after truncation; null while unknown. */
  count: { document: number; prompt: number; truncated: boolean } | null;
  /** A count is under way: what is here is of the prompt before. */
  counting: boolean;
  plan: MemoryPlan | null;
  /** Why it cannot be counted or planned as things stand. */
  error: ErrorReport | null;
}

export type PromptStore = StoreApi<PromptState>;

/** A pause of typing before the count; long texts wait longer, as the first count of each reads it whole. */
function countDelayMs(newCharacters: number): number {
  return Math.min(1_500, 250 + newCharacters / 2_000);
}

/** Beyond this a text is counted by its edges: more than any prompt holds, and small enough to copy unnoticed. */
const countedWhole = 2 ** 24;

/** Counts without copying 100 MB to the worker at every key; null if the edges alone would fit, which then say nothing. */
async function countEdges(playground: Playground, prompt: PromptRequest, signal: AbortSignal) {
  const { document } = prompt;
  const edge = countedWhole / 2;
  const edges = document.slice(0, edge) + document.slice(-edge);
  const counted = await playground.count({ ...prompt, document: edges }, signal);
  return counted.truncated ? counted : null;
}

const nothing: PromptState = { count: null, counting: false, plan: null, error: null };

export function createPromptStore(
  playground: Playground,
  document: DocumentStore,
  model: ModelStore,
  settings: SettingsStore,
): PromptStore {
  const store = createStore<PromptState>(() => nothing);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let controller = new AbortController();
  /** The document counted last: the worker keeps its tokens, with most tokenizers, and counts what follows it anew. */
  let known: string | null = null;

  const update = async (signal: AbortSignal): Promise<void> => {
    const { text, question } = document.getState();
    const chosen = settings.getState();
    try {
      const prompt = promptOf(text, question, chosen);
      const edges = text.length > countedWhole ? await countEdges(playground, prompt, signal) : null;
      const counted = edges ?? (await playground.count(prompt, signal));
      if (signal.aborted) return;
      known = edges ? null : text;
      const count = { document: counted.document, prompt: counted.prompt, truncated: counted.truncated };
      const refused = settingsRefusal(chosen);
      if (refused) {
        store.setState({ count, plan: null, counting: false, error: refused });
        return;
      }
      const request = requestSettings(chosen);
      const plan = await playground.plan(count.prompt, request.maxNewTokens, request, signal);
      // Together: a new count beside the plan of the prompt before would be read as one.
      if (!signal.aborted) store.setState({ count, plan, counting: false, error: null });
    } catch (error) {
      if (signal.aborted || isAbort(error)) return;
      store.setState({ ...nothing, error: inPageWords(toReport(error), chosen.pattern) });
    }
  };

  const schedule = (): void => {
    controller.abort();
    clearTimeout(timer);
    const { text } = document.getState();
    if (!model.getState().model || text.trim() === '') {
      store.setState(nothing);
      return;
    }
    controller = new AbortController();
    const { signal } = controller;
    store.setState({ counting: true });
    timer = setTimeout(() => void update(signal), countDelayMs(text === known ? 0 : text.length));
  };

  document.subscribe((state, before) => {
    if (state.text !== before.text || state.question !== before.question) schedule();
  });
  model.subscribe((state, before) => {
    if (state.model === before.model) return;
    known = null;
    schedule();
  });
  settings.subscribe((state, before) => {
    const relevant = ['context', 'newTokens', 'pattern', 'patternValues', 'withDense', 'keepCaches'] as const;
    if (relevant.some((name) => state[name] !== before[name])) schedule();
  });
  return store;
}
