/** A picked or dropped text file as a string. What is no text is refused by name; nothing is guessed silently. */
import { UserError } from '../errors';

export interface TextFile {
  title: string;
  text: string;
}

/** Beyond this a string, its tokens and its prompt would not fit any model here. */
const maxBytes = 512 * 2 ** 20;
const probeBytes = 64 * 1024;

const formats: readonly (readonly [RegExp, string])[] = [
  [/\.pdf$/i, 'a PDF'],
  [/\.docx?$/i, 'a Word document'],
  [/\.epub$/i, 'an e-book'],
  [/\.(zip|gz|7z|rar|tar)$/i, 'an archive'],
  [/\.(png|jpe?g|gif|webp|heic|bmp)$/i, 'a picture'],
  [/\.(safetensors|gguf|bin|onnx)$/i, 'a model file'],
];

export async function readTextFile(file: File): Promise<TextFile> {
  if (file.size > maxBytes) {
    throw new UserError(
      'bad-document',
      `${file.name} is too large to read as one text.`,
      'Use a file of at most 512 MB, or the part of it that matters.',
    );
  }
  let bytes: Uint8Array;
  try {
    bytes = new Uint8Array(await file.arrayBuffer());
  } catch (error) {
    throw new UserError(
      'bad-document',
      `${file.name} could not be read.`,
      'Check that it still exists and that the browser may open it, then try again.',
      String(error),
    );
  }
  const text = decode(bytes, file.name).replaceAll('\r\n', '\n');
  if (text.trim() === '') {
    throw new UserError('bad-document', `${file.name} is empty.`, 'Choose a file that holds some text.');
  }
  return { title: file.name, text };
}

function decode(bytes: Uint8Array, name: string): string {
  const [first, second, third] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  const marked = first === 0xef && second === 0xbb && third === 0xbf;
  if (!marked && looksBinary(bytes.subarray(0, probeBytes))) throw notText(name);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    // No UTF-8, yet no control characters either: text in an older Western encoding.
    return new TextDecoder('windows-1252').decode(bytes);
  }
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

function notText(name: string): UserError {
  const format = formats.find(([pattern]) => pattern.test(name))?.[1];
  return new UserError(
    'bad-document',
    format ? `${name} is ${format}, not plain text.` : `${name} is not a text file.`,
    'Choose a .txt or .md file, or copy the text and paste it here.',
  );
}
