/** Finished runs beyond the visit: kept in this browser, named, pinned, deleted, exported, imported and replayed. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { UserError } from '../errors';
import { fingerprint } from '../storage/fingerprint';
import type { RunStorage } from '../storage/runs';
import type { FinishedRun } from '../storage/savedRun';
import type { DocumentStore } from './document';
import type { ModelStore } from './model';
import { newRunId, type RunStore } from './run';
import { settingsOfSetup, setupOfRun } from './setup';
import type { SettingsStore } from './settings';
import type { ToastActions } from './toasts';

export interface HistoryState {
  /** Whether runs outlive the visit: unknown at first, then as the browser allows. */
  kept: 'opening' | 'yes' | 'no';
}

export type HistoryStore = StoreApi<HistoryState>;

export interface HistoryParts {
  run: RunStore;
  document: DocumentStore;
  model: ModelStore;
  settings: SettingsStore;
  toasts: ToastActions;
  replaceDocument: (content: {
    title: string;
    text: string;
    question: string;
    expected: string | null;
  }) => void;
  startRun: () => Promise<void>;
  /** null where nothing may be kept. */
  openStorage: (() => Promise<RunStorage>) | null;
}

/** Larger files are not of this page. */
const largestFile = 100 * 2 ** 20;

export function createHistoryStore(): HistoryStore {
  return createStore<HistoryState>(() => ({ kept: 'opening' }));
}

export function historyActions(store: HistoryStore, parts: HistoryParts) {
  const { run, document, model, settings, toasts } = parts;
  const keeper = new Keeper(parts);

  const patch = (id: string, change: Partial<FinishedRun>): void => {
    run.setState(({ finished }) => ({
      finished: finished.map((entry) => (entry.id === id ? { ...entry, ...change } : entry)),
    }));
  };

  const remove = async (gone: readonly FinishedRun[], text: string): Promise<void> => {
    const ids = new Set(gone.map(({ id }) => id));
    const documents = await keeper.documents(gone);
    run.setState(({ finished, shown, beside }) => ({
      finished: finished.filter(({ id }) => !ids.has(id)),
      shown: shown !== null && ids.has(shown) ? null : shown,
      beside: beside !== null && ids.has(beside) ? null : beside,
    }));
    await keeper.prune();
    toasts.say(text, {
      label: 'Undo',
      perform: () => {
        run.setState(({ finished }) => ({ finished: merged(finished, gone) }));
        void keeper.putDocuments(documents);
      },
    });
  };

  /** The document of a run: kept with it, or the one on the page if it is the same. */
  const documentOf = async (entry: FinishedRun): Promise<string | null> => {
    if (entry.document === null) return null;
    const { text } = document.getState();
    if (fingerprint(text) === entry.document) return text;
    return (await keeper.documents([entry])).get(entry.document) ?? null;
  };

  return {
    /** Reads what earlier visits have kept. */
    async open(): Promise<void> {
      const { runs, unreadable, kept } = await keeper.open();
      run.setState(({ finished }) => ({ finished: merged(finished, runs) }));
      store.setState({ kept: kept ? 'yes' : 'no' });
      if (unreadable > 0)
        toasts.say(
          `${unreadable} kept ${unreadable === 1 ? 'run is' : 'runs are'} of another version and not shown.`,
        );
    },
    rename: (id: string, name: string): void => {
      patch(id, { name: name.trim() });
    },
    pin: (id: string, pinned: boolean): void => {
      patch(id, { pinned });
    },
    async remove(id: string): Promise<void> {
      const gone = run.getState().finished.filter((entry) => entry.id === id);
      if (gone.length > 0) await remove(gone, 'Run deleted.');
    },
    /** All that are not pinned. */
    async clear(): Promise<void> {
      const gone = run.getState().finished.filter((entry) => !entry.pinned);
      if (gone.length > 0)
        await remove(gone, `${gone.length} ${gone.length === 1 ? 'run' : 'runs'} deleted.`);
    },
    async import(file: File): Promise<void> {
      try {
        if (file.size > largestFile)
          throw new UserError(
            'bad-document',
            `${file.name} is too large to hold runs.`,
            'Choose another file.',
          );
        const { parseRunsFile } = await import('../storage/savedRun');
        const runs = parseRunsFile(await file.text(), newRunId);
        const { finished } = run.getState();
        const all = merged(finished, runs);
        const added = all.length - finished.length;
        // One that is here already was asked for too.
        const first = runs.find((entry) => !finished.some(({ id }) => id === entry.id)) ?? runs[0];
        run.setState({ finished: all, ...(first && { shown: first.id, beside: null }) });
        const here = runs.length - added;
        toasts.say(
          `${added} ${added === 1 ? 'run' : 'runs'} imported${here > 0 ? `; ${here} already here` : ''}.`,
        );
      } catch (error) {
        toasts.sayError(error);
      }
    },
    documentOf,
    /** Fills in what a run was made with and, where document and model are at hand, runs it again. */
    async replay(id: string): Promise<void> {
      const entry = run.getState().finished.find((other) => other.id === id);
      if (!entry) return;
      const { question } = entry.result.request;
      try {
        settings.setState(settingsOfSetup(setupOfRun(entry), settings.getState(), entry.result.model.id));
      } catch (error) {
        toasts.sayError(error);
        return;
      }
      const text = await documentOf(entry);
      if (text !== null) {
        const { title, expected } = entry;
        parts.replaceDocument({ title, text, question, expected });
      } else {
        document.setState({ question, expected: null });
        toasts.say(
          `Settings and question are filled in. The document${entry.title === '' ? '' : ` “${entry.title}”`} is not kept: open it, then run.`,
        );
        return;
      }
      const loaded = model.getState().model?.id;
      if (loaded === entry.result.model.id) await parts.startRun();
      else
        toasts.say(
          `Everything is filled in. This run was of the model ${entry.result.model.id}${loaded === undefined ? '' : `, not ${loaded}`}: load it, then run.`,
        );
    },
    async forgetDocuments(): Promise<void> {
      await keeper.forgetDocuments();
      toasts.say('Kept documents are deleted. Runs stay.');
    },
  };
}

