/** Models on this machine and downloads under way. A token lives here, in memory, and nowhere else. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { DownloadProgress, KeptModel, ModelSource } from '../engine/types';
import { isAbort, toReport, type ErrorReport } from '../errors';
import type { HubSource, Library } from '../worker/library';
import { RateMeter } from './rate';

export interface Download {
  source: HubSource;
  /** Load it into the GPU when it is whole. */
  thenLoad: boolean;
  status: 'running' | 'pausing' | 'failed';
  progress: DownloadProgress | null;
  rate: number | null;
  etaSeconds: number | null;
  error: ErrorReport | null;
}

export interface LibraryState {
  /** Whether this browser can keep models for this page; null while unknown. */
  available: boolean | null;
  /** Last used first. */
  kept: readonly KeptModel[];
  /** By key of the model. */
  downloads: Readonly<Record<string, Download>>;
  /** Bytes; null where the browser does not say. */
  room: { usage: number; quota: number } | null;
  /** Whether the browser has promised not to clear it when space runs low; null while unknown. */
  persisted: boolean | null;
  /** Hub access token, never stored. */
  token: string;
  error: ErrorReport | null;
}

export type LibraryStore = StoreApi<LibraryState>;

/** As `navigator.storage`, in the page: workers may not ask for persistence. */
export type StorageAccess = Partial<Pick<StorageManager, 'estimate' | 'persist' | 'persisted'>>;

export function keyOf({ id, revision = 'main' }: HubSource): string {
  return `${id}@${revision}`;
}

export function keptOf(state: LibraryState, source: HubSource): KeptModel | undefined {
  return state.kept.find((kept) => keyOf(kept) === keyOf(source));
}

export function createLibraryStore(): LibraryStore {
  return createStore<LibraryState>(() => ({
    available: null,
    kept: [],
    downloads: {},
    room: null,
    persisted: null,
    token: '',
    error: null,
  }));
}

export function libraryActions(
  store: LibraryStore,
  library: Library | null,
  storage: StorageAccess,
  load: (source: ModelSource) => Promise<void>,
) {
  const controllers = new Map<string, AbortController>();

  const change = (key: string, part: Partial<Download>): void => {
    store.setState(({ downloads }) => {
      const before = downloads[key];
      return before ? { downloads: { ...downloads, [key]: { ...before, ...part } } } : {};
    });
  };
  const forget = (key: string): void => {
    store.setState(({ downloads }) => {
      const { [key]: _, ...others } = downloads;
      return { downloads: others };
    });
  };

  const refresh = async (): Promise<void> => {
    try {
      const kept = (await library?.list()) ?? null;
      const { usage, quota } = (await storage.estimate?.()) ?? {};
      const persisted = (await storage.persisted?.()) ?? null;
      const room = usage === undefined || quota === undefined ? null : { usage, quota };
      store.setState({ available: kept !== null, kept: kept ?? [], room, persisted });
    } catch (error) {
      store.setState({ error: toReport(error) });
    }
  };

  /** Asked while a click is fresh, as some browsers show a question; a refusal only means less certainty. */
  const askToPersist = async (): Promise<void> => {
    try {
      if (!(await storage.persisted?.())) await storage.persist?.();
      store.setState({ persisted: (await storage.persisted?.()) ?? null });
    } catch {
      // Not allowed here; the list says that the browser may clear it.
    }
  };

  const withToken = (source: HubSource): HubSource => {
    const token = source.token ?? store.getState().token;
    return { ...source, ...(token !== '' && { token }) };
  };

  const download = async (source: HubSource, thenLoad = false): Promise<void> => {
    const key = keyOf(source);
    if (!library || controllers.has(key)) return;
    const controller = new AbortController();
    controllers.set(key, controller);
    const started: Download = {
      source: { id: source.id, ...(source.revision !== undefined && { revision: source.revision }) },
      thenLoad,
      status: 'running',
      progress: null,
      rate: null,
      etaSeconds: null,
      error: null,
    };
    // An earlier failure has been read by now.
    store.setState(({ downloads }) => ({
      downloads: {
        ...Object.fromEntries(Object.entries(downloads).filter(([, { status }]) => status !== 'failed')),
        [key]: started,
      },
    }));
    void askToPersist();
    const meter = new RateMeter(() => performance.now());
    try {
      await library.download(withToken(source), {
        signal: controller.signal,
        onProgress: (progress) => {
          change(key, { progress, ...meter.read(progress) });
        },
      });
      forget(key);
      // Nothing kept, where nothing can be: the load streams it.
      if (thenLoad) await load({ kind: 'hub', ...withToken(source) });
    } catch (error) {
      if (isAbort(error)) forget(key);
      else change(key, { status: 'failed', rate: null, etaSeconds: null, error: toReport(error) });
    } finally {
      controllers.delete(key);
      await refresh();
    }
  };

  return {
    refresh,
    download,
    /** What has arrived stays for the next `download`. */
    pause: (source: HubSource): void => {
      change(keyOf(source), { status: 'pausing' });
      controllers.get(keyOf(source))?.abort();
    },
    dismiss: (source: HubSource): void => {
      forget(keyOf(source));
    },
    remove: async (source: HubSource): Promise<void> => {
      try {
        await library?.remove(source);
        store.setState({ error: null });
      } catch (error) {
        store.setState({ error: toReport(error) });
      }
      await refresh();
    },
    load: (source: HubSource): Promise<void> => load({ kind: 'hub', ...withToken(source) }),
    setToken: (token: string): void => {
      store.setState({ token: token.trim() });
    },
    dismissError: (): void => {
      store.setState({ error: null });
    },
  };
}
