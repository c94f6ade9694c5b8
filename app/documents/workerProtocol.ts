/** What the page and its document worker say to each other: one file to a worker, which ends with it. */
import type { ErrorReport } from '../errors';
import type { WorkerKind } from './readers';
import type { Reading } from './types';

export interface ToDocumentWorker {
  file: File;
  kind: WorkerKind;
  head: Uint8Array;
}

export type FromDocumentWorker =
  | { type: 'progress'; fraction: number }
  /** The next characters of the text. In pieces, because the page must copy each before it can go on. */
  | { type: 'text'; piece: string }
  /** All of the text has been sent. */
  | { type: 'read'; rest: Omit<Reading, 'text'> }
  | { type: 'failed'; error: ErrorReport };
