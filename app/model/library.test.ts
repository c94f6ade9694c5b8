import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { fakeDirectory } from '../storage/fakeDirectory';
import { WeightCache } from '../storage/weightCache';
import { fakeHub, type FakeHub } from './fakeHub';
import {
  keepHubModel,
  keptFiles,
  listKept,
  touchKept,
  type DownloadProgress,
  type KeepOptions,
} from './library';

const id = 'tiny/model';
const signal = new AbortController().signal;
const config = readFileSync(fileURLToPath(new URL('fixtures/qwen2/config.json', import.meta.url)), 'utf8');
const weights = Uint8Array.from({ length: 20_500 }, (_, index) => (index * 7) % 251);

let hub: FakeHub;
let cache: WeightCache;
let progress: DownloadProgress[];

beforeEach(() => {
  hub = fakeHub(id, {
    'config.json': config,
    'tokenizer.json': '{}',
    'model.safetensors': weights,
    'README.md': 'not asked for',
  });
  vi.stubGlobal('fetch', hub.fetch);
  cache = new WeightCache(fakeDirectory());
  progress = [];
});

function keep(options: Partial<KeepOptions> = {}, token?: string) {
  return keepHubModel(cache, token === undefined ? { id } : { id, token }, {
    signal,
    onProgress: (told) => progress.push(told),
    now: () => new Date('2026-01-02T03:04:05Z'),
    download: { wait: () => Promise.resolve() },
    ...options,
  });
}

