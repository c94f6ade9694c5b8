/** The document and its question. The text may be many megabytes: the page reads its size and edges, never all of it. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { UserError, isAbort, toReport, type ErrorReport } from '../errors';
import { compose, fileText, titleOf, type DocumentFile, type Part } from '../documents/compose';
import { readDocument } from '../documents/readDocument';
import {
  generateSample,
  generateSampleInSlices,
  type Sample,
  type SampleKind,
  type SampleQuestion,
} from '../documents/samples';
import type { KeyValue } from './settings';
import type { ToastActions } from './toasts';

export interface Content {
  title: string;
  text: string;
  question: string;
  /** The planted answer of a sample, until its text or question is changed. */
  expected: string | null;
  /** What can be asked about a sample, with the answers; empty once the text was changed, and for other documents. */
  questions: readonly SampleQuestion[];
  /** The files that the text came from; empty for what was pasted, typed or made. */
  files: readonly DocumentFile[];
  /** The text was changed by hand since: the places of the files in it are no longer known. */
  edited: boolean;
}

/** A reading under way. */
export interface ReadingState {
  name: string;
  /** Counted from 1. */
  number: number;
  total: number;
  /** Share of this file, 0 to 1. */
  fraction: number;
}

export interface DocumentState extends Content {
  /** Goes up when the text was replaced from outside the text field, which must then be filled anew. */
  revision: number;
  reading: ReadingState | null;
  /** A long sample is being made. */
  making: boolean;
  error: ErrorReport | null;
  /** What a clear or the removal of a file took away. */
  cleared: { what: string; content: Content } | null;
}

export type DocumentStore = StoreApi<DocumentState>;

const key = 'minference.document';
/** Session storage holds about 5 million characters an origin. */
const maxKept = 2_000_000;
const empty: Content = {
  title: '',
  text: '',
  question: '',
  expected: null,
  questions: [],
  files: [],
  edited: false,
};
/** Up to this many tokens a sample is made in a few milliseconds. */
const quickSample = 40_000;

