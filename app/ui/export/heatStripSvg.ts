/** The heat strip of a prompt as SVG, with title, scale and notes in the picture. */
import { count } from '../format';
import { legendOf, strengthOf } from '../retention/passages';
import { escaped } from './timeBarsSvg';

export interface HeatStripPicture {
  title: string;
  /** One line each; long ones are broken. */
  notes: readonly string[];
  /** By passage, from the prompt's first token to its last. */
  values: readonly number[];
  /** The value that is shown strongest. */
  most: number;
  /** Share of the prompt before the planted fact; null without one. */
  fact: number | null;
  tokens: number;
}

const width = 880;
const margin = 24;
const stripTop = 84;
const stripHeight = 56;

export function heatStripSvg({ title, notes, values, most, fact, tokens }: HeatStripPicture): string {
  const room = width - 2 * margin;
  const lines = notes.flatMap(broken);
  const legendTop = stripTop + stripHeight + 36;
  const notesTop = legendTop + 48;
  const height = notesTop + lines.length * 18 + margin - 8;
  const cell = (strength: number, x: number, y: number, cellWidth: number, cellHeight: number): string =>
    `<rect x="${fixed(x)}" y="${y}" width="${fixed(cellWidth)}" height="${cellHeight}" fill="var(--sparse)" fill-opacity="${strength.toFixed(3)}"/>`;
  const step = room / values.length;
  const factAt = margin + (fact ?? 0) * room;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14" fill="var(--ink)">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" fill="var(--paper)"/>`,
    text(margin, 38, title, 'font-size="18" font-weight="600"'),
    `<rect x="${margin}" y="${stripTop}" width="${room}" height="${stripHeight}" fill="var(--surface)" stroke="var(--line-strong)"/>`,
    '<g shape-rendering="crispEdges">',
    ...values.map((value, at) =>
      cell(strengthOf(value, most), margin + at * step, stripTop, step, stripHeight),
    ),
    '</g>',
    ...(fact === null
      ? []
      : [
          `<path d="M${fixed(factAt)} ${stripTop} l-6 -10 h12 z"/>`,
          text(
            factAt,
            stripTop - 14,
            'planted fact',
            `font-size="12" text-anchor="${fact > 0.5 ? 'end' : 'start'}"`,
          ),
        ]),
    text(margin, stripTop + stripHeight + 18, 'token 1', 'font-size="12"'),
    text(width - margin, stripTop + stripHeight + 18, count(tokens), 'font-size="12" text-anchor="end"'),
    ...legendOf(most).map(({ strength, label }, at) => {
      const x = margin + at * 120;
      const frame = `<rect x="${x}" y="${legendTop}" width="24" height="14" fill="var(--surface)" stroke="var(--line-strong)"/>`;
      return (
        frame + cell(strength, x, legendTop, 24, 14) + text(x + 32, legendTop + 12, label, 'font-size="13"')
      );
    }),
    ...lines.map((line, at) =>
      text(margin, notesTop + at * 18, line, 'font-size="12" fill="var(--ink-soft)"'),
    ),
    '</svg>',
  ].join('\n');
}

/** There is nothing to measure text with here: about 130 letters fit. */
function broken(note: string): string[] {
  const lines: string[] = [];
  for (const word of note.split(' ')) {
    const line = lines.at(-1);
    if (line !== undefined && line.length + word.length < 130) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text x="${fixed(x)}" y="${y}" ${attributes}>${escaped(words)}</text>`;
}

function fixed(value: number): string {
  return value.toFixed(2);
}
