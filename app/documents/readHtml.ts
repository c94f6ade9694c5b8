/** A saved web page: its text without scripts, styles and tags. */
import { decodeInto, isEncoding } from './decode';
import { encodingMark } from './formats';
import { MarkupText } from './markup';
import type { Reading, ReadOptions } from './types';

export async function readHtml(file: File, head: Uint8Array, options: ReadOptions = {}): Promise<Reading> {
  let reader = new MarkupText();
  const note = await decodeInto(file, encodingMark(head) ?? declared(head), options, {
    take: (piece) => {
      reader.write(piece);
    },
    restart: () => {
      reader = new MarkupText();
    },
  });
  const text = reader.end();
  return note === undefined ? { text } : { text, note };
}

/** The encoding that the page declares in its first kilobyte, where browsers look for it. */
function declared(head: Uint8Array): string | null {
  const start = new TextDecoder('latin1').decode(head.subarray(0, 1024));
  const label = /<meta[^>]+charset\s*=\s*["']?\s*([\w-]+)/i.exec(start)?.[1]?.toLowerCase();
  // A page that says UTF-8 and is not is read again; whoever names another encoding is believed.
  if (label === undefined || /^utf-?8$/.test(label) || !isEncoding(label)) return null;
  // UTF-16 cannot have been declared in single bytes: such pages are UTF-8.
  return label.startsWith('utf-16') ? 'utf-8' : label;
}
