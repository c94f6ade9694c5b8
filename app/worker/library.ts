/** The page's side of the worker that keeps models. Started at the first need. */
import type { DownloadProgress, KeptModel } from '../engine/types';
import { UserError } from '../errors';
import type { HubSource } from '../model/hub';
import type { LibraryReply, LibraryRequest } from './library.worker';

export type { HubSource } from '../model/hub';

/** What the page needs of a library; tests give a stand-in. */
export interface Library {
  /** Models on this machine, last used first; null where nothing can be kept. */
  list(): Promise<KeptModel[] | null>;
  /** Resolves once the model is whole, at once if it is already; null where nothing can be kept. Aborting pauses. */
  download(
    source: HubSource,
    hooks: { signal: AbortSignal; onProgress?: (progress: DownloadProgress) => void },
  ): Promise<KeptModel | null>;
  remove(source: HubSource): Promise<void>;
}

interface Pending {
  resolve: (reply: LibraryReply) => void;
  reject: (error: unknown) => void;
  onProgress: ((progress: DownloadProgress) => void) | undefined;
}

type WithoutId<T> = T extends { id: number } ? Omit<T, 'id'> : never;

export class LibraryClient implements Library {
  private worker: Worker | null = null;
  private nextId = 1;
  private readonly pending = new Map<number, Pending>();

  async list(): Promise<KeptModel[] | null> {
    const reply = await this.call({ type: 'list' });
    return reply.type === 'listed' ? reply.models : null;
  }

  async download(
    { id, revision, token }: HubSource,
    { signal, onProgress }: Parameters<Library['download']>[1],
  ): Promise<KeptModel | null> {
    const source = { id, ...(revision !== undefined && { revision }), ...(token !== undefined && { token }) };
    const reply = await this.call({ type: 'download', source }, signal, onProgress);
    return reply.type === 'downloaded' ? reply.model : null;
  }

  async remove({ id, revision }: HubSource): Promise<void> {
    await this.call({ type: 'remove', source: revision === undefined ? { id } : { id, revision } });
  }

  private call(
    request: WithoutId<LibraryRequest>,
    signal?: AbortSignal,
    onProgress?: Pending['onProgress'],
  ): Promise<LibraryReply> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(signal.reason as Error);
        return;
      }
      const id = this.nextId++;
      const cancel = (): void => {
        this.worker?.postMessage({ type: 'cancel', id: this.nextId++, target: id } satisfies LibraryRequest);
      };
      signal?.addEventListener('abort', cancel);
      const settle = (): void => {
        this.pending.delete(id);
        signal?.removeEventListener('abort', cancel);
      };
      this.pending.set(id, {
        resolve: (reply) => {
          settle();
          resolve(reply);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
        onProgress,
      });
      this.open().postMessage({ ...request, id });
    });
  }

  private open(): Worker {
    if (this.worker) return this.worker;
    const worker = new Worker(new URL('./library.worker.ts', import.meta.url), {
      type: 'module',
      name: 'library',
    });
    this.worker = worker;
    worker.addEventListener('message', ({ data }: MessageEvent<LibraryReply>) => {
      this.receive(data);
    });
    worker.addEventListener('error', (event) => {
      event.preventDefault();
      worker.terminate();
      this.worker = null;
      const error = new UserError(
        'worker-crashed',
        'The download stopped unexpectedly.',
        'Resume it; what has arrived is kept.',
        event.message,
      );
      for (const { reject } of this.pending.values()) reject(error);
    });
    return worker;
  }

  private receive(reply: LibraryReply): void {
    const call = this.pending.get(reply.id);
    switch (reply.type) {
      case 'progress':
        call?.onProgress?.(reply.progress);
        return;
      case 'failed':
        call?.reject(UserError.from(reply.error));
        return;
      case 'cancelled':
        call?.reject(new DOMException('Paused.', 'AbortError'));
        return;
      case 'listed':
      case 'downloaded':
      case 'removed':
        call?.resolve(reply);
    }
  }
}
