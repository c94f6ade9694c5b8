/** The wanted entries of a zip archive, with a bound on what they may swell to. */
import { unzipSync } from 'fflate';
import { UserError } from '../errors';

/** Inflated bytes of the wanted entries together: what `readDocument` allows a plain file. */
export const maxInflated = 512 * 2 ** 20;
/** Deflate cannot pack tighter than 1,032 to 1; a header that claims more is forged. */
const maxRatio = 1_032;

export type ZipEntries = ReadonlyMap<string, Uint8Array>;

/**
 * `bytes` is the whole archive. Sizes are those of its central directory, and an entry is inflated into a buffer of
 * exactly that size: what a forged directory hides beyond it is dropped, never allocated.
 * Throws 'bad-document' for what is no archive, is damaged, or would swell beyond `limit` bytes.
 */
export function unzip(
  bytes: Uint8Array,
  name: string,
  wanted: (path: string) => boolean,
  limit = maxInflated,
): ZipEntries {
  let total = 0;
  try {
    const entries = unzipSync(bytes, {
      filter: ({ name: path, size, originalSize }) => {
        if (!wanted(path)) return false;
        total += originalSize;
        if (total > limit || originalSize > size * maxRatio + 64) throw tooLarge(name);
        return true;
      },
    });
    return new Map(Object.entries(entries));
  } catch (error) {
    if (error instanceof UserError) throw error;
    throw damaged(name, String(error));
  }
}

function tooLarge(name: string): UserError {
  return new UserError(
    'bad-document',
    `${name} would swell to more than this page unpacks.`,
    'Use a document of at most 512 MB of text, or the part of it that matters.',
  );
}

export function damaged(name: string, detail?: string): UserError {
  return new UserError(
    'bad-document',
    `${name} is damaged: it cannot be unpacked as the format asks.`,
    'Open it in the program that made it, save it again, and try once more.',
    detail,
  );
}
