/** Plain text of any size: decoded by its mark, as UTF-8, or aloud as an older Western encoding. */
import { decodeInto } from './decode';
import { encodingMark } from './formats';
import type { Reading, ReadOptions } from './types';

export async function readText(file: File, head: Uint8Array, options: ReadOptions = {}): Promise<Reading> {
  let pieces: string[] = [];
  const note = await decodeInto(file, encodingMark(head), options, {
    take: (piece) => pieces.push(piece),
    restart: () => {
      pieces = [];
    },
  });
  const text = pieces.join('').replaceAll('\r\n', '\n');
  return note === undefined ? { text } : { text, note };
}
