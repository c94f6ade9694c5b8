/** The page's side of the benchmark worker. */
import type { BenchRequest, BenchResult } from '../engine/bench/types';
import { UserError } from '../errors';
import type { BenchMessage } from './bench.worker';
import { workerName } from './tier';

export interface BenchListeners {
  /** One line for a person who waits. */
  onProgress?: (line: string) => void | Promise<void>;
  /** The result so far, after each measurement. */
  onUpdate?: (result: BenchResult) => void | Promise<void>;
}

/** Measures in a worker of its own, which ends with the measurement. */
export function runBenchWorker(request: BenchRequest, listeners: BenchListeners = {}): Promise<BenchResult> {
  const worker = new Worker(new URL('./bench.worker.ts', import.meta.url), {
    type: 'module',
    name: workerName('bench'),
  });
  return new Promise<BenchResult>((resolve, reject) => {
    worker.addEventListener('message', ({ data }: MessageEvent<BenchMessage>) => {
      switch (data.type) {
        case 'progress':
          void listeners.onProgress?.(data.line);
          return;
        case 'update':
          void listeners.onUpdate?.(data.result);
          return;
        case 'done':
          resolve(data.result);
          return;
        case 'failed':
          reject(UserError.from(data.error));
      }
    });
    worker.addEventListener('error', (event) => {
      reject(
        new UserError('worker-crashed', 'The benchmark stopped unexpectedly.', 'Try again.', event.message),
      );
    });
    worker.postMessage(request);
  }).finally(() => {
    worker.terminate();
  });
}