async function weightsKept(): Promise<Uint8Array> {
  const files = await keptFiles(cache, { id });
  if (!files) throw new Error('nothing is kept whole');
  const { size, body } = await files.stream('model.safetensors', signal);
  expect(size).toBe(weights.length);
  return new Uint8Array(await new Response(body as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer());
}

/** Aborts once `bytes` of the weights have been delivered. */
async function pauseAfter(bytes: number): Promise<void> {
  const controller = new AbortController();
  hub.onBytes = (name, delivered) => {
    if (name === 'model.safetensors' && delivered >= bytes) controller.abort();
  };
  await expect(keep({ signal: controller.signal })).rejects.toMatchObject({ name: 'AbortError' });
  hub.onBytes = () => undefined;
}

function weightRequests(): string[] {
  return hub.asked
    .filter((path) => path.includes('model.safetensors'))
    .map((path) => path.split('/').at(-1) ?? '');
}

describe('keepHubModel', () => {
  it('keeps what a model needs, of one commit, and reads it back without a network', async () => {
    const kept = await keep();
    const total = weights.length + config.length + 2;
    expect(kept).toEqual({
      id,
      revision: 'main',
      commit: 'c0ffee00',
      bytes: total,
      total,
      complete: true,
      usedAt: '2026-01-02T03:04:05.000Z',
    });
    expect(hub.asked.filter((path) => path.includes('/resolve/'))).toEqual([
      '/tiny/model/resolve/c0ffee00/tokenizer.json',
      '/tiny/model/resolve/c0ffee00/config.json',
      '/tiny/model/resolve/c0ffee00/model.safetensors',
    ]);
    expect(progress.at(-1)).toEqual({ file: 'model.safetensors', loaded: total, total });
    vi.stubGlobal('fetch', () => Promise.reject(new TypeError('offline')));
    await expect(keep()).resolves.toEqual(kept);
    expect(await weightsKept()).toEqual(weights);
    const files = await keptFiles(cache, { id });
    await expect(files?.text('config.json', signal)).resolves.toBe(config);
    await expect(files?.text('chat_template.jinja', signal)).resolves.toBeNull();
    await expect(files?.stream('gone.safetensors', signal)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('takes the shards of an index, and not the single file or the copies beside them', async () => {
    hub = fakeHub(id, {
      'config.json': config,
      'tokenizer.json': '{}',
      'model.safetensors.index.json': '{}',
      'model-00001-of-00002.safetensors': weights,
      'model-00002-of-00002.safetensors': weights,
      'consolidated.safetensors': weights,
      'original/model.safetensors': weights,
    });
    vi.stubGlobal('fetch', hub.fetch);
    await keep();
    expect(
      hub.asked.filter((path) => path.includes('safetensors')).map((path) => path.split('/').at(-1)),
    ).toEqual([
      'model.safetensors.index.json',
      'model-00001-of-00002.safetensors',
      'model-00002-of-00002.safetensors',
    ]);
  });

  it('goes on after a pause where it stopped', async () => {
    await pauseAfter(7_000);
    const [partial] = await listKept(cache);
    expect(partial).toMatchObject({ id, complete: false });
    const have = (partial?.bytes ?? 0) - config.length - 2;
    expect(have).toBeGreaterThanOrEqual(5_000);
    expect(have).toBeLessThan(weights.length);
    await expect(keptFiles(cache, { id })).resolves.toBeNull();
    hub.asked.length = 0;
    await keep();
    expect(weightRequests()).toEqual([`model.safetensors from ${have}`]);
    expect(await weightsKept()).toEqual(weights);
  });

  it('goes on by itself when the connection breaks, and says so when it stays away', async () => {
    hub.breakAfter = 9_000;
    await keep();
    expect(weightRequests()).toEqual(['model.safetensors', 'model.safetensors from 9000']);
    expect(await weightsKept()).toEqual(weights);

    cache = new WeightCache(fakeDirectory());
    const { fetch } = hub;
    hub.onBytes = (name) => {
      if (name === 'model.safetensors') {
        hub.breakAfter = 0;
        hub.fetch = () => Promise.reject(new TypeError('offline'));
      }
    };
    vi.stubGlobal('fetch', (...args: Parameters<typeof fetch>) => hub.fetch(...args));
    await expect(keep()).rejects.toMatchObject({ code: 'no-network' });
    hub.onBytes = () => undefined;
    hub.breakAfter = null;
    hub.fetch = fetch;
    await keep();
    expect(await weightsKept()).toEqual(weights);
  });

  it('starts a file again where the server ignores the range', async () => {
    await pauseAfter(7_000);
    hub.ranges = false;
    await keep();
    expect(await weightsKept()).toEqual(weights);
  });

  it('starts a file again when its ETag is another one', async () => {
    await pauseAfter(7_000);
    const manifest = await cache.manifest({ id, revision: 'main' });
    const record = manifest?.files.find((file) => file.name === 'model.safetensors');
    if (!manifest || !record) throw new Error('no manifest');
    expect(record.etag).toMatch(/^"[0-9a-f]{8}"$/);
    record.etag = '"another"';
    await cache.saveManifest(manifest);
    hub.asked.length = 0;
    await keep();
    expect(weightRequests()).toEqual([expect.stringMatching(/ from \d+$/), 'model.safetensors']);
    expect(await weightsKept()).toEqual(weights);
  });

  it('drops bytes whose checksum is wrong, whether they came now or lay there', async () => {
    hub.served.set('model.safetensors', weights.toReversed());
    await expect(keep()).rejects.toMatchObject({ code: 'bad-weights' });
    expect((await listKept(cache))[0]).toMatchObject({ bytes: config.length + 2, complete: false });
    hub.served.clear();

    await pauseAfter(7_000);
    const file = await cache.append({ id, revision: 'main' }, 'model.safetensors');
    const have = file.size();
    file.truncate(have - 1);
    file.append(Uint8Array.of((weights[have - 1] ?? 0) ^ 1));
    file.close();
    await expect(keep()).rejects.toMatchObject({ code: 'bad-weights' });
    await keep();
    expect(await weightsKept()).toEqual(weights);
  });

  it('keeps of a new commit what has not changed', async () => {
    await pauseAfter(7_000);
    hub.commit = 'decade11';
    hub.files.set('tokenizer.json', new TextEncoder().encode('{"new":1}'));
    hub.asked.length = 0;
    await expect(keep()).resolves.toMatchObject({ commit: 'decade11', complete: true });
    expect(weightRequests()).toEqual([expect.stringMatching(/ from \d+$/)]);
    await expect((await keptFiles(cache, { id }))?.text('tokenizer.json', signal)).resolves.toBe('{"new":1}');
  });

  it('says before the first byte that there is no room, and when it runs out all the same', async () => {
    const estimate = () => Promise.resolve({ quota: 30_000, usage: 15_000 });
    const refused = await keep({ estimate }).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'storage-full' });
    expect(String(refused)).toContain('Delete a kept model');
    expect(hub.asked.filter((path) => path.includes('/resolve/'))).toEqual([]);

    cache = new WeightCache(fakeDirectory(9_000));
    await expect(keep()).rejects.toMatchObject({ code: 'storage-full' });
    expect((await listKept(cache))[0]).toMatchObject({ complete: false });
  });

  it('asks for a token where the files are gated, and takes one', async () => {
    hub.token = 'hf_right';
    const refused = await keep().catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'gated' });
    expect(String(refused)).toContain('is gated: it asks for its licence');
    const wrong = await keep({}, 'hf_wrong').catch((error: unknown) => error);
    expect(wrong).toMatchObject({ code: 'gated', sentence: `The Hub does not let this token read ${id}.` });
    await expect(keep({}, 'hf_right')).resolves.toMatchObject({ complete: true });
    const stored = await cache.read({ id, revision: 'main' }, 'manifest.json');
    expect(await stored?.text()).not.toContain('hf_');
  });

  it('refuses what can not run before its weights are fetched', async () => {
    hub.files.set('config.json', new TextEncoder().encode('{"architectures":["MambaForCausalLM"]}'));
    await expect(keep()).rejects.toMatchObject({ code: 'unsupported-model' });
    expect(weightRequests()).toEqual([]);
    hub.files.delete('config.json');
    await expect(keep()).rejects.toMatchObject({ code: 'not-found' });
    await expect(
      keepHubModel(cache, { id: '../x' }, { signal, onProgress: () => undefined }),
    ).rejects.toThrow('is not a Hub model id');
  });
});