export function createDocumentStore(storage: KeyValue | null): DocumentStore {
  const store = createStore<DocumentState>(() => ({
    ...empty,
    ...restored(storage),
    revision: 0,
    reading: null,
    making: false,
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

function contentOf({ title, text, question, expected, questions, files, edited }: Content): Content {
  return { title, text, question, expected, questions, files, edited };
}

function keep(storage: KeyValue | null, content: Content): void {
  try {
    if (content.text.length + content.question.length > maxKept) storage?.removeItem(key);
    else storage?.setItem(key, JSON.stringify(contentOf(content)));
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
      // Written by this page in this tab; what an older page wrote has no files.
      questions: Array.isArray(kept.questions) ? (kept.questions as SampleQuestion[]) : [],
      files: Array.isArray(kept.files) ? (kept.files as DocumentFile[]) : [],
      edited: kept.edited === true,
    };
  } catch {
    return {};
  }
}

export function documentActions(store: DocumentStore, toasts: Pick<ToastActions, 'say'>) {
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
  /** As `replace`, with the way back to a text that stood there; one sample in the place of another is no loss. */
  const replaceAloud = (content: Partial<Content>): void => {
    const before = contentOf(store.getState());
    replace(content);
    if (before.text.trim() === '' || (before.expected !== null && content.expected !== undefined)) return;
    const name = content.title === undefined || content.title === '' ? 'Another text' : content.title;
    toasts.say(`${name} took the place of ${before.title === '' ? 'your text' : before.title}.`, {
      label: 'Undo',
      perform: () => {
        replace(before);
      },
    });
  };
  let reading: AbortController | null = null;
  const cancelReading = (): void => reading?.abort();

  const openFiles = async (files: readonly File[], { add = false } = {}): Promise<void> => {
    cancelReading();
    const controller = new AbortController();
    reading = controller;
    const { signal } = controller;
    store.setState({ making: false, error: null });
    try {
      const { read, failed } = await readAll(files, signal, (progress) => {
        store.setState({ reading: progress });
      });
      if (read.length > 0) {
        const parts = add ? [...partsOf(store.getState()), ...read] : read;
        const content = { ...compose(parts), title: titleOf(parts.map(({ file }) => file.name)) };
        if (add) replace(content);
        else replaceAloud(content);
      }
      store.setState({ error: failureOf(failed, files.length) });
    } catch (error) {
      // Cancelled by a person, or by the next reading, whose words must stand.
      if (!isAbort(error)) store.setState({ error: toReport(error) });
    } finally {
      if (reading === controller) {
        reading = null;
        store.setState({ reading: null });
      }
    }
  };

  const showSample = ({ title, text, question, answer, questions }: Sample): void => {
    replaceAloud({ title, text, question, expected: answer, questions });
  };
  /** At once where that takes milliseconds, else beside what the page does; opening anything else ends it. */
  const openSample = async (kind: SampleKind, tokens: number, seed: number): Promise<void> => {
    cancelReading();
    if (tokens <= quickSample) {
      showSample(generateSample(kind, { tokens, seed }));
      return;
    }
    const controller = new AbortController();
    reading = controller;
    store.setState({ making: true, error: null });
    try {
      showSample(await generateSampleInSlices(kind, { tokens, seed }, controller.signal));
    } catch (error) {
      if (!isAbort(error)) store.setState({ error: toReport(error) });
    } finally {
      if (reading === controller) reading = null;
      // Another one may be under way by now.
      if (reading === null) store.setState({ making: false });
    }
  };

  const takeAway = (what: string, content: Partial<Content>): void => {
    const before = contentOf(store.getState());
    replace(content);
    store.setState({ cleared: { what, content: before } });
  };

  return {
    replace,
    /** Typed in the text field, which already shows it. */
    type(text: string): void {
      store.setState(({ files }) => ({
        text,
        expected: null,
        questions: [],
        error: null,
        cleared: null,
        edited: files.length > 0,
      }));
    },
    ask(question: string): void {
      store.setState(({ questions }) => ({
        question,
        expected: questions.find(({ text }) => text === question)?.answer ?? null,
      }));
    },
    openSample,
    /** Reads files one after the other; one that fails leaves the others. `add` keeps the files that are there. */
    openFiles,
    openFile: (file: File): Promise<void> => openFiles([file]),
    cancelReading,
    removeFile(index: number): void {
      const { files, edited } = store.getState();
      const gone = files[index];
      if (!gone || edited) return;
      const parts = partsOf(store.getState()).toSpliced(index, 1);
      takeAway(gone.name, { ...compose(parts), title: titleOf(parts.map(({ file }) => file.name)) });
    },
    clear: (): void => {
      takeAway('', { question: '' });
    },
    undoClear: (): void => {
      const { cleared } = store.getState();
      if (cleared) replace(cleared.content);
    },
    dismissError: (): void => {
      store.setState({ error: null });
    },
  };
}

interface Failure {
  name: string;
  error: ErrorReport;
}

/** The document taken apart again: its files, or as one part what was pasted or changed by hand. */
function partsOf({ title, text, files, edited }: Content): Part[] {
  if (text.trim() === '') return [];
  if (files.length > 0 && !edited) return files.map((file) => ({ file, text: fileText(text, file) }));
  const name = title === '' ? 'Pasted text' : title;
  return [{ file: { name, kind: 'text', bytes: new Blob([text]).size, characters: text.length }, text }];
}

async function readAll(
  files: readonly File[],
  signal: AbortSignal,
  onProgress: (progress: ReadingState) => void,
): Promise<{ read: Part[]; failed: Failure[] }> {
  const read: Part[] = [];
  const failed: Failure[] = [];
  for (const [index, file] of files.entries()) {
    const { name } = file;
    const report = (fraction: number): void => {
      if (!signal.aborted) onProgress({ name, number: index + 1, total: files.length, fraction });
    };
    report(0);
    try {
      const { text, kind, characters, pages, note } = await readDocument(file, {
        signal,
        onProgress: report,
      });
      const facts = { ...(pages !== undefined && { pages }), ...(note !== undefined && { note }) };
      read.push({ file: { name, kind, bytes: file.size, characters, ...facts }, text });
    } catch (error) {
      signal.throwIfAborted();
      failed.push({ name, error: toReport(error) });
    }
  }
  return { read, failed };
}

/** One error for all that failed, so that nothing of the rest is hidden below a pile of notes. */
function failureOf(failed: readonly Failure[], total: number): ErrorReport | null {
  const [first] = failed;
  if (!first) return null;
  if (failed.length === 1) {
    const { name, error } = first;
    const named = total === 1 || error.sentence.includes(name);
    return named ? error : { ...error, sentence: `${name}: ${error.sentence}` };
  }
  return {
    code: 'bad-document',
    sentence: `${failed.length} files could not be read: ${failed.map(({ name }) => name).join(', ')}.`,
    remedy: `${failed.length < total ? 'The others were read. ' : ''}The details below say what is wrong with each.`,
    detail: failed.map(({ name, error }) => `${name}: ${error.sentence} ${error.remedy}`).join('\n'),
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
