import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DownloadProgress, KeptModel, ModelSource } from '../engine/types';
import { UserError } from '../errors';
import { Playground, type PlaygroundEvent } from '../playground';
import { FakeWorker, model } from '../worker/fakeWorker';
import type { HubSource, Library } from '../worker/library';
import { createLibraryStore, keptOf, libraryActions, type LibraryStore } from './library';

const source: HubSource = { id: 'a/b' };
const whole: KeptModel = {
  id: 'a/b',
  revision: 'main',
  commit: 'c0ffee0',
  bytes: 100,
  total: 100,
  complete: true,
  usedAt: '2026-01-01',
};

/** Downloads that end when told to. */
class FakeLibrary implements Library {
  kept: KeptModel[] | null = [];
  asked: HubSource[] = [];
  end: (outcome: KeptModel | Error) => void = () => undefined;
  tell: (progress: DownloadProgress) => void = () => undefined;

  list(): Promise<KeptModel[] | null> {
    return Promise.resolve(this.kept);
  }

  download(asked: HubSource, { signal, onProgress }: Parameters<Library['download']>[1]): Promise<KeptModel> {
    this.asked.push(asked);
    return new Promise((resolve, reject) => {
      this.tell = (progress) => onProgress?.(progress);
      this.end = (outcome) => {
        if (outcome instanceof Error) reject(outcome);
        else resolve(outcome);
      };
      signal.addEventListener('abort', () => {
        reject(new DOMException('Paused.', 'AbortError'));
      });
    });
  }

  remove(): Promise<void> {
    this.kept = [];
    return Promise.resolve();
  }
}

let library: FakeLibrary;
let store: LibraryStore;
let loaded: ModelSource[];
let persisted: boolean;
let actions: ReturnType<typeof libraryActions>;

beforeEach(() => {
  library = new FakeLibrary();
  store = createLibraryStore();
  loaded = [];
  persisted = false;
  const storage = {
    estimate: () => Promise.resolve({ usage: 5, quota: 50 }),
    persisted: () => Promise.resolve(persisted),
    persist: () => Promise.resolve((persisted = true)),
  };
  actions = libraryActions(store, library, storage, (given) => {
    loaded.push(given);
    return Promise.resolve();
  });
});

describe('downloads', () => {
  it('are followed, asked to stay, and listed', async () => {
    const done = actions.download(source);
    library.tell({ file: 'config.json', loaded: 10, total: 100 });
    expect(store.getState().downloads['a/b@main']).toMatchObject({
      status: 'running',
      progress: { loaded: 10, total: 100 },
    });
    // A second click changes nothing.
    await actions.download(source);
    expect(library.asked).toHaveLength(1);
    library.kept = [whole];
    library.end(whole);
    await done;
    expect(store.getState()).toMatchObject({
      downloads: {},
      kept: [whole],
      available: true,
      persisted: true,
      room: { usage: 5, quota: 50 },
    });
    expect(loaded).toEqual([]);
    await actions.remove(source);
    expect(keptOf(store.getState(), source)).toBeUndefined();
  });

  it('pause without an error and go on with the next call', async () => {
    const first = actions.download(source);
    actions.pause(source);
    expect(store.getState().downloads['a/b@main']?.status).toBe('pausing');
    await first;
    expect(store.getState().downloads).toEqual({});
    const second = actions.download(source, true);
    library.end(whole);
    await second;
    expect(library.asked).toHaveLength(2);
    expect(loaded).toEqual([{ kind: 'hub', id: 'a/b' }]);
  });

  it('that fail say why until another one starts; the token goes along and is not in the state of a download', async () => {
    const gated = new UserError('gated', 'It is gated.', 'Give a token.');
    const first = actions.download(source);
    library.end(gated);
    await first;
    expect(store.getState().downloads['a/b@main']).toMatchObject({
      status: 'failed',
      error: { code: 'gated' },
    });
    actions.setToken(' hf_x ');
    const second = actions.download({ id: 'c/d' }, true);
    expect(Object.keys(store.getState().downloads)).toEqual(['c/d@main']);
    expect(library.asked.at(-1)).toEqual({ id: 'c/d', token: 'hf_x' });
    expect(JSON.stringify(store.getState().downloads)).not.toContain('hf_x');
    library.end({ ...whole, id: 'c/d' });
    await second;
    expect(loaded).toEqual([{ kind: 'hub', id: 'c/d', token: 'hf_x' }]);
  });

  it('say where nothing can be kept', async () => {
    library.kept = null;
    await actions.refresh();
    expect(store.getState()).toMatchObject({ available: false, kept: [] });
  });
});

describe('Playground with a library', () => {
  it('downloads a Hub model before the engine loads it, unless it is not to be kept', async () => {
    const worker = new FakeWorker();
    const playground = new Playground(worker.client(), library);
    const events: PlaygroundEvent[] = [];
    playground.subscribe((event) => events.push(event));
    const load = playground.load({ kind: 'hub', id: 'a/b' });
    await vi.waitFor(() => {
      expect(library.asked).toHaveLength(1);
    });
    library.tell({ file: 'model.safetensors', loaded: 1, total: 2 });
    expect(worker.waiting).toEqual([]);
    library.end(whole);
    await worker.reply('load', { type: 'loaded', model });
    await load;
    expect(events.map((event) => event.type)).toEqual(['load-started', 'load-progress', 'loaded']);
    expect(events[1]).toMatchObject({ progress: { stage: 'download', loaded: 1, total: 2 } });

    const streamed = playground.load({ kind: 'hub', id: 'e/f', keep: false });
    await worker.reply('load', { type: 'loaded', model });
    await streamed;
    expect(library.asked).toHaveLength(1);
  });

  it('pauses the download when the load is cancelled', async () => {
    const worker = new FakeWorker();
    const playground = new Playground(worker.client(), library);
    const load = playground.load({ kind: 'hub', id: 'a/b' });
    await vi.waitFor(() => {
      expect(library.asked).toHaveLength(1);
    });
    playground.cancelLoad();
    await expect(load).rejects.toMatchObject({ name: 'AbortError' });
    expect(worker.waiting).toEqual([]);
  });
});
