/** Glyph runs of a PDF page, in the order of the file, as lines and paragraphs. */
import type { TextItem, TextMarkedContent } from 'pdfjs-dist/types/src/display/api';

/** A step down of more than this many line heights starts a paragraph. */
const paragraphStep = 1.6;

export function pageText(items: readonly (TextItem | TextMarkedContent)[]): string {
  const parts: string[] = [];
  let lineY: number | null = null;
  let height = 0;
  for (const item of items) {
    if (!('str' in item)) continue;
    // transform is [a, b, c, d, x, y] in points, y upwards.
    const y = Number(item.transform[5] ?? 0);
    if (item.str.trim() !== '') {
      const step = lineY === null ? 0 : lineY - y;
      if (parts.at(-1) === '\n' && step > paragraphStep * Math.max(height, item.height)) parts.push('\n');
      lineY = y;
      if (item.height > 0) height = item.height;
    }
    parts.push(item.str);
    if (item.hasEOL) parts.push('\n');
  }
  return parts
    .join('')
    .replaceAll('\0', '')
    .replaceAll(/[ \t]+\n/g, '\n')
    .replaceAll(/\n{3,}/g, '\n\n')
    .trim();
}
