/** The page's side of the worker that runs one attention alone. */
import type { AttentionChunk, AttentionReport } from '../engine/attentionAlone';
import { UserError } from '../errors';
import type { AttentionMessage, AttentionRequest } from './attention.worker';
import { workerName } from './tier';

export type { AttentionRequest } from './attention.worker';

/** Runs in a worker of its own, which ends with the run. Chunks come in order of rows. */
export function runAttentionAlone(
  request: AttentionRequest,
  onChunk: (chunk: AttentionChunk) => void | Promise<void>,
): Promise<AttentionReport> {
  const worker = new Worker(new URL('./attention.worker.ts', import.meta.url), {
    type: 'module',
    name: workerName('attention'),
  });
  let told = Promise.resolve();
  return new Promise<AttentionReport>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<AttentionMessage>) => {
      if (data.type === 'chunk') {
        told = told.then(() => onChunk(data.chunk));
        told.catch(reject);
      } else if (data.type === 'done') {
        told.then(() => {
          resolve(data.report);
        }, reject);
      } else reject(UserError.from(data.error));
    });
    worker.addEventListener('error', (event) => {
      reject(
        new UserError(
          'worker-crashed',
          'The attention run stopped unexpectedly.',
          'Try again.',
          event.message,
        ),
      );
    });
    worker.postMessage(request);
  }).finally(() => {
    worker.terminate();
  });
}
