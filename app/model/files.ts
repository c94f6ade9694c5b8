/** Where a model's files come from: this site, a folder the user chose, or the Hugging Face Hub. Always streamed. */
import { UserError } from '../errors';

export interface FileStream {
  /** Bytes, null when the server does not say. */
  size: number | null;
  body: ReadableStream<Uint8Array>;
}

export interface ModelFiles {
  readonly id: string;
  /** A small text file, or null if there is none of that name. */
  text(name: string, signal: AbortSignal): Promise<string | null>;
  /** A file from its first byte on. Throws 'not-found' if there is none. */
  stream(name: string, signal: AbortSignal): Promise<FileStream>;
}

function missing(id: string, name: string): UserError {
  return new UserError(
    'not-found',
    `${id} has no ${name}.`,
    'A model needs config.json, tokenizer.json and model.safetensors (or its shards with an index).',
  );
}

async function tryFetch(url: string, signal: AbortSignal, headers: HeadersInit = {}): Promise<Response> {
  try {
    return await fetch(url, { signal, headers });
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw new UserError(
      'no-network',
      `${new URL(url).host} could not be reached.`,
      'Check the connection; the built-in model and folders work offline.',
      String(error),
    );
  }
}

/** Development servers answer an unknown path with their index page and status 200. */
function isPage(response: Response, name: string): boolean {
  return !name.endsWith('.html') && (response.headers.get('content-type') ?? '').startsWith('text/html');
}

function streamOf(response: Response, id: string, name: string): FileStream {
  if (!response.body) throw missing(id, name);
  const length = response.headers.get('content-length');
  // A compressed transfer's length is not the file's.
  const encoded = response.headers.get('content-encoding') !== null;
  return { size: length === null || encoded ? null : Number(length), body: response.body };
}

/** Files under a URL that ends with a slash. */
export function urlFiles(id: string, base: string): ModelFiles {
  const get = async (name: string, signal: AbortSignal): Promise<Response | null> => {
    const response = await tryFetch(new URL(name, base).href, signal);
    if (response.status === 404 || (response.ok && isPage(response, name))) return null;
    if (response.ok) return response;
    throw new UserError(
      'not-found',
      `${name} of ${id} could not be read (${response.status}).`,
      'Try again.',
    );
  };
  return {
    id,
    text: async (name, signal) => (await get(name, signal))?.text() ?? null,
    stream: async (name, signal) => {
      const response = await get(name, signal);
      if (!response) throw missing(id, name);
      return streamOf(response, id, name);
    },
  };
}

/** Files that the user picked or dropped: those of one folder, found by their last path part. */
export function folderFiles(id: string, files: readonly File[]): ModelFiles {
  // Absent outside browsers, whatever its type says.
  const pathOf = (file: File): string | undefined => file.webkitRelativePath;
  const depth = (file: File): number => (pathOf(file) ?? '').split('/').length;
  // The file nearest the top wins, where a folder holds copies in subfolders.
  const byName = new Map(files.toSorted((a, b) => depth(b) - depth(a)).map((file) => [file.name, file]));
  return {
    id,
    text: async (name) => (await byName.get(name)?.text()) ?? null,
    stream: (name) => {
      const file = byName.get(name);
      if (!file) return Promise.reject(missing(`The folder ${id}`, name));
      return Promise.resolve({ size: file.size, body: file.stream() });
    },
  };
}

const hubId = /^[\w.-]+\/[\w.-]+$/;

/** Files of a Hub repository. The token, if any, goes to huggingface.co alone and is never stored. */
export function hubFiles(id: string, revision = 'main', token?: string): ModelFiles {
  if (!hubId.test(id) || id.includes('..') || !/^[\w./-]+$/.test(revision) || revision.includes('..')) {
    throw new UserError(
      'not-found',
      `'${id}' is not a Hub model id.`,
      "Write it as owner/name, for example 'Qwen/Qwen2.5-0.5B-Instruct'.",
    );
  }
  const headers = token === undefined || token === '' ? {} : { authorization: `Bearer ${token}` };
  const get = async (name: string, signal: AbortSignal): Promise<Response> =>
    tryFetch(`https://huggingface.co/${id}/resolve/${encodeURIComponent(revision)}/${name}`, signal, headers);
  const check = (response: Response, name: string): Response => {
    if (response.ok && !isPage(response, name)) return response;
    // The Hub answers 401 for what does not exist as well as for what is gated, unless a token is sent.
    if (response.status === 401 || response.status === 403) {
      throw new UserError(
        'gated',
        `${id} does not exist, is private or asks for its licence to be accepted first.`,
        'Check the id; for a gated model, accept its licence on huggingface.co and give an access token (kept in memory only).',
      );
    }
    if (response.status === 404) throw missing(id, name);
    throw new UserError(
      'no-network',
      `The Hub answered ${response.status} for ${name} of ${id}.`,
      'Try again later.',
    );
  };
  return {
    id,
    text: async (name, signal) => {
      const response = await get(name, signal);
      // config.json is asked for first: with it missing, the repository is no model and says so.
      if (response.status === 404 && name !== 'config.json') return null;
      return check(response, name).text();
    },
    stream: async (name, signal) => streamOf(check(await get(name, signal), name), id, name),
  };
}
