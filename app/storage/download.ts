/** One file into storage: from where it stopped, through broken connections, and checked before it counts as there. */
import { createSHA256 } from 'hash-wasm';
import { UserError } from '../errors';
import type { AppendFile } from './weightCache';

export interface DownloadRequest {
  name: string;
  url: string;
  headers: Record<string, string>;
  /** Bytes of the whole file. */
  size: number;
  /** Lower-case hex, null where none is stated. */
  sha256: string | null;
  /** Of the bytes that are there already, null if none or unknown. */
  etag: string | null;
}

export interface DownloadOptions {
  signal: AbortSignal;
  /** Bytes of this file that are there. */
  onBytes: (loaded: number) => void;
  /** The ETag of what is being written, before its first byte is. */
  onEtag: (etag: string | null) => Promise<void>;
  /** The error for an answer that is neither 200, 206 nor worth another try. */
  refuse: (response: Response) => UserError;
  fetch?: typeof fetch;
  /** Waits between tries; tests don't. */
  wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

/** Bytes hashed at a time when going on, and written between two flushes. */
const readBytes = 4 * 2 ** 20;
const flushBytes = 32 * 2 ** 20;
/** Tries in a row that bring no byte. */
const mostTries = 4;

/**
 * Fills `file` up to `size` bytes. Throws 'bad-weights' when the checksum is wrong (the bytes are then dropped),
 * 'no-network' when the connection stays away, 'storage-full', or what `refuse` makes of an answer; AbortError when
 * paused. Except after a wrong checksum, what has arrived stays.
 *
 * No `If-Range`: it would need a CORS preflight, which the Hub's file servers do not all answer. A plain `Range` is
 * exempt from it, so the ETag of the answer is compared here instead, and the checksum has the last word.
 */
export async function downloadFile(
  request: DownloadRequest,
  file: AppendFile,
  options: DownloadOptions,
): Promise<void> {
  const { name, size, sha256 } = request;
  const hasher = await createSHA256();
  hasher.init();
  let etag = request.etag;
  const restart = (): void => {
    file.truncate(0);
    hasher.init();
  };
  if (file.size() > size) restart();
  else if (sha256 !== null) await hashStored(file, hasher, options.signal);
  options.onBytes(file.size());

  const started = file.size();
  let tries = 0;
  while (file.size() < size) {
    const before = file.size();
    try {
      const response = await ask(request, file.size(), options);
      const answered = response.headers.get('etag');
      const changed = etag !== null && answered !== null && answered !== etag;
      if (file.size() > 0 && (changed || !continues(response, file.size(), size))) {
        restart();
        etag = null;
        // A 200 carries the file from its start; anything else has to be asked for again.
        if (response.status !== 200) {
          await response.body?.cancel();
          continue;
        }
      }
      if (file.size() === 0) {
        etag = answered;
        await options.onEtag(etag);
      }
      await take(response, request, file, hasher, options);
    } catch (error) {
      options.signal.throwIfAborted();
      if (error instanceof UserError) throw error;
      tries = file.size() > before ? 1 : tries + 1;
      // Nothing has come at all: there is no connection, and waiting would only hide it.
      if (file.size() <= started || tries >= mostTries) throw interrupted(request, error);
      await (options.wait ?? wait)(500 * 2 ** tries, options.signal);
    }
  }
  file.flush();
  if (sha256 !== null && hasher.digest() !== sha256) {
    file.truncate(0);
    file.flush();
    throw new UserError(
      'bad-weights',
      `${name} arrived damaged: its SHA-256 is not the one that its source states.`,
      'Download it again. If it happens twice, something between here and the Hub changes files.',
    );
  }
}

type Hasher = Awaited<ReturnType<typeof createSHA256>>;

async function hashStored(file: AppendFile, hasher: Hasher, signal: AbortSignal): Promise<void> {
  const buffer = new Uint8Array(Math.min(readBytes, file.size()));
  for (let at = 0; at < file.size();) {
    const count = file.read(buffer, at);
    if (count === 0) break;
    hasher.update(buffer.subarray(0, count));
    at += count;
    // Lets a pause through.
    await new Promise((done) => {
      setTimeout(done);
    });
    signal.throwIfAborted();
  }
}

async function ask(request: DownloadRequest, from: number, options: DownloadOptions): Promise<Response> {
  const headers = { ...request.headers, ...(from > 0 && { range: `bytes=${from}-` }) };
  // Not stored a second time in the browser's own cache.
  const response = await (options.fetch ?? fetch)(request.url, {
    headers,
    signal: options.signal,
    cache: 'no-store',
  });
  if (response.status === 200 || response.status === 206 || response.status === 416) return response;
  if (response.status === 429 || response.status >= 500)
    throw new Error(`${request.url} answered ${response.status}`);
  throw options.refuse(response);
}

/** True where the answer goes on exactly at `from` in a file of `size` bytes. */
function continues(response: Response, from: number, size: number): boolean {
  if (response.status !== 206) return false;
  // Not readable across origins unless the server exposes it; the checksum decides then.
  const range = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(response.headers.get('content-range') ?? '');
  return range === null || (Number(range[1]) === from && (range[2] === '*' || Number(range[2]) === size));
}

async function take(
  response: Response,
  request: DownloadRequest,
  file: AppendFile,
  hasher: Hasher,
  { signal, onBytes }: DownloadOptions,
): Promise<void> {
  if (response.status === 416 || !response.body) throw new Error(`no body (${response.status})`);
  const reader = response.body.getReader();
  try {
    for (let unflushed = 0; ;) {
      const { done, value } = await reader.read();
      signal.throwIfAborted();
      if (done) break;
      if (file.size() + value.byteLength > request.size) {
        file.truncate(0);
        throw new UserError(
          'bad-weights',
          `${request.name} is longer than its source states.`,
          'Download it again; the file may just have been replaced.',
        );
      }
      file.append(value);
      hasher.update(value);
      onBytes(file.size());
      unflushed += value.byteLength;
      if (unflushed >= flushBytes) {
        file.flush();
        unflushed = 0;
      }
    }
  } finally {
    reader.cancel().catch(() => undefined);
    file.flush();
  }
  if (file.size() < request.size) throw new Error(`ended after ${file.size()} of ${request.size} bytes`);
}

function interrupted({ name, url }: DownloadRequest, error: unknown): UserError {
  return new UserError(
    'no-network',
    `The download of ${name} from ${new URL(url).host} was interrupted: it could not be reached.`,
    'Check the connection and resume; what has arrived is kept. The built-in model works offline.',
    String(error),
  );
}

function wait(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done, fail) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', () => {
      clearTimeout(timer);
      fail(signal.reason as Error);
    });
  });
}
