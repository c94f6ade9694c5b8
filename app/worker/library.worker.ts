/// <reference lib="webworker" />
/** A worker of its own for kept models: hashing and disk writes never hold up the engine's, and no GPU is needed. */
import { isAbort, toReport, UserError, type ErrorReport } from '../errors';
import { keepHubModel, keyOf, listKept, type DownloadProgress, type KeptModel } from '../model/library';
import type { HubSource } from '../model/hub';
import { WeightCache } from '../storage/weightCache';
import { paced } from './paced';

declare const self: DedicatedWorkerGlobalScope;

export type LibraryRequest =
  /** Models on this machine; null where nothing can be kept. */
  | { type: 'list'; id: number }
  | { type: 'download'; id: number; source: HubSource }
  | { type: 'remove'; id: number; source: HubSource }
  | { type: 'cancel'; id: number; target: number };

export type LibraryReply =
  | { type: 'listed'; id: number; models: KeptModel[] | null }
  /** null where nothing can be kept. */
  | { type: 'downloaded'; id: number; model: KeptModel | null }
  | { type: 'removed'; id: number }
  | { type: 'progress'; id: number; progress: DownloadProgress }
  | { type: 'cancelled'; id: number }
  | { type: 'failed'; id: number; error: ErrorReport };

const running = new Map<number, AbortController>();
/** Between two progress messages. */
const progressMs = 100;
/** A page that was just closed or reloaded gives its lock back within moments. */
const lockMs = 4_000;

/** Two tabs never write the same model: the second waits a moment, then says why it can't. */
async function alone<T>(source: HubSource, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  const key = keyOf(source);
  const patience = AbortSignal.timeout(lockMs);
  let started = false;
  try {
    return await navigator.locks.request(
      `minference.model ${key.id}@${key.revision}`,
      { signal: AbortSignal.any([signal, patience]) },
      () => {
        started = true;
        return work();
      },
    );
  } catch (error) {
    if (started || signal.aborted) throw error;
    throw new UserError(
      'storage-busy',
      `Another tab is working on ${key.id}.`,
      'Wait for it, or close that tab.',
    );
  }
}

async function answer(request: LibraryRequest, signal: AbortSignal): Promise<LibraryReply> {
  const { id } = request;
  const cache = await WeightCache.open();
  switch (request.type) {
    case 'list':
      return { type: 'listed', id, models: cache && (await listKept(cache)) };
    case 'download': {
      if (!cache) return { type: 'downloaded', id, model: null };
      const { source } = request;
      const progress = paced(progressMs, (latest: DownloadProgress) => {
        self.postMessage({ type: 'progress', id, progress: latest } satisfies LibraryReply);
      });
      const estimate = (): Promise<StorageEstimate> => navigator.storage.estimate();
      try {
        const model = await alone(source, signal, () =>
          keepHubModel(cache, source, { signal, onProgress: progress.report, estimate }),
        );
        return { type: 'downloaded', id, model };
      } finally {
        progress.stop();
      }
    }
    case 'remove': {
      const { source } = request;
      if (cache) await alone(source, signal, () => cache.remove(keyOf(source)));
      return { type: 'removed', id };
    }
    case 'cancel':
      return { type: 'cancelled', id };
  }
}

self.addEventListener('message', ({ data }: MessageEvent<LibraryRequest>) => {
  if (data.type === 'cancel') {
    running.get(data.target)?.abort();
    return;
  }
  const controller = new AbortController();
  running.set(data.id, controller);
  void answer(data, controller.signal)
    .catch((error: unknown): LibraryReply =>
      isAbort(error)
        ? { type: 'cancelled', id: data.id }
        : { type: 'failed', id: data.id, error: toReport(error) },
    )
    .then((reply) => {
      running.delete(data.id);
      self.postMessage(reply);
    });
});
