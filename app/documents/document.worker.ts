/// <reference lib="webworker" />
/** Reads one file where nobody waits for it: decoding, inflating and parsing of a large file take seconds. */
import { toReport } from '../errors';
import { readAs } from './readers';
import type { FromDocumentWorker, ToDocumentWorker } from './workerProtocol';

declare const self: DedicatedWorkerGlobalScope;

/** Copied by the page in a few milliseconds. */
const pieceCharacters = 2 ** 20;

function send(message: FromDocumentWorker): void {
  self.postMessage(message);
}

self.addEventListener('message', ({ data }: MessageEvent<ToDocumentWorker>) => {
  const { file, kind, head } = data;
  void readAs(kind, file, head, {
    onProgress: (fraction) => {
      send({ type: 'progress', fraction });
    },
  }).then(
    ({ text, ...rest }) => {
      for (let at = 0; at < text.length; at += pieceCharacters)
        send({ type: 'text', piece: text.slice(at, at + pieceCharacters) });
      send({ type: 'read', rest });
    },
    (error: unknown) => {
      send({ type: 'failed', error: toReport(error) });
    },
  );
});
