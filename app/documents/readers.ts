/** The reader of each kind, fetched when the first file of its kind comes. Runs in the document worker, and in the page for small texts. */
import { bytesOf } from './decode';
import type { DocumentKind } from './formats';
import type { Reading, ReadOptions } from './types';

/** PDFs are read from the page, because pdf.js brings a worker of its own. */
export type WorkerKind = Exclude<DocumentKind, 'pdf'>;

export async function readAs(
  kind: WorkerKind,
  file: File,
  head: Uint8Array,
  options: ReadOptions = {},
): Promise<Reading> {
  switch (kind) {
    case 'text':
      return (await import('./readText')).readText(file, head, options);
    case 'html':
      return (await import('./readHtml')).readHtml(file, head, options);
    case 'docx':
      return (await import('./readDocx')).readDocx(await bytesOf(file, file.name), file.name);
    case 'epub':
      return (await import('./readEpub')).readEpub(await bytesOf(file, file.name), file.name);
  }
}
