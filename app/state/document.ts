/** The document and its question. The text may be many megabytes: the page reads its size and edges, never all of it. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { UserError, toReport, type ErrorReport } from '../errors';
import { readTextFile } from '../documents/readTextFile';
import { generateSample, type SampleKind } from '../documents/samples';
import type { KeyValue } from './settings';

export interface Content {
  title: string;
  text: string;
  question: string;
  /** The planted answer of a sample, until its text or question is changed. */
  expected: string | null;
}

export interface DocumentState extends Content {
  /** Goes up when the text was replaced from outside the text field, which must then be filled anew. */
  revision: number;
  reading: string | null;
  error: ErrorReport | null;
  /** What a clear took away. */
  cleared: Content | null;
}

export type DocumentStore = StoreApi<DocumentState>;

const key = 'minference.document';
/** Session storage holds about 5 million characters an origin. */
const maxKept = 2_000_000;
const empty: Content = { title: '', text: '', question: '', expected: null };

export function createDocumentStore(storage: KeyValue | null): DocumentStore {
  const store = createStore<DocumentState>(() => ({
    ...empty,
    ...restored(storage),
    revision: 0,
    reading: null,
    error: null,
    cleared: null,
  }));
  let timer: ReturnType<typeof setTimeout> | undefined;
  store.subscribe((state, before) => {
    if (state.text === before.text && state.question === before.question) return;
    clearTimeout(timer);
    timer = setTimeout(() => {
      keep(storage, store.getState());
    }, 400);
  });
  return store;
}

function keep(storage: KeyValue | null, { title, text, question, expected }: Content): void {
  try {
    if (text.length + question.length > maxKept) storage?.removeItem(key);
    else storage?.setItem(key, JSON.stringify({ title, text, question, expected }));
  } catch {
    // Full or forbidden: the document lives as long as the page.
  }
}

function restored(storage: KeyValue | null): Partial<Content> {
  try {
    const kept = JSON.parse(storage?.getItem(key) ?? 'null') as Partial<
      Record<keyof Content, unknown>
    > | null;
    if (typeof kept?.text !== 'string' || typeof kept.question !== 'string') return {};
    return {
      title: typeof kept.title === 'string' ? kept.title : '',
      text: kept.text,
      question: kept.question,
      expected: typeof kept.expected === 'string' ? kept.expected : null,
    };
  } catch {
    return {};
  }
}

export function documentActions(store: DocumentStore) {
  const replace = (content: Partial<Content>): void => {
    store.setState((state) => ({
      ...empty,
      question: state.question,
      ...content,
      revision: state.revision + 1,
      error: null,
      cleared: null,
    }));
  };
  return {
    replace,
    /** Typed in the text field, which already shows it. */
    type(text: string): void {
      store.setState({ text, expected: null, error: null, cleared: null });
    },
    ask(question: string): void {
      store.setState({ question, expected: null });
    },
    openSample(kind: SampleKind, tokens: number, seed: number): void {
      const { title, text, question, answer } = generateSample(kind, { tokens, seed });
      replace({ title, text, question, expected: answer });
    },
    async openFile(file: File): Promise<void> {
      store.setState({ reading: file.name, error: null });
      try {
        replace(await readTextFile(file));
      } catch (error) {
        store.setState({ error: toReport(error) });
      } finally {
        store.setState({ reading: null });
      }
    },
    clear: (): void => {
      const { title, text, question, expected } = store.getState();
      replace({ question: '' });
      store.setState({ cleared: { title, text, question, expected } });
    },
    undoClear: (): void => {
      const { cleared } = store.getState();
      if (cleared) replace(cleared);
    },
    dismissError: (): void => {
      store.setState({ error: null });
    },
  };
}

/** Refuses what cannot be run before anything starts. */
export function checkContent({ text, question }: Content): UserError | null {
  if (text.trim() === '') {
    return new UserError('bad-document', 'There is no document yet.', 'Paste or drop one, or take a sample.');
  }
  if (question.trim() === '') {
    return new UserError('bad-document', 'There is no question yet.', 'Ask something about the document.');
  }
  return null;
}
