/** Which reader a file needs: by its first bytes where they tell, by its name otherwise. */
import { UserError } from '../errors';

/** `text` holds every plain format: txt, md, json, csv, logs and source code are read as they stand. */
export type DocumentKind = 'text' | 'html' | 'pdf' | 'docx' | 'epub';

/** Bytes from the start of a file that `kindOf` wants to see. */
export const probeBytes = 64 * 1024;

const remedy =
  'Choose a text, HTML, PDF, Word (.docx) or EPUB file, or copy the text out of it and paste it here.';

const otherFormats: readonly (readonly [RegExp, string])[] = [
  [/\.(doc|rtf|odt|pages)$/i, 'a document of another word processor'],
  [/\.(xlsx?|ods|numbers)$/i, 'a spreadsheet'],
  [/\.(pptx?|odp|key)$/i, 'a presentation'],
  [/\.(mobi|azw3?|kfx)$/i, 'a Kindle book'],
  [/\.pdf$/i, 'a damaged PDF'],
  [/\.docx$/i, 'a damaged Word document'],
  [/\.epub$/i, 'a damaged e-book'],
  [/\.(zip|gz|bz2|xz|zst|7z|rar|tar|tgz|jar)$/i, 'an archive'],
  [/\.(png|jpe?g|gif|webp|avif|heic|bmp|tiff?)$/i, 'a picture'],
  [/\.(mp3|wav|flac|ogg|m4a|mp4|mkv|mov|webm|avi)$/i, 'a recording'],
  [/\.(safetensors|gguf|bin|onnx|pt|pth)$/i, 'a model file'],
];

/** Refuses with 'bad-document' what no reader here can read. `head` is the first `probeBytes` of the file. */
export function kindOf(name: string, type: string, head: Uint8Array): DocumentKind {
  // Some printers write a few lines before the mark, and every PDF reader looks past them.
  if (ascii(head.subarray(0, 1024)).includes('%PDF-')) return 'pdf';
  if (startsWith(head, [0x50, 0x4b, 0x03, 0x04])) return packed(name, head);
  if (startsWith(head, [0xd0, 0xcf, 0x11, 0xe0])) throw compound(name);
  if (/\.rtf$/i.test(name) || (!encodingMark(head) && looksBinary(head))) throw notText(name);
  if (/\.(html?|xhtml|mhtml)$/i.test(name) || (type === 'text/html' && !name.includes('.'))) return 'html';
  return 'text';
}

/** Word documents and e-books are zip archives; the name decides, and what lies first in the archive where it does not. */
function packed(name: string, head: Uint8Array): DocumentKind {
  if (/\.(docx|docm|dotx)$/i.test(name)) return 'docx';
  if (/\.epub$/i.test(name)) return 'epub';
  const names = ascii(head);
  if (names.includes('mimetypeapplication/epub+zip')) return 'epub';
  if (names.includes('word/document.xml')) return 'docx';
  throw notText(name);
}

/** The container of .doc files, and of .docx files that ask for a password. */
function compound(name: string): UserError {
  return /\.docx$/i.test(name)
    ? new UserError(
        'bad-document',
        `${name} is protected by a password, or is an older Word document.`,
        'Open it in a word processor, save it as .docx without a password, and try again.',
      )
    : notText(name);
}

function notText(name: string): UserError {
  const format = otherFormats.find(([pattern]) => pattern.test(name))?.[1];
  return new UserError(
    'bad-document',
    format ? `${name} is ${format}, not plain text.` : `${name} is not a text file.`,
    remedy,
  );
}

/** The encoding that a byte order mark names. */
export function encodingMark(head: Uint8Array): 'utf-8' | 'utf-16le' | 'utf-16be' | null {
  if (startsWith(head, [0xef, 0xbb, 0xbf])) return 'utf-8';
  if (startsWith(head, [0xff, 0xfe])) return 'utf-16le';
  if (startsWith(head, [0xfe, 0xff])) return 'utf-16be';
  return null;
}

/** Control characters other than tab, line feed, form feed, carriage return and escape do not stand in texts. */
function looksBinary(bytes: Uint8Array): boolean {
  let odd = 0;
  for (const byte of bytes) {
    if (byte === 0) return true;
    if (byte < 32 && byte !== 9 && byte !== 10 && byte !== 12 && byte !== 13 && byte !== 27) odd++;
  }
  return odd > bytes.length / 200;
}

function startsWith(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, at) => bytes[at] === byte);
}

function ascii(bytes: Uint8Array): string {
  return new TextDecoder('latin1').decode(bytes);
}
