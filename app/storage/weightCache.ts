/**
 * Model files kept in the origin private file system: one folder a model, a manifest beside its files. Written through
 * sync access handles, which workers of every browser with WebGPU have: bytes are on disk as they arrive, so what a
 * closed tab leaves behind is still there to go on from. (A `createWritable` stream would lose them.)
 */
import * as v from 'valibot';
import { UserError } from '../errors';

const FileRecord = v.object({
  name: v.pipe(v.string(), v.regex(/^[\w-][\w.-]*$/)),
  /** Bytes of the whole file. */
  size: v.pipe(v.number(), v.safeInteger(), v.minValue(0)),
  /** Lower-case hex, null where the source states none. */
  sha256: v.nullable(v.string()),
  /** Of the answer that the bytes came from; null where it was not readable. */
  etag: v.nullable(v.string()),
  /** All bytes are there and the checksum, if one was stated, is right. */
  done: v.boolean(),
});

const Manifest = v.object({
  version: v.literal(1),
  id: v.string(),
  /** As asked for: a branch, tag or commit. */
  revision: v.string(),
  /** The commit that the files are of. */
  commit: v.string(),
  files: v.array(FileRecord),
  /** ISO 8601. */
  usedAt: v.string(),
});

export type FileRecord = v.InferOutput<typeof FileRecord>;
export type Manifest = v.InferOutput<typeof Manifest>;

/** One model's files. Ids and revisions as the Hub writes them. */
export interface ModelKey {
  id: string;
  revision: string;
}

/** A file that grows at its end. Closed exactly once; others can't open it before. */
export interface AppendFile {
  size(): number;
  /** Bytes read into `into` from `at` on. */
  read(into: Uint8Array, at: number): number;
  /** Throws 'storage-full'. */
  append(bytes: Uint8Array): void;
  truncate(size: number): void;
  flush(): void;
  close(): void;
}

const manifestName = 'manifest.json';

export function isComplete(manifest: Manifest): boolean {
  return manifest.files.length > 0 && manifest.files.every((file) => file.done);
}

function storageFull(detail: string): UserError {
  return new UserError(
    'storage-full',
    'The browser has no room left for this model.',
    'Delete a kept model, free space on the disk, or load this one without keeping it.',
    detail,
  );
}

/** Both the old DOMException and the newer class of that name. */
function asUserError(error: unknown): unknown {
  if (error instanceof Error && error.name === 'QuotaExceededError') return storageFull(error.message);
  if (error instanceof Error && error.name === 'NoModificationAllowedError') {
    return new UserError(
      'storage-busy',
      'Another tab is writing this model.',
      'Wait for it, or close that tab.',
      error.message,
    );
  }
  return error;
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && error.name === 'NotFoundError';
}

export class WeightCache {
  constructor(private readonly root: FileSystemDirectoryHandle) {}

  /** null where there is no such file system, or not for this page (private windows of some browsers). */
  static async open(): Promise<WeightCache | null> {
    if (
      !('FileSystemFileHandle' in globalThis) ||
      !('createSyncAccessHandle' in FileSystemFileHandle.prototype)
    )
      return null;
    try {
      const root = await navigator.storage.getDirectory();
      return new WeightCache(await root.getDirectoryHandle('models', { create: true }));
    } catch {
      return null;
    }
  }

  /**
   * Every model with a readable manifest and the bytes of it on disk. A folder without one is left alone: it may just
   * be made, and a download of its model goes on from what is in it.
   */
  async list(): Promise<{ manifest: Manifest; bytes: number }[]> {
    const found: { manifest: Manifest; bytes: number }[] = [];
    const names: string[] = [];
    for await (const name of this.root.keys()) names.push(name);
    for (const name of names) {
      const folder = await this.root.getDirectoryHandle(name);
      const manifest = await readManifest(folder);
      if (!manifest) continue;
      let bytes = 0;
      for (const file of manifest.files) bytes += (await open(folder, file.name))?.size ?? 0;
      found.push({ manifest, bytes });
    }
    return found;
  }

  async manifest(key: ModelKey): Promise<Manifest | null> {
    const folder = await this.folder(key, false);
    return folder && readManifest(folder);
  }

  async saveManifest(manifest: Manifest): Promise<void> {
    const folder = await this.folder(manifest, true);
    const file = await openAppend(folder, manifestName);
    try {
      file.truncate(0);
      file.append(new TextEncoder().encode(JSON.stringify(manifest)));
      file.flush();
    } finally {
      file.close();
    }
  }

  /** A kept file to read, null if there is none. */
  async read(key: ModelKey, name: string): Promise<File | null> {
    const folder = await this.folder(key, false);
    return folder && open(folder, name);
  }

  async append(key: ModelKey, name: string): Promise<AppendFile> {
    return openAppend(await this.folder(key, true), name);
  }

  async removeFile(key: ModelKey, name: string): Promise<void> {
    const folder = await this.folder(key, false);
    await folder?.removeEntry(name).catch((error: unknown) => {
      if (!isMissing(error)) throw asUserError(error);
    });
  }

  async remove(key: ModelKey): Promise<void> {
    await this.root.removeEntry(folderName(key), { recursive: true }).catch((error: unknown) => {
      if (!isMissing(error)) throw asUserError(error);
    });
  }

  private folder(key: ModelKey, create: true): Promise<FileSystemDirectoryHandle>;
  private folder(key: ModelKey, create: boolean): Promise<FileSystemDirectoryHandle | null>;
  private async folder(key: ModelKey, create: boolean): Promise<FileSystemDirectoryHandle | null> {
    try {
      return await this.root.getDirectoryHandle(folderName(key), { create });
    } catch (error) {
      if (isMissing(error)) return null;
      throw asUserError(error);
    }
  }
}

/** Percent-encoded, so that no two keys share a folder and none is a path. */
function folderName({ id, revision }: ModelKey): string {
  return encodeURIComponent(`${id}@${revision}`);
}

async function open(folder: FileSystemDirectoryHandle, name: string): Promise<File | null> {
  try {
    return await (await folder.getFileHandle(name)).getFile();
  } catch (error) {
    if (isMissing(error)) return null;
    throw asUserError(error);
  }
}

async function readManifest(folder: FileSystemDirectoryHandle): Promise<Manifest | null> {
  const file = await open(folder, manifestName);
  if (!file) return null;
  try {
    const parsed = v.safeParse(Manifest, JSON.parse(await file.text()));
    return parsed.success ? parsed.output : null;
  } catch {
    return null;
  }
}

async function openAppend(folder: FileSystemDirectoryHandle, name: string): Promise<AppendFile> {
  let handle: FileSystemSyncAccessHandle;
  try {
    handle = await (await folder.getFileHandle(name, { create: true })).createSyncAccessHandle();
  } catch (error) {
    throw asUserError(error);
  }
  let end = handle.getSize();
  return {
    size: () => end,
    read: (into, at) => handle.read(into, { at }),
    append: (bytes) => {
      let written: number;
      try {
        written = handle.write(bytes, { at: end });
      } catch (error) {
        throw asUserError(error);
      }
      end += written;
      if (written < bytes.byteLength)
        throw storageFull(`${written} of ${bytes.byteLength} bytes were written`);
    },
    truncate: (size) => {
      handle.truncate(size);
      end = size;
    },
    flush: () => {
      handle.flush();
    },
    close: () => {
      handle.close();
    },
  };
}
