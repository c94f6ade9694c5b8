/**
 * Questions asked one after another about one document: which finished runs belong together, what the GPU keeps of the
 * document for the next one, and when that is over.
 */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { isAbort, toReport, type ErrorReport } from '../errors';
import type { CompareRequest, CompareResult } from '../engine/types';
import type { Playground } from '../playground';
import { fingerprint } from '../storage/fingerprint';
import type { FinishedRun } from '../storage/savedRun';
import type { DocumentStore } from './document';
import { keepFields, promptOf } from './keeping';
import type { ModelStore } from './model';
import { patternRequest } from './patterns';
import { isRunning, type RunStore } from './run';
import { requestSettings, type Settings, type SettingsStore } from './settings';

/** Keys and values on the GPU: of which text, model and setup. */
export interface Kept {
  tokens: number;
  bytes: number;
  document: string;
  model: string;
  setup: string;
  /** Prompt tokens at most, as set. */
  context: number | null;
}

export interface ConversationState {
  kept: Kept | null;
  /** The question being written; it outlives a run that is cancelled or fails. */
  draft: string;
  /** Why the last question of a conversation was not answered. */
  error: { conversation: string; report: ErrorReport } | null;
  /** The field for the next question shall have the keyboard: a question that was asked there has ended, well or not. */
  refocus: boolean;
}

export type ConversationStore = StoreApi<ConversationState>;

/** Why no further question can be asked about a run: what on the page is no longer as it was. */
export type Ended = 'document' | 'model' | 'pattern' | 'context' | 'ids';

export function conversationOf({ id, conversation }: Pick<FinishedRun, 'id' | 'conversation'>): string {
  return conversation ?? id;
}

/** The runs of a run's conversation, the first question first. */
export function turnsOf(finished: readonly FinishedRun[], of: FinishedRun): FinishedRun[] {
  const wanted = conversationOf(of);
  return finished
    .filter((entry) => conversationOf(entry) === wanted)
    .toSorted((a, b) => Date.parse(a.result.date) - Date.parse(b.result.date));
}

/** What a further question must share with those before it, besides document and model. */
function setupKey({ pattern, dense }: Pick<CompareResult['request'], 'pattern' | 'dense'>): string {
  const set = Object.entries(pattern.set).toSorted(([a], [b]) => a.localeCompare(b));
  // A dense run beside dense alone would be the same run.
  return JSON.stringify([pattern.name, set, pattern.name === 'dense' || dense]);
}

function setupOnPage({ pattern, patternValues, withDense }: Settings): string {
  return setupKey({ pattern: patternRequest(pattern, patternValues[pattern]), dense: withDense });
}

/** Fingerprints the text on the page once, not at each look, and only where its length is right. */
class TextMemory {
  private last: { text: string; print: string } | null = null;

  is(text: string, print: string): boolean {
    if (!print.endsWith(`-${text.length}`)) return false;
    if (this.last?.text !== text) this.last = { text, print: fingerprint(text) };
    return this.last.print === print;
  }
}

const texts = new TextMemory();

export interface PageNow {
  text: string;
  /** Of the loaded model; null while there is none. */
  model: string | null;
  settings: Settings;
}

export function endedBy(entry: FinishedRun, { text, model, settings }: PageNow): Ended | null {
  if (entry.document === null) return 'ids';
  if (!texts.is(text, entry.document)) return 'document';
  if (entry.result.model.id !== model) return 'model';
  if (entry.context !== settings.context) return 'context';
  return setupKey(entry.result.request) === setupOnPage(settings) ? null : 'pattern';
}

interface ConversationParts {
  playground: Playground;
  run: RunStore;
  document: DocumentStore;
  model: ModelStore;
  settings: SettingsStore;
}

/** Errors that are found before anything on the GPU is touched. */
const beforehand: ReadonlySet<string> = new Set(['prompt-too-long', 'bad-document', 'bad-setting']);

