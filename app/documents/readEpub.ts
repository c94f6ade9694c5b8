/** An e-book (EPUB 2 and 3): its chapters in reading order, each under the title that the table of contents gives it. */
import { UserError } from '../errors';
import { markupText } from './markup';
import { encodingMark } from './formats';
import { parseXml, resolvePath } from './xml';
import { damaged, unzip, type ZipEntries } from './zip';
import type { Reading } from './types';

const wanted = /(^META-INF\/(container|encryption)\.xml|\.(opf|ncx|x?html?|xml))$/i;
/** Fonts are often obfuscated so, which hinders nobody from reading. */
const fontMangling = /idpf\.org\/2008\/embedding|ns\.adobe\.com\/pdf\/enc#RC/i;

interface Package {
  /** Paths of the chapters in reading order. */
  spine: string[];
  contents: string | null;
}

export function readEpub(bytes: Uint8Array, name: string, limit?: number): Reading {
  const entries = unzip(bytes, name, (path) => wanted.test(path), limit);
  if (isProtected(entries)) {
    throw new UserError(
      'bad-document',
      `${name} is protected against copying (DRM), so it cannot be read here.`,
      'Use a copy without protection, or paste the text that you need.',
    );
  }
  const container = entries.get('META-INF/container.xml');
  const path = container && rootFile(container);
  const opf = path === undefined || path === null ? undefined : entries.get(path);
  if (typeof path !== 'string' || !opf) throw damaged(name, 'no package document');
  const { spine, contents } = readPackage(opf, path);
  const titles = contents === null ? new Map<string, string>() : chapterTitles(entries, contents);
  const chapters = spine.map((chapter) => chapterText(entries.get(chapter), titles.get(chapter)));
  const text = chapters.filter((chapter) => chapter !== '').join('\n\n');
  const missing = spine.filter((chapter) => !entries.has(chapter)).length;
  return missing === 0
    ? { text }
    : { text, note: `${missing} of ${spine.length} chapters are missing from the file.` };
}

function isProtected(entries: ZipEntries): boolean {
  const encryption = entries.get('META-INF/encryption.xml');
  if (!encryption) return false;
  let locked = false;
  parseXml(encryption, {
    open: (name, { Algorithm: algorithm = '' }) => {
      if (name === 'EncryptionMethod' && !fontMangling.test(algorithm)) locked = true;
    },
  });
  return locked;
}

function rootFile(container: Uint8Array): string | null {
  let path: string | null = null;
  parseXml(container, {
    open: (name, attributes) => {
      if (name === 'rootfile') path ??= attributes['full-path'] ?? null;
    },
  });
  return path;
}

function readPackage(opf: Uint8Array, path: string): Package {
  const items = new Map<string, string>();
  const order: string[] = [];
  let nav: string | null = null;
  let ncx: string | null = null;
  parseXml(opf, {
    open: (name, attributes) => {
      const { id = '', href, idref } = attributes;
      if (name === 'item' && href !== undefined) {
        const target = resolvePath(path, href);
        items.set(id, target);
        if (attributes.properties?.split(' ').includes('nav')) nav = target;
        if (attributes['media-type'] === 'application/x-dtbncx+xml') ncx = target;
      }
      if (name === 'itemref' && idref !== undefined) order.push(idref);
    },
  });
  const spine = order.flatMap((id) => items.get(id) ?? []);
  // The table of contents repeats what the chapters say.
  return { spine: spine.filter((chapter) => chapter !== nav), contents: nav ?? ncx };
}

/** Path to title from an EPUB 3 navigation document or an EPUB 2 ncx; the first entry that points into a file names it. */
function chapterTitles(entries: ZipEntries, contents: string): Map<string, string> {
  const titles = new Map<string, string>();
  const document = entries.get(contents);
  if (!document) return titles;
  let label = '';
  let target: string | null = null;
  const keep = (href: string | null): void => {
    const title = label.replaceAll(/\s+/g, ' ').trim();
    if (href === null || title === '') return;
    const path = resolvePath(contents, href);
    if (!titles.has(path)) titles.set(path, title);
  };
  parseXml(document, {
    open: (name, { href, src }) => {
      if (name === 'a' || name === 'navLabel') label = '';
      if (name === 'a') target = href ?? null;
      // In an ncx the label stands before its target.
      if (name === 'content') keep(src ?? null);
    },
    close: (name) => {
      if (name === 'a') keep(target);
    },
    text: (data) => {
      label += data;
    },
  });
  return titles;
}

function chapterText(bytes: Uint8Array | undefined, title: string | undefined): string {
  if (!bytes) return '';
  const text = markupText(new TextDecoder(encodingMark(bytes) ?? 'utf-8').decode(bytes));
  if (title === undefined || text === '') return text;
  const [first = ''] = text.split('\n', 1);
  // Most chapters begin with the title already; it is said once.
  const rest = same(first, title) ? text.slice(first.length).trimStart() : text;
  return rest === '' ? `## ${title}` : `## ${title}\n\n${rest}`;
}

function same(first: string, second: string): boolean {
  const plain = (text: string): string =>
    text
      .toLowerCase()
      .replaceAll(/[\s\p{P}]+/gu, ' ')
      .trim();
  return plain(first) === plain(second);
}
