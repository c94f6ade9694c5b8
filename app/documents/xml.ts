/** The XML inside Word documents and e-books, as events; prefixes are dropped, since producers differ in them. */
import { Parser } from 'htmlparser2';
import { encodingMark } from './formats';

export interface XmlEvents {
  /** `attributes` by their local names. */
  open?: (name: string, attributes: Readonly<Record<string, string>>) => void;
  close?: (name: string) => void;
  text?: (data: string) => void;
}

/** Bytes decoded at once. */
const sliceBytes = 2 ** 20;

export function parseXml(bytes: Uint8Array, events: XmlEvents): void {
  const parser = new Parser(
    {
      onopentag: (name, attributes) =>
        events.open?.(
          local(name),
          Object.fromEntries(Object.entries(attributes).map(([key, value]) => [local(key), value])),
        ),
      onclosetag: (name) => events.close?.(local(name)),
      ontext: (data) => events.text?.(data),
    },
    { xmlMode: true, decodeEntities: true },
  );
  const decoder = new TextDecoder(encodingMark(bytes) ?? 'utf-8');
  for (let at = 0; at < bytes.length; at += sliceBytes)
    parser.write(decoder.decode(bytes.subarray(at, at + sliceBytes), { stream: true }));
  parser.write(decoder.decode());
  parser.end();
}

function local(name: string): string {
  return name.slice(name.indexOf(':') + 1);
}

/** A path in an archive as seen from the file `base`; percent signs and `..` resolved, the fragment dropped. */
export function resolvePath(base: string, href: string): string {
  const [bare = ''] = href.split('#');
  const parts = bare.startsWith('/') ? [] : base.split('/').slice(0, -1);
  for (const part of decodePath(bare).split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}

function decodePath(path: string): string {
  try {
    return decodeURIComponent(path);
  } catch {
    return path;
  }
}