describe('kept models', () => {
  it('are listed by last use and deleted', async () => {
    await keep();
    const other = fakeHub('other/model', Object.fromEntries(hub.files));
    vi.stubGlobal('fetch', other.fetch);
    await keepHubModel(cache, { id: 'other/model' }, { signal, onProgress: () => undefined });
    await touchKept(cache, { id }, new Date('2099-01-01'));
    expect((await listKept(cache)).map((kept) => kept.id)).toEqual([id, 'other/model']);
    await cache.remove({ id, revision: 'main' });
    await cache.remove({ id, revision: 'main' });
    expect((await listKept(cache)).map((kept) => kept.id)).toEqual(['other/model']);
  });

  it('are not read when a part of them is gone, and are made whole again', async () => {
    await keep();
    const file = await cache.append({ id, revision: 'main' }, 'model.safetensors');
    await expect(cache.append({ id, revision: 'main' }, 'model.safetensors')).rejects.toMatchObject({
      code: 'storage-busy',
    });
    file.truncate(10_000);
    file.close();
    await expect(keptFiles(cache, { id })).resolves.toBeNull();
    hub.asked.length = 0;
    await keep();
    expect(weightRequests()).toEqual(['model.safetensors from 10000']);
    expect(await weightsKept()).toEqual(weights);
  });

  it('are not listed while their manifest is unreadable; their checked bytes are used again', async () => {
    await keep();
    const changed = await cache.append({ id, revision: 'main' }, 'config.json');
    changed.truncate(0);
    changed.append(new TextEncoder().encode('x'.repeat(config.length)));
    changed.close();
    const manifest = await cache.append({ id, revision: 'main' }, 'manifest.json');
    manifest.truncate(5);
    manifest.close();
    await expect(listKept(cache)).resolves.toEqual([]);
    hub.asked.length = 0;
    await expect(keep()).resolves.toMatchObject({ complete: true });
    expect(weightRequests()).toEqual([]);
    await expect((await keptFiles(cache, { id }))?.text('config.json', signal)).resolves.toBe(config);
  });
});
