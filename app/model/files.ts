/** Where a model's files come from: this site or a folder the user chose; `hub.ts` has the Hub. Always streamed. */
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

export function missing(id: string, name: string): UserError {
  return new UserError(
    'not-found',
    `${id} has no ${name}.`,
    'A model needs config.json, tokenizer.json and model.safetensors (or its shards with an index).',
  );
}

export async function tryFetch(
  url: string,
  signal: AbortSignal,
  headers: HeadersInit = {},
): Promise<Response> {
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
export function isPage(response: Response, name: string): boolean {
  return !name.endsWith('.html') && (response.headers.get('content-type') ?? '').startsWith('text/html');
}

export function streamOf(response: Response, id: string, name: string): FileStream {
  if (!response.body) throw missing(id, name);
  const length = response.headers.get('content-length');
  // A compressed transfer's length is not the file's.
  const encoded = response.headers.get('content-encoding') !== null;
  return { size: length === null || encoded ? null : Number(length), body: response.body };
}

/** What the built-in model's folder holds of what a model may have. */
export const builtinNames: ReadonlySet<string> = new Set([
  'config.json',
  'generation_config.json',
  'tokenizer.json',
  'tokenizer_config.json',
  'model.safetensors',
]);

/** Files under a URL that ends with a slash; where their names are known, no other is asked for. */
export function urlFiles(id: string, base: string, names?: ReadonlySet<string>): ModelFiles {
  const get = async (name: string, signal: AbortSignal): Promise<Response | null> => {
    // A browser logs an error for each file that is not there, however it is taken.
    if (names && !names.has(name)) return null;
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