export function createConversationStore(parts: ConversationParts): ConversationStore {
  const { playground, run, document, model, settings } = parts;
  const store = createStore<ConversationState>(() => ({
    kept: null,
    draft: '',
    error: null,
    refocus: false,
  }));
  // Of the run that is going on; null for a script's that is not as the page has it: what it keeps is its own.
  let started: CompareRequest | null = null;

  /** Frees what no question on this page could use any more. */
  const reconcile = (): void => {
    const { kept } = store.getState();
    if (!kept || isRunning(run.getState())) return;
    const { text } = document.getState();
    const loaded = model.getState().model?.id;
    const chosen = settings.getState();
    const usable =
      kept.document === text &&
      kept.model === loaded &&
      kept.setup === setupOnPage(chosen) &&
      kept.context === chosen.context &&
      chosen.keepCaches !== false;
    if (!usable) free();
  };
  const isOurs = ({ prompt, ...request }: CompareRequest): boolean =>
    prompt.ids === undefined &&
    prompt.document === document.getState().text &&
    (prompt.tokens ?? null) === settings.getState().context &&
    setupKey(request) === setupOnPage(settings.getState());
  const free = (): void => {
    store.setState({ kept: null });
    // A run that has just told its end is over for the playground a moment later; a worker that died has freed it already.
    Promise.resolve()
      .then(() => playground.forget())
      .catch(() => undefined);
  };
  const keep = (result: CompareResult): void => {
    const { kept } = result;
    const bytes = kept?.bytes ?? 0;
    if (!kept || bytes === 0 || !started) {
      store.setState({ kept: null });
      return;
    }
    store.setState({
      kept: {
        tokens: kept.tokens,
        bytes,
        document: started.prompt.document,
        model: result.model.id,
        setup: setupKey(result.request),
        context: started.prompt.tokens ?? null,
      },
    });
    reconcile();
  };

  /** What was wrong may be mended by it. */
  const changed = (): void => {
    if (store.getState().error) store.setState({ error: null });
    reconcile();
  };

  playground.subscribe((event) => {
    switch (event.type) {
      case 'run-started':
        started = isOurs(event.request) ? event.request : null;
        if (!started?.keepCache || started.wholePrompt) store.setState({ kept: null });
        return;
      case 'run-done':
        keep(event.result);
        return;
      case 'run-cancelled':
        reconcile();
        return;
      case 'run-failed':
        if (beforehand.has(event.error.code)) reconcile();
        else if (started) free();
        return;
      case 'load-started':
      case 'lost':
      case 'forgotten':
        store.setState({ kept: null });
        return;
      default:
    }
  });
  document.subscribe((state, before) => {
    if (state.text !== before.text) changed();
  });
  settings.subscribe(changed);
  return store;
}

interface ActionParts extends ConversationParts {
  /** Deletes a finished run. */
  remove: (id: string) => Promise<void>;
}

export function conversationActions(store: ConversationStore, parts: ActionParts) {
  const { playground, run, document, model, settings } = parts;
  return {
    write: (draft: string): void => {
      store.setState({ draft, error: null });
    },
    focused: (): void => {
      store.setState({ refocus: false });
    },
    dismissError: (): void => {
      store.setState({ error: null });
    },
    /** Asks what was written about the document of a finished run, from what is kept of it. */
    async ask(id: string): Promise<void> {
      const entry = run.getState().finished.find((other) => other.id === id);
      const question = store.getState().draft.trim();
      if (!entry || question === '' || isRunning(run.getState())) return;
      const chosen = settings.getState();
      const { adapter, model: loaded } = model.getState();
      const { text } = document.getState();
      if (endedBy(entry, { text, model: loaded?.id ?? null, settings: chosen }) !== null) return;
      store.setState({ error: null });
      run.setState({ following: { run: id, conversation: conversationOf(entry) } });
      try {
        await playground.compare({
          ...requestSettings(chosen),
          ...keepFields(chosen, adapter, loaded),
          prompt: promptOf(text, question, chosen),
        });
        store.setState({ draft: '' });
      } catch (error) {
        if (!isAbort(error))
          store.setState({ error: { conversation: conversationOf(entry), report: toReport(error) } });
      } finally {
        run.setState({ following: null });
        store.setState({ refocus: true });
      }
    },
    /** Frees the document's keys and values; the next question reads it all again. */
    forget: async (): Promise<void> => {
      if (!isRunning(run.getState())) await playground.forget();
    },
    /** Deletes a turn with its run; one that is on screen makes room for its neighbour. */
    async removeTurn(id: string): Promise<void> {
      const { finished, shown } = run.getState();
      const entry = finished.find((other) => other.id === id);
      if (!entry) return;
      const turns = turnsOf(finished, entry);
      const at = turns.indexOf(entry);
      const neighbour = turns[at - 1] ?? turns[at + 1];
      if (shown === id && neighbour) run.setState({ shown: neighbour.id, beside: null });
      await parts.remove(id);
    },
  };
}
