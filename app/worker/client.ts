/** The page's side of the worker: a promise for each request, events to its listener, an AbortSignal that cancels it. */
import { UserError, type ErrorReport } from '../errors';
import type { Event as WorkerEvent, FromWorker, Reply, Request, ToWorker } from './protocol';
import { workerName } from './tier';

interface ReplyTypes {
  capabilities: 'capabilities';
  load: 'loaded';
  unload: 'unloaded';
  count: 'counted';
  plan: 'planned';
  compare: 'compared';
  forget: 'forgotten';
  measure: 'measured';
  search: 'searched';
}

type Call = Exclude<Request, { type: 'cancel' }>;
/** Distributes over the union, which `Omit` does not. */
type WithoutId<T> = T extends { id: number } ? Omit<T, 'id'> : never;
type ReplyTo<Type extends Call['type']> = Extract<Reply, { type: ReplyTypes[Type] }>;
/** Events that belong to one request. */
export type CallEvent = Exclude<WorkerEvent, { type: 'lost' }>;

export interface CallOptions {
  signal?: AbortSignal;
  onEvent?: (event: CallEvent) => void;
}

/** What the client needs of a Worker; tests give a stand-in. */
export interface WorkerPort {
  postMessage(message: ToWorker): void;
  addEventListener(type: 'message' | 'error' | 'messageerror', listener: (event: never) => void): void;
  terminate(): void;
}

interface Pending {
  resolve: (reply: Reply) => void;
  reject: (error: unknown) => void;
  onEvent: ((event: CallEvent) => void) | undefined;
}

function engineWorker(): WorkerPort {
  // A Worker's listeners are typed by overloads, which no structural type matches.
  return new Worker(new URL('./engine.worker.ts', import.meta.url), {
    type: 'module',
    name: workerName('engine'),
  }) as unknown as WorkerPort;
}

export class EngineClient {
  private port: WorkerPort | null = null;
  private nextId = 1;
  private readonly pending = new Map<number, Pending>();
  private readonly lossListeners = new Set<(error: ErrorReport) => void>();

  constructor(private readonly makeWorker: () => WorkerPort = engineWorker) {}

  /** Resolves with the reply; rejects with a `UserError`, or an AbortError once the worker has stopped that work. */
  call<Asked extends WithoutId<Call>>(
    request: Asked,
    { signal, onEvent }: CallOptions = {},
  ): Promise<ReplyTo<Asked['type']>> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(aborted());
        return;
      }
      const id = this.nextId++;
      const cancel = (): void => {
        this.port?.postMessage({ type: 'cancel', id: this.nextId++, target: id });
      };
      const settle = (): void => {
        this.pending.delete(id);
        signal?.removeEventListener('abort', cancel);
      };
      this.pending.set(id, {
        resolve: (reply) => {
          settle();
          resolve(reply as ReplyTo<Asked['type']>);
        },
        reject: (error) => {
          settle();
          reject(error);
        },
        onEvent,
      });
      signal?.addEventListener('abort', cancel);
      try {
        this.open().postMessage({ ...request, id });
      } catch (error) {
        this.pending.get(id)?.reject(crashed(String(error)));
      }
    });
  }

  /** The GPU was lost or the worker died: whatever was loaded is gone. */
  onLoss(listener: (error: ErrorReport) => void): () => void {
    this.lossListeners.add(listener);
    return () => {
      this.lossListeners.delete(listener);
    };
  }

  /** Ends the worker; every pending call is rejected, and the next call starts a new one. */
  restart(): void {
    this.fail(crashed('restarted by the page'));
  }

  private open(): WorkerPort {
    if (this.port) return this.port;
    const port = this.makeWorker();
    this.port = port;
    port.addEventListener('message', ({ data }: MessageEvent<FromWorker>) => {
      if (this.port === port) this.receive(data);
    });
    port.addEventListener('error', (event: ErrorEvent) => {
      if (this.port !== port) return;
      event.preventDefault?.();
      this.fail(crashed(`${event.message ?? 'no message'} (${event.filename ?? ''}:${event.lineno ?? 0})`));
    });
    port.addEventListener('messageerror', () => {
      if (this.port === port) this.fail(crashed('a message could not be read'));
    });
    return port;
  }

  private receive(message: FromWorker): void {
    switch (message.type) {
      case 'lost':
        this.announceLoss(message.error);
        return;
      case 'load-progress':
      case 'run-progress':
      case 'search-progress':
      case 'answer':
      case 'run-done':
        this.pending.get(message.id)?.onEvent?.(message);
        return;
      case 'failed':
        this.pending.get(message.id)?.reject(UserError.from(message.error));
        return;
      case 'cancelled':
        this.pending.get(message.id)?.reject(aborted());
        return;
      case 'capabilities':
      case 'loaded':
      case 'unloaded':
      case 'counted':
      case 'planned':
      case 'compared':
      case 'forgotten':
      case 'measured':
      case 'searched':
        this.pending.get(message.id)?.resolve(message);
    }
  }

  private fail(error: UserError): void {
    this.port?.terminate();
    this.port = null;
    // Each rejection takes itself out of the map, which a Map's iterator allows.
    for (const { reject } of this.pending.values()) reject(error);
    this.announceLoss(error.report());
  }

  private announceLoss(error: ErrorReport): void {
    for (const listener of this.lossListeners) listener(error);
  }
}

function aborted(): DOMException {
  return new DOMException('Cancelled.', 'AbortError');
}

function crashed(detail: string): UserError {
  return new UserError(
    'worker-crashed',
    'The engine stopped unexpectedly.',
    'Load the model again; your document and finished runs are kept.',
    detail,
  );
}
