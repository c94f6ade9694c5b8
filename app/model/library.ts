/** Models kept on this machine: downloaded from the Hub into the weight cache, resumed, listed, and read back as files. */
import { UserError } from '../errors';
import { downloadFile, type DownloadOptions } from '../storage/download';
import {
  isComplete,
  type FileRecord,
  type Manifest,
  type ModelKey,
  type WeightCache,
} from '../storage/weightCache';
import { parseConfig } from './config';
import type { ModelFiles } from './files';
import {
  checkHubId,
  hubHeaders,
  hubListing,
  hubRefusal,
  hubUrl,
  type HubListing,
  type HubSource,
} from './hub';

/** A model on this machine, whole or in part. */
export interface KeptModel {
  id: string;
  revision: string;
  commit: string;
  /** Bytes on disk and bytes of the whole model. */
  bytes: number;
  total: number;
  complete: boolean;
  /** ISO 8601. */
  usedAt: string;
}

export interface DownloadProgress {
  file: string;
  /** Bytes so far and in all, over every file. */
  loaded: number;
  total: number;
}

export interface KeepOptions {
  signal: AbortSignal;
  onProgress: (progress: DownloadProgress) => void;
  /** As `navigator.storage.estimate`. */
  estimate?: () => Promise<StorageEstimate>;
  now?: () => Date;
  download?: Pick<DownloadOptions, 'fetch' | 'wait'>;
}

export function keyOf({ id, revision = 'main' }: HubSource): ModelKey {
  return { id, revision };
}

function totalBytes(files: readonly FileRecord[]): number {
  return files.reduce((total, file) => total + file.size, 0);
}

function keptModel(manifest: Manifest, bytes: number): KeptModel {
  const { id, revision, commit, files, usedAt } = manifest;
  return { id, revision, commit, bytes, total: totalBytes(files), complete: isComplete(manifest), usedAt };
}

export async function listKept(cache: WeightCache): Promise<KeptModel[]> {
  const all = await cache.list();
  return all
    .map(({ manifest, bytes }) => keptModel(manifest, bytes))
    .toSorted((a, b) => b.usedAt.localeCompare(a.usedAt));
}

/**
 * Downloads what is missing of a Hub model; a whole one needs no network. Small files come first, so that a model
 * which can't run here is refused ('unsupported-model', 'bad-model') before its weights are fetched. Throws 'gated',
 * 'not-found', 'no-network', 'storage-full', 'bad-weights', or AbortError when paused; what has arrived stays.
 */
export async function keepHubModel(
  cache: WeightCache,
  source: HubSource,
  options: KeepOptions,
): Promise<KeptModel> {
  checkHubId(source);
  const key = keyOf(source);
  const now = options.now ?? (() => new Date());
  const before = await cache.manifest(key);
  if (before && (await isWhole(cache, before))) return keptModel(before, totalBytes(before.files));

  const listing = await hubListing(source, options.signal);
  const manifest = await startManifest(cache, key, listing, before, now());
  const here = await bytesHere(cache, manifest);
  const total = totalBytes(manifest.files);
  await checkRoom(source.id, total - sum(here), options.estimate);
  const report = (file: string): void => {
    options.onProgress({ file, loaded: sum(here), total });
  };
  for (const record of manifest.files) {
    if (!record.done) {
      const file = await cache.append(key, record.name);
      try {
        await downloadFile(
          { ...record, url: hubUrl(source.id, manifest.commit, record.name), headers: hubHeaders(source) },
          file,
          {
            ...options.download,
            signal: options.signal,
            onBytes: (loaded) => {
              here.set(record.name, loaded);
              report(record.name);
            },
            onEtag: async (etag) => {
              record.etag = etag;
              await cache.saveManifest(manifest);
            },
            refuse: (response) => hubRefusal(response, source, record.name, true),
          },
        );
      } finally {
        file.close();
      }
      record.done = true;
      await cache.saveManifest(manifest);
    }
    if (record.name === 'config.json') await checkConfig(cache, key);
  }
  return keptModel(manifest, total);
}

