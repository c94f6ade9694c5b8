/** A picked or dropped file as a string. What cannot be read is refused by name; nothing is guessed silently. */
import { UserError } from '../errors';
import { bytesOf } from './decode';
import { kindOf, probeBytes, type DocumentKind } from './formats';
import { readAs } from './readers';
import type { ReadDocument, Reading, ReadOptions } from './types';

/** A string of a browser holds about as many characters, and no model here reads a thousandth of them. */
const maxBytes = 512 * 2 ** 20;
/** A text below this is read sooner than a worker starts. */
const inPlaceBytes = 2 ** 20;

/**
 * Reads txt, md, json, csv, source code, html, pdf, docx and epub. Readers are fetched at their first use; whatever may
 * take long is read in a worker. Throws a `UserError` 'bad-document', or an AbortError once `signal` fires.
 */
export async function readDocument(file: File, options: ReadOptions = {}): Promise<ReadDocument> {
  options.signal?.throwIfAborted();
  if (file.size > maxBytes) {
    throw new UserError(
      'bad-document',
      `${file.name} is too large to read as one text.`,
      'Use a file of at most 512 MB, or the part of it that matters.',
    );
  }
  const head = await bytesOf(file.slice(0, probeBytes), file.name);
  const kind = kindOf(file.name, file.type, head);
  const reading = await readKind(kind, file, head, options);
  if (!/\S/.test(reading.text)) {
    throw new UserError('bad-document', `${file.name} is empty.`, 'Choose a file that holds some text.');
  }
  return { title: file.name, kind, characters: reading.text.length, ...reading };
}

async function readKind(
  kind: DocumentKind,
  file: File,
  head: Uint8Array,
  options: ReadOptions,
): Promise<Reading> {
  if (kind === 'pdf') {
    const { readPdf } = await import('./readPdf');
    return readPdf(await bytesOf(file, file.name), file.name, options);
  }
  const small = (kind === 'text' || kind === 'html') && file.size < inPlaceBytes;
  // Node, where tests run, has no Worker.
  if (small || typeof Worker === 'undefined') return readAs(kind, file, head, options);
  const { readInWorker } = await import('./readInWorker');
  return readInWorker(kind, file, head, options);
}
