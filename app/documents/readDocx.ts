/**
 * A Word document (ECMA-376): the text of its body, then its notes. A walk over WordprocessingML instead of mammoth,
 * which builds the whole tree and a HTML of it first, unpacks without a bound, and is 92 KB to this file's 10.
 */
import { UserError } from '../errors';
import { parseXml, resolvePath } from './xml';
import { unzip, type ZipEntries } from './zip';
import type { Reading } from './types';

const wanted = /^(_rels\/\.rels|docProps\/app\.xml|[^/]*\/[^/]*\.xml|[^/]*\.xml)$/;
/** Properties, field codes, deleted and moved-away text, and the copy of a shape's text for old versions of Word. */
const unread = new Set(
  'pPr rPr tblPr trPr tcPr tblGrid sectPr sdtPr instrText del delText moveFrom Fallback'.split(' '),
);

export function readDocx(bytes: Uint8Array, name: string, limit?: number): Reading {
  const entries = unzip(bytes, name, (path) => wanted.test(path), limit);
  const main = mainPart(entries);
  const body = entries.get(main);
  if (!body) {
    throw new UserError(
      'bad-document',
      `${name} holds no document: ${main} is missing.`,
      'Open it in a word processor, save it as .docx again, and try once more.',
    );
  }
  const parts = [partText(body)];
  for (const notes of ['footnotes.xml', 'endnotes.xml']) {
    const part = entries.get(resolvePath(main, notes));
    if (part) parts.push(partText(part));
  }
  const text = parts.filter((part) => part !== '').join('\n\n');
  const pages = pagesOf(entries);
  return pages === null ? { text } : { text, pages };
}

/** The document part is found by its relationship; nearly every producer names it word/document.xml. */
function mainPart(entries: ZipEntries): string {
  let found = 'word/document.xml';
  const relations = entries.get('_rels/.rels');
  if (!relations) return found;
  parseXml(relations, {
    open: (name, { Type: type, Target: target }) => {
      if (name === 'Relationship' && type?.endsWith('/officeDocument') && target !== undefined)
        found = resolvePath('', target);
    },
  });
  return found;
}

/** Pages as the program that saved it counted them; it may have left the count out. */
function pagesOf(entries: ZipEntries): number | null {
  const properties = entries.get('docProps/app.xml');
  if (!properties) return null;
  let inPages = false;
  let digits = '';
  parseXml(properties, {
    open: (name) => (inPages = name === 'Pages'),
    close: () => (inPages = false),
    text: (data) => {
      if (inPages) digits += data;
    },
  });
  const pages = Number(digits);
  return Number.isInteger(pages) && pages > 0 ? pages : null;
}

/** Paragraphs as lines, cells of a table row with tabs between, notes after the number that the body refers to. */
function partText(bytes: Uint8Array): string {
  const lines: string[] = [];
  let line = '';
  let unreadDepth = 0;
  let textDepth = 0;
  const cells: string[][] = [];
  /** Rows of a table within a cell, joined into that cell. */
  const endLine = (): void => {
    const cell = cells.at(-1);
    if (cell) cell[cell.length - 1] = `${cell.at(-1) ?? ''}${line} `;
    else lines.push(line);
    line = '';
  };
  parseXml(bytes, {
    open: (name, attributes) => {
      if (unreadDepth > 0 || unread.has(name)) {
        unreadDepth++;
        return;
      }
      switch (name) {
        case 't':
          textDepth++;
          return;
        case 'tab':
          line += '\t';
          return;
        case 'br':
        case 'cr':
          line += cells.length > 0 ? ' ' : '\n';
          return;
        case 'noBreakHyphen':
          line += '-';
          return;
        case 'footnoteReference':
        case 'endnoteReference':
          line += `[${attributes.id ?? ''}]`;
          return;
        case 'footnote':
        case 'endnote':
          // Separators are notes of negative or typed ids without text.
          if (attributes.type === undefined) line += `[${attributes.id ?? ''}] `;
          return;
        case 'tr':
          cells.push([]);
          return;
        case 'tc':
          cells.at(-1)?.push('');
          return;
        default:
      }
    },
    close: (name) => {
      if (unreadDepth > 0) {
        unreadDepth--;
        return;
      }
      if (name === 't') textDepth--;
      else if (name === 'p') endLine();
      else if (name === 'tr') {
        const row = cells.pop() ?? [];
        line = row.map((cell) => cell.trim()).join('\t');
        endLine();
      }
    },
    text: (data) => {
      if (textDepth > 0 && unreadDepth === 0) line += data;
    },
  });
  return `${lines.join('\n')}${line}`.replaceAll(/\n{3,}/g, '\n\n').trim();
}