/** A manifest for `listing` that keeps, of an earlier try, what is still the same; the rest of it is removed. */
async function startManifest(
  cache: WeightCache,
  key: ModelKey,
  { commit, files }: HubListing,
  before: Manifest | null,
  now: Date,
): Promise<Manifest> {
  const known = new Map(before?.files.map((file) => [file.name, file]));
  const isSame = (old: FileRecord | undefined, size: number, sha256: string | null): boolean =>
    old?.size === size && (sha256 === null ? before?.commit === commit : old.sha256 === sha256);
  const records: FileRecord[] = [];
  // Weights last, as they are large.
  const ordered = files.toSorted((a, b) => a.size - b.size || a.name.localeCompare(b.name));
  for (const { name, size, sha256 } of ordered) {
    const old = known.get(name);
    known.delete(name);
    if (old && isSame(old, size, sha256)) records.push(old);
    else {
      // Without a manifest, only a checksum can tell whether bytes that lie there are of this file.
      if (old || sha256 === null) await cache.removeFile(key, name);
      records.push({ name, size, sha256, etag: null, done: false });
    }
  }
  for (const name of known.keys()) await cache.removeFile(key, name);
  const manifest: Manifest = { version: 1, ...key, commit, files: records, usedAt: now.toISOString() };
  await cache.saveManifest(manifest);
  return manifest;
}

/** Bytes on disk by file. A file marked done that is not whole any more is started again. */
async function bytesHere(cache: WeightCache, manifest: Manifest): Promise<Map<string, number>> {
  const here = new Map<string, number>();
  for (const record of manifest.files) {
    const size = (await cache.read(manifest, record.name))?.size ?? 0;
    if (size !== record.size) record.done = false;
    here.set(record.name, Math.min(size, record.size));
  }
  return here;
}

/** Complete, and still there: storage can be cleared or damaged behind the manifest's back. */
async function isWhole(cache: WeightCache, manifest: Manifest): Promise<boolean> {
  if (!isComplete(manifest)) return false;
  await bytesHere(cache, manifest);
  return isComplete(manifest);
}

function sum(here: ReadonlyMap<string, number>): number {
  return [...here.values()].reduce((total, bytes) => total + bytes, 0);
}

async function checkRoom(id: string, needed: number, estimate: KeepOptions['estimate']): Promise<void> {
  const { quota, usage = 0 } = (await estimate?.()) ?? {};
  if (quota === undefined || quota - usage >= needed) return;
  const gib = (bytes: number): string => `${(Math.max(0, bytes) / 2 ** 30).toFixed(2)} GiB`;
  throw new UserError(
    'storage-full',
    `Keeping ${id} takes ${gib(needed)} more, and the browser gives this page ${gib(quota - usage)}.`,
    'Delete a kept model, free space on the disk, or load this one without keeping it.',
  );
}

async function checkConfig(cache: WeightCache, key: ModelKey): Promise<void> {
  const text = await (await cache.read(key, 'config.json'))?.text();
  let json: unknown;
  try {
    json = JSON.parse(text ?? '');
  } catch {
    throw new UserError('bad-model', `config.json of ${key.id} is not valid JSON.`, 'Try another model.');
  }
  parseConfig(json);
}

/** The files of a whole kept model, read from disk without any network; null where it is not kept, or not whole. */
export async function keptFiles(cache: WeightCache, source: HubSource): Promise<ModelFiles | null> {
  const key = keyOf(source);
  const manifest = await cache.manifest(key);
  if (!manifest || !(await isWhole(cache, manifest))) return null;
  return {
    id: source.id,
    text: async (name) => (await cache.read(key, name))?.text() ?? null,
    stream: async (name) => {
      const file = await cache.read(key, name);
      if (file) return { size: file.size, body: file.stream() };
      throw new UserError(
        'not-found',
        `The kept copy of ${source.id} has no ${name}.`,
        'Delete the kept copy and download it again.',
      );
    },
  };
}

/** Notes that a kept model was used now, for the order of the list. */
export async function touchKept(cache: WeightCache, source: HubSource, now = new Date()): Promise<void> {
  const manifest = await cache.manifest(keyOf(source));
  if (manifest) await cache.saveManifest({ ...manifest, usedAt: now.toISOString() });
}
