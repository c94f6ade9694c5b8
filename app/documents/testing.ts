/** Tiny documents made by tests, so that no binary fixture is needed: what stands in them stands beside the check. */
import { strToU8, zipSync } from 'fflate';
import { UserError } from '../errors';
import { readDocument } from './readDocument';

export interface PdfOptions {
  /** Asks for a password that nobody has. */
  locked?: boolean;
  /** A font whose codes only a predefined character map explains; lines are then hexadecimal codes. */
  cmap?: string;
}

/** A PDF of one page for each entry; a page is its lines, and a page without lines holds a drawn box only. */
export function makePdf(
  pages: readonly (readonly string[])[],
  { locked, cmap }: PdfOptions = {},
): Uint8Array {
  const objects: string[] = [];
  const add = (body: string): number => objects.push(body);
  const kids = pages.map((_, index) => `${5 + index * 2} 0 R`).join(' ');
  add('<< /Type /Catalog /Pages 2 0 R >>');
  add(`<< /Type /Pages /Kids [${kids}] /Count ${pages.length} >>`);
  add(
    cmap === undefined
      ? '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>'
      : `<< /Type /Font /Subtype /Type0 /BaseFont /Song /Encoding /${cmap} /DescendantFonts [<< /Type /Font /Subtype /CIDFontType0 /BaseFont /Song /CIDSystemInfo << /Registry (Adobe) /Ordering (GB1) /Supplement 2 >> /FontDescriptor << /Type /FontDescriptor /FontName /Song /Flags 4 >> >>] >>`,
  );
  // Owner and user entries that no password fits.
  add(`<< /Filter /Standard /V 1 /R 2 /Length 40 /P -4 /O <${'41'.repeat(32)}> /U <${'42'.repeat(32)}> >>`);
  for (const [index, lines] of pages.entries()) {
    add(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents ${6 + index * 2} 0 R /Resources << /Font << /F1 3 0 R >> >> >>`,
    );
    const shown = lines.map((line) => `${cmap === undefined ? `(${line})` : `<${line}>`} Tj T*`).join(' ');
    const content = lines.length === 0 ? '10 10 100 100 re f' : `BT /F1 12 Tf 14 TL 72 720 Td ${shown} ET`;
    add(`<< /Length ${content.length} >>\nstream\n${content}\nendstream`);
  }
  let file = '%PDF-1.4\n';
  const offsets = objects.map((body, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${body}\nendobj\n`;
    return offset;
  });
  const start = file.length;
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  const lock = locked ? ' /Encrypt 4 0 R /ID [<00> <00>]' : '';
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}trailer\n<< /Size ${objects.length + 1} /Root 1 0 R${lock} >>\nstartxref\n${start}\n%%EOF\n`;
  return strToU8(file, true);
}

export function zipOf(entries: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  return zipSync(Object.fromEntries(Object.entries(entries).map(([path, text]) => [path, strToU8(text)])));
}

/** A Word document with the given content of its body. */
export function makeDocx(
  body: string,
  parts: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  return zipOf({
    '[Content_Types].xml': '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    'word/document.xml': `<?xml version="1.0"?><w:document xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"><w:body>${body}<w:sectPr/></w:body></w:document>`,
    ...parts,
  });
}

export function paragraph(text: string): string {
  return `<w:p><w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`;
}

/** An EPUB 3 book; `chapters` maps file names to the content of their bodies, in reading order. */
export function makeEpub(
  chapters: Readonly<Record<string, string>>,
  titles: Readonly<Record<string, string>> = {},
  parts: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  const names = Object.keys(chapters);
  const page = (content: string): string =>
    `<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head><title/><script src="x.js"/></head><body>${content}</body></html>`;
  const nav = Object.entries(titles).map(([name, title]) => `<li><a href="${name}">${title}</a></li>`);
  // Alphabetical in the archive, so that only the spine knows their order.
  const files = names.toSorted().map((name) => [`OEBPS/${name}`, page(chapters[name] ?? '')]);
  return zipOf({
    mimetype: 'application/epub+zip',
    'META-INF/container.xml':
      '<container><rootfiles><rootfile full-path="OEBPS/content.opf"/></rootfiles></container>',
    'OEBPS/content.opf': `<package><manifest><item id="nav" href="nav.xhtml" properties="nav"/>${names.map((name, at) => `<item id="c${at}" href="${encodeURI(name)}"/>`).join('')}</manifest><spine>${names.map((_, at) => `<itemref idref="c${at}"/>`).join('')}</spine></package>`,
    'OEBPS/nav.xhtml': page(`<nav><ol>${nav.join('')}</ol></nav>`),
    ...(Object.fromEntries(files) as Record<string, string>),
    ...parts,
  });
}

export function fileOf(content: Uint8Array | readonly number[] | string, name: string, type = ''): File {
  const part = typeof content === 'string' ? content : new Uint8Array(content);
  return new File([part], name, { type });
}

/** The error with which a file is refused. */
export async function refusal(file: File): Promise<UserError> {
  const error = await readDocument(file).catch((thrown: unknown) => thrown);
  if (!(error instanceof UserError)) throw new Error(`not refused: ${String(error)}`);
  return error;
}
