/** The adapter and the model: what is there, what is being loaded and how fast. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ErrorReport } from '../errors';
import { isAbort, toReport } from '../errors';
import type { AdapterReport, LoadProgress, ModelReport, ModelSource } from '../engine/types';
import type { Playground, PlaygroundEvent } from '../playground';
import { RateMeter } from './rate';

export interface LoadState {
  source: ModelSource;
  progress: LoadProgress | null;
  /** Bytes a second over the last seconds, and seconds to go; null until known. */
  rate: number | null;
  etaSeconds: number | null;
}

export interface ModelState {
  /** null while unknown. */
  adapter: AdapterReport | null;
  adapterError: ErrorReport | null;
  model: ModelReport | null;
  source: ModelSource | null;
  loading: LoadState | null;
  error: ErrorReport | null;
}

export type ModelStore = StoreApi<ModelState>;

/** Causes that no reload of a model can mend. */
const adapterCodes: ReadonlySet<ErrorReport['code']> = new Set([
  'no-webgpu',
  'insecure-context',
  'no-adapter',
]);

export function createModelStore(
  playground: Playground,
  now: () => number = () => performance.now(),
): ModelStore {
  const store = createStore<ModelState>(() => ({
    adapter: null,
    adapterError: null,
    model: null,
    source: null,
    loading: null,
    error: null,
  }));
  const meter = new RateMeter(now);
  playground.subscribe((event) => {
    reduce(store, meter, event);
  });
  return store;
}

function reduce(store: ModelStore, meter: RateMeter, event: PlaygroundEvent): void {
  switch (event.type) {
    case 'load-started':
      meter.reset();
      store.setState({
        model: null,
        source: event.source,
        error: null,
        loading: { source: event.source, progress: null, rate: null, etaSeconds: null },
      });
      return;
    case 'load-progress':
      store.setState(({ loading }) => ({
        loading: loading && { ...loading, progress: event.progress, ...meter.read(event.progress) },
      }));
      return;
    case 'loaded':
      store.setState({ model: event.model, loading: null, error: null });
      return;
    case 'load-cancelled':
      store.setState({ model: null, source: null, loading: null });
      return;
    case 'load-failed':
      if (adapterCodes.has(event.error.code)) store.setState({ adapterError: event.error, loading: null });
      else store.setState({ error: event.error, loading: null });
      return;
    case 'lost':
      store.setState({ model: null, loading: null, error: event.error });
      return;
    default:
  }
}

export function modelActions(store: ModelStore, playground: Playground) {
  const load = async (source: ModelSource): Promise<void> => {
    try {
      await playground.load(source);
    } catch (error) {
      // Failures of the load itself have been told by event; this one never began.
      if (!isAbort(error) && store.getState().error === null && store.getState().adapterError === null)
        store.setState({ error: toReport(error) });
    }
  };
  return {
    load,
    cancelLoad: (): void => {
      playground.cancelLoad();
    },
    /** At the start, and again after a notice: the adapter, then the model that ships with the page. */
    async begin(): Promise<void> {
      try {
        store.setState({ adapter: await playground.capabilities(), adapterError: null });
      } catch (error) {
        store.setState({ adapterError: toReport(error) });
        return;
      }
      const { model, loading } = store.getState();
      if (!model && !loading) await load({ kind: 'builtin' });
    },
    dismissError: (): void => {
      store.setState({ error: null });
    },
  };
}
