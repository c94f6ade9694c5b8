/** One file read in a worker of its own: the page stays free, a cancel is at once, and its memory goes with it. */
import { UserError } from '../errors';
import type { WorkerKind } from './readers';
import type { Reading, ReadOptions } from './types';
import type { FromDocumentWorker, ToDocumentWorker } from './workerProtocol';

export async function readInWorker(
  kind: WorkerKind,
  file: File,
  head: Uint8Array,
  { signal, onProgress }: ReadOptions,
): Promise<Reading> {
  signal?.throwIfAborted();
  const worker = new Worker(new URL('./document.worker.ts', import.meta.url), {
    type: 'module',
    name: 'document',
  });
  const pieces: string[] = [];
  const reading = new Promise<Reading>((resolve, reject) => {
    signal?.addEventListener('abort', () => {
      reject(signal.reason as Error);
    });
    worker.addEventListener('message', ({ data }: MessageEvent<FromDocumentWorker>) => {
      switch (data.type) {
        case 'progress':
          onProgress?.(data.fraction);
          return;
        case 'text':
          pieces.push(data.piece);
          return;
        case 'read':
          resolve({ text: pieces.join(''), ...data.rest });
          return;
        case 'failed':
          reject(UserError.from(data.error));
      }
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      reject(stopped(file.name, event.message));
    });
    worker.addEventListener('messageerror', () => {
      reject(stopped(file.name, 'a message could not be read'));
    });
    const message: ToDocumentWorker = { file, kind, head };
    worker.postMessage(message);
  });
  return reading.finally(() => {
    worker.terminate();
  });
}

function stopped(name: string, detail: string): UserError {
  return new UserError(
    'bad-document',
    `Reading ${name} stopped unexpectedly.`,
    'The browser may have run out of memory: close other tabs, or use the part of the file that matters.',
    detail,
  );
}
