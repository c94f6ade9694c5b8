/** What every reader is given and gives back. */
import type { DocumentKind } from './formats';

export interface ReadDocument {
  /** The file's name. */
  title: string;
  text: string;
  kind: DocumentKind;
  /** UTF-16 code units of `text`, as the page counts them everywhere. */
  characters: number;
  /** Only where the format knows pages. */
  pages?: number;
  /** One sentence on what a person should know of this reading: a guessed encoding, pages without text. */
  note?: string;
}

export interface ReadOptions {
  /** Stops the reading; the promise then rejects with an AbortError. */
  signal?: AbortSignal;
  /** Share of the file that is read, 0 to 1. */
  onProgress?: (fraction: number) => void;
}

/** What a reader itself finds out; title, kind and size are added around it. */
export type Reading = Pick<ReadDocument, 'text' | 'pages' | 'note'>;
