/**
 * The text layer of a PDF by pdf.js, page by page. Its parser runs in a worker of our own build; the legacy build is
 * taken because the other asks for functions that many browsers with WebGPU do not have yet. Nothing is fetched but,
 * for Chinese, Japanese and Korean texts that need one, a character map from our own build.
 */
import { getDocument, PDFWorker, VerbosityLevel } from 'pdfjs-dist/legacy/build/pdf.mjs';
import type { PDFDocumentProxy } from 'pdfjs-dist';
import { UserError } from '../errors';
import { pageText } from './pdfText';
import type { Reading, ReadOptions } from './types';

/** Page shares without text from which on a person is told. */
const worthSaying = 0.25;

/** What pdf.js asks its page for: character maps come from our own build, fonts are only needed to draw. */
class OwnFiles {
  async fetch({ kind, filename }: { kind: string; filename: string }): Promise<Uint8Array> {
    const { characterMapUrl } = await import('./pdfCharacterMaps');
    const url = kind === 'cMapUrl' ? characterMapUrl(filename) : undefined;
    if (url === undefined) throw new Error(`not served: ${filename}`);
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    return new Uint8Array(await response.arrayBuffer());
  }
}

function pdfParser(): Worker {
  return new Worker(new URL('./pdf.worker.ts', import.meta.url), { type: 'module', name: 'pdf' });
}

/** `bytes` is handed over to the parser and is empty afterwards. */
export async function readPdf(bytes: Uint8Array, name: string, options: ReadOptions = {}): Promise<Reading> {
  const { signal } = options;
  signal?.throwIfAborted();
  // In Node, where tests run, pdf.js parses in place.
  const port = typeof Worker === 'undefined' ? null : pdfParser();
  const worker = port && PDFWorker.create({ port, verbosity: VerbosityLevel.ERRORS });
  const task = getDocument({
    // Text needs no drawing, so pdf.js may neither evaluate code nor load fonts, images or WebAssembly.
    data: bytes,
    ...(worker && { worker }),
    verbosity: VerbosityLevel.ERRORS,
    isEvalSupported: false,
    disableFontFace: true,
    useSystemFonts: true,
    useWorkerFetch: false,
    useWasm: false,
    // Only named to pdf.js so that it asks at all; OwnFiles answers.
    cMapUrl: 'own/',
    cMapPacked: true,
    BinaryDataFactory: OwnFiles,
  });
  const stop = (): void => void task.destroy();
  signal?.addEventListener('abort', stop);
  try {
    return await readPages(await task.promise, options);
  } catch (error) {
    signal?.throwIfAborted();
    throw asUserError(error, name);
  } finally {
    signal?.removeEventListener('abort', stop);
    await task.destroy();
    worker?.destroy();
    port?.terminate();
  }
}

async function readPages(document: PDFDocumentProxy, { signal, onProgress }: ReadOptions): Promise<Reading> {
  const pages = document.numPages;
  const texts: string[] = [];
  let damaged = 0;
  for (let number = 1; number <= pages; number++) {
    signal?.throwIfAborted();
    try {
      const page = await document.getPage(number);
      const content = await page.getTextContent();
      texts.push(pageText(content.items));
      page.cleanup();
    } catch (error) {
      signal?.throwIfAborted();
      // One broken page must not cost the others; if none can be read, the first error stands.
      damaged++;
      if (damaged === pages) throw error;
    }
    onProgress?.(number / pages);
  }
  const filled = texts.filter((text) => text !== '');
  if (filled.length === 0) throw scanned(pages);
  return { text: filled.join('\n\n'), pages, ...noteOn(pages, damaged, texts.length - filled.length) };
}

function noteOn(pages: number, damaged: number, empty: number): { note?: string } {
  if (damaged > 0) return { note: `${damaged} of ${pages} pages are damaged and were left out.` };
  if (empty < pages * worthSaying) return {};
  return { note: `${empty} of ${pages} pages hold no text: they are probably scanned.` };
}

function scanned(pages: number): UserError {
  return new UserError(
    'bad-document',
    `This PDF has ${pages} ${pages === 1 ? 'page' : 'pages'} and no text: it is probably scanned.`,
    'Run text recognition (OCR) over it first, or choose a PDF whose text can be selected.',
  );
}

/** The classes of pdf.js do not survive its worker; their names do. Whatever else is thrown is a defect, not the file's. */
function asUserError(error: unknown, name: string): unknown {
  if (!(error instanceof Error)) return error;
  if (error.name === 'PasswordException') {
    return new UserError(
      'bad-document',
      `${name} is protected by a password.`,
      'Save a copy without the password in a PDF reader, and open that.',
    );
  }
  if (!/^(InvalidPDF|UnknownError|FormatError|XRef|MissingData)/.test(error.name)) return error;
  return new UserError(
    'bad-document',
    `${name} is damaged, or is no PDF.`,
    'Open it in a PDF reader, save it again, and try once more.',
    String(error),
  );
}
