/// <reference lib="webworker" />
/** A worker of its own for benchmarks, so that the engine's worker carries none of it. */
import { runBench } from '../engine/bench/run';
import type { BenchRequest, BenchResult } from '../engine/bench/types';
import { toReport, type ErrorReport } from '../errors';
import { openFastest } from '../engine/tier';
import { tierIn } from './tier';

declare const self: DedicatedWorkerGlobalScope;
declare const __COMMIT__: string;

export type BenchMessage =
  | { type: 'progress'; line: string }
  | { type: 'update'; result: BenchResult }
  | { type: 'done'; result: BenchResult }
  | { type: 'failed'; error: ErrorReport };

function send(message: BenchMessage): void {
  self.postMessage(message);
}

const context = {
  commit: __COMMIT__,
  browser: navigator.userAgent,
  // Workers are built into assets/, beside which the public folder's models/ lies one level up.
  builtinBase: new URL(import.meta.env.DEV ? '/models/needle/' : '../models/needle/', import.meta.url).href,
};

async function bench(request: BenchRequest): Promise<void> {
  const gpu = await openFastest({ tier: tierIn(self.name) });
  let shown = '';
  const hooks = {
    signal: new AbortController().signal,
    onProgress: (line: string): void => {
      if (line !== shown) send({ type: 'progress', line });
      shown = line;
    },
    onUpdate: (result: BenchResult): void => {
      send({ type: 'update', result });
    },
  };
  try {
    const lost = gpu.lost.then((error) => {
      throw error;
    });
    send({ type: 'done', result: await Promise.race([runBench(gpu, request, context, hooks), lost]) });
  } finally {
    gpu.destroy();
  }
}

self.addEventListener('message', ({ data }: MessageEvent<BenchRequest>) => {
  bench(data).catch((error: unknown) => {
    send({ type: 'failed', error: toReport(error) });
  });
});