/** Newest first; what is there already stays as it is. */
function merged(finished: readonly FinishedRun[], more: readonly FinishedRun[]): FinishedRun[] {
  const all = new Map([...more, ...finished].map((entry) => [entry.id, entry]));
  return [...all.values()].toSorted((a, b) => Date.parse(b.result.date) - Date.parse(a.result.date));
}

/** Writes what changes in the list of finished runs to storage, one write after the other. */
class Keeper {
  private storage: RunStorage | null = null;
  /** As storage has them. */
  private stored = new Map<string, FinishedRun>();
  private writing: Promise<void> = Promise.resolve();
  private refused = false;

  constructor(private readonly parts: HistoryParts) {
    parts.run.subscribe((state, before) => {
      if (state.finished === before.finished) return;
      const [newest] = state.finished;
      const text = before.active?.document;
      const ended = before.active !== null && state.active === null;
      if (ended && newest?.document && typeof text === 'string' && parts.settings.getState().keepDocuments)
        void this.putDocuments(new Map([[newest.document, text]]));
      this.write();
    });
  }

  async open(): Promise<{ runs: FinishedRun[]; unreadable: number; kept: boolean }> {
    const { openStorage } = this.parts;
    if (!openStorage) return { runs: [], unreadable: 0, kept: false };
    try {
      const [storage, { readSavedRun }] = await Promise.all([openStorage(), import('../storage/savedRun')]);
      const read = (await storage.all()).map(readSavedRun);
      const runs = read.filter((entry) => entry !== null);
      this.storage = storage;
      this.stored = new Map(runs.map((entry) => [entry.id, entry]));
      const unreadable = read.length - runs.length;
      // Runs that cannot be read may still own their documents.
      if (unreadable === 0) await storage.pruneDocuments(documentsOf(runs));
      this.write();
      return { runs, unreadable, kept: true };
    } catch {
      // Forbidden, as in some private windows: runs last for the visit.
      return { runs: [], unreadable: 0, kept: false };
    }
  }

  async documents(runs: readonly FinishedRun[]): Promise<Map<string, string>> {
    const found = new Map<string, string>();
    for (const key of documentsOf(runs)) {
      const text = await this.storage?.document(key).catch(() => undefined);
      if (text !== undefined) found.set(key, text);
    }
    return found;
  }

  putDocuments(documents: ReadonlyMap<string, string>): Promise<void> {
    return this.queue(async (storage) => {
      for (const [key, text] of documents) await storage.putDocument(key, text);
    });
  }

  prune(): Promise<void> {
    return this.queue((storage) => storage.pruneDocuments(documentsOf(this.parts.run.getState().finished)));
  }

  forgetDocuments(): Promise<void> {
    return this.queue((storage) => storage.pruneDocuments(new Set()));
  }

  private write(): void {
    void this.queue(async (storage) => {
      const { finished } = this.parts.run.getState();
      const now = new Map(finished.map((entry) => [entry.id, entry]));
      const changed = finished.filter((entry) => this.stored.get(entry.id) !== entry);
      const gone = [...this.stored.keys()].filter((id) => !now.has(id));
      if (changed.length > 0) await storage.put(changed);
      if (gone.length > 0) await storage.remove(gone);
      this.stored = now;
    });
  }

  private queue(work: (storage: RunStorage) => Promise<void>): Promise<void> {
    this.writing = this.writing.then(async () => {
      if (!this.storage) return;
      try {
        await work(this.storage);
        this.refused = false;
      } catch (error) {
        if (!this.refused) this.parts.toasts.sayError(refusal(error));
        this.refused = true;
      }
    });
    return this.writing;
  }
}

function documentsOf(runs: readonly FinishedRun[]): Set<string> {
  return new Set(runs.map((entry) => entry.document).filter((key) => key !== null));
}

function refusal(error: unknown): UserError {
  return new UserError(
    'storage-full',
    'This browser would not keep the run.',
    'It stays until the tab is closed: export it, or delete old runs and models to make room.',
    String(error),
  );
}
