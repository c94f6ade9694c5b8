/** Several files as one document: each under a line with its name, and where each stands in the whole. */
import type { ReadDocument } from './types';

/** A file of the document; its own text is `text.slice(start, end)` of the whole. */
export interface DocumentFile extends Omit<ReadDocument, 'title' | 'text'> {
  name: string;
  /** Size on disk. */
  bytes: number;
  start: number;
  end: number;
}

/** A file's text before it has a place. */
export interface Part {
  file: Omit<DocumentFile, 'start' | 'end'>;
  text: string;
}

/** One file stands as it is; several get a title line each and an empty line between. */
export function compose(parts: readonly Part[]): { text: string; files: DocumentFile[] } {
  const files: DocumentFile[] = [];
  const pieces: string[] = [];
  let length = 0;
  const put = (piece: string): void => {
    pieces.push(piece);
    length += piece.length;
  };
  for (const { file, text } of parts) {
    if (parts.length > 1) put(`${length > 0 ? '\n\n' : ''}# ${file.name}\n\n`);
    const start = length;
    put(text);
    files.push({ ...file, start, end: length });
  }
  return { text: pieces.length === 1 ? (pieces[0] ?? '') : pieces.join(''), files };
}

export function fileText(text: string, { start, end }: DocumentFile): string {
  return text.slice(start, end);
}

/** A name for the whole: all names while that is short, else the first and how many more. */
export function titleOf(names: readonly string[]): string {
  const [first = '', second = '', ...rest] = names;
  if (names.length < 2) return first;
  return rest.length === 0 ? `${first} and ${second}` : `${first} and ${rest.length + 1} more`;
}
