/** Bytes to characters a slice at a time, so that no step holds the file twice and every step can be cancelled. */
import { UserError } from '../errors';
import type { ReadOptions } from './types';

const sliceBytes = 4 * 2 ** 20;

/** Throws 'bad-document' where the file went away or may not be opened. */
export async function bytesOf(blob: Blob, name: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return new Uint8Array(await blob.arrayBuffer());
  } catch (error) {
    throw new UserError(
      'bad-document',
      `${name} could not be read.`,
      'Check that it still exists and that the browser may open it, then try again.',
      String(error),
    );
  }
}

/**
 * The characters of `file` in pieces of about 4 million. With `fatal`, bytes that are none in that encoding throw a
 * TypeError.
 */
export async function* decoded(
  file: File,
  encoding: string,
  fatal: boolean,
  { signal, onProgress }: ReadOptions,
): AsyncGenerator<string> {
  const decoder = new TextDecoder(encoding, { fatal });
  for (let at = 0; at < file.size; at += sliceBytes) {
    signal?.throwIfAborted();
    const bytes = await bytesOf(file.slice(at, at + sliceBytes), file.name);
    yield decoder.decode(bytes, { stream: true });
    onProgress?.(Math.min(1, (at + sliceBytes) / file.size));
  }
  yield decoder.decode();
}

/** True for an encoding that the browser knows. */
export function isEncoding(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== '';
  } catch {
    return false;
  }
}

export const guessedNote = 'This file is not UTF-8, so it was read as Western European (Windows-1252).';

/**
 * Feeds the file's characters to `take` in the first encoding that fits: `named`, else UTF-8, else Windows-1252.
 * `restart` is called before the text is read anew. Resolves to a note where the encoding was guessed.
 */
export async function decodeInto(
  file: File,
  named: string | null,
  options: ReadOptions,
  { take, restart }: { take: (piece: string) => void; restart: () => void },
): Promise<string | undefined> {
  const feed = async (encoding: string, fatal: boolean): Promise<void> => {
    for await (const piece of decoded(file, encoding, fatal, options)) take(piece);
  };
  if (named !== null) {
    await feed(named, false);
    return undefined;
  }
  try {
    await feed('utf-8', true);
    return undefined;
  } catch (error) {
    // No UTF-8, yet no control characters either: text in an older Western encoding.
    if (!(error instanceof TypeError)) throw error;
    restart();
    await feed('windows-1252', false);
    return guessedNote;
  }
}
