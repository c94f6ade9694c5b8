/** "Where the time went" as SVG: the bars of TimeBars.tsx from the same data, with title, legend and notes in the picture. */
import { duration } from '../format';
import { phaseKinds, segmentsOf } from '../phases';
import { projectionTexts } from '../projectionTexts';
import { laneOf, type Bar, type ProjectedBar } from '../bars';

export interface TimeBarsPicture {
  title: string;
  /** One line each: adapter, date, what to mind. */
  notes: readonly string[];
  bars: readonly Bar[];
  /** Drawn above them, hatched. */
  projected?: readonly ProjectedBar[];
}

const width = 880;
const margin = 24;
const labelWidth = 150;
const totalWidth = 96;
const rowHeight = 44;
const barHeight = 28;

/** By dense and sparse. Work that both do alike is grey, as on the page. */
const fills: Record<string, [dense: string, sparse: string]> = {
  attention: ['var(--dense)', 'var(--sparse)'],
  estimate: ['var(--dense-mid)', 'var(--sparse-mid)'],
  index: ['url(#index-dense)', 'url(#index-sparse)'],
  projections: ['var(--phase-projections)', 'var(--phase-projections)'],
  mlp: ['var(--phase-mlp)', 'var(--phase-mlp)'],
  head: ['var(--phase-head)', 'var(--phase-head)'],
  other: ['var(--phase-other)', 'var(--phase-other)'],
};

export function timeBarsSvg({ title, notes, bars, projected = [] }: TimeBarsPicture): string {
  const longest = Math.max(
    ...bars.map(({ run }) => run.ttftMs),
    ...projected.map((bar) => bar.projected.ttftMs),
  );
  const scale = (width - 2 * margin - labelWidth - totalWidth) / longest;
  const measured = bars.some(({ run }) => run.phasesMs !== null);
  const top = 64;
  const measuredTop = top + projected.length * rowHeight;
  const legendTop = measuredTop + bars.length * rowHeight + 20;
  const notesTop = legendTop + (measured ? 44 : 8);
  const height = notesTop + notes.length * 18 + margin - 8;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="14" fill="var(--ink)">`,
    `<title>${escaped(title)}</title>`,
    `<defs>${hatch('dense')}${hatch('sparse')}</defs>`,
    `<rect width="${width}" height="${height}" fill="var(--paper)"/>`,
    text(margin, 38, title, 'font-size="18" font-weight="600"'),
    ...projected.map((bar, at) => projectedRow(bar, top + at * rowHeight, scale)),
    ...bars.map((bar, at) => row(bar, measuredTop + at * rowHeight, scale)),
    ...(measured ? legend(legendTop) : []),
    ...notes.map((note, at) =>
      text(margin, notesTop + at * 18, note, 'font-size="12" fill="var(--ink-soft)"'),
    ),
    '</svg>',
  ].join('\n');
}

function row({ label, run }: Bar, y: number, scale: number): string {
  const lane = laneOf(run) === 'dense' ? 0 : 1;
  const segments = segmentsOf(run) ?? [{ name: 'attention', label: 'First token', ms: run.ttftMs }];
  let x = margin + labelWidth;
  const parts = segments
    .filter(({ ms }) => ms > 0)
    .map(({ name, label: phase, ms }) => {
      const from = x;
      x += ms * scale;
      return `<rect x="${fixed(from)}" y="${y}" width="${fixed(ms * scale)}" height="${barHeight}" fill="${fills[name]?.[lane] ?? ''}"><title>${escaped(`${phase}: ${duration(ms)}`)}</title></rect>`;
    });
  const middle = y + barHeight / 2 + 5;
  const colour = lane === 0 ? 'var(--dense)' : 'var(--sparse)';
  return [
    text(margin, middle, label, `font-weight="600" fill="${colour}"`),
    ...parts,
    text(width - margin, middle, duration(run.ttftMs), 'font-weight="600" text-anchor="end"'),
  ].join('\n');
}

function projectedRow({ label, projected: { ttftMs } }: ProjectedBar, y: number, scale: number): string {
  const middle = y + barHeight / 2 + 5;
  return [
    text(margin, middle, label, 'font-weight="600" fill="var(--dense)"'),
    `<rect x="${fixed(margin + labelWidth)}" y="${y}" width="${fixed(ttftMs * scale)}" height="${barHeight}" fill="url(#index-dense)" stroke="var(--dense)" stroke-dasharray="5 3"><title>${escaped(`${projectionTexts.bar}: ${duration(ttftMs)}`)}</title></rect>`,
    text(width - margin, middle - 7, duration(ttftMs), 'font-weight="600" text-anchor="end"'),
    text(width - margin, middle + 9, 'projected', 'font-size="12" text-anchor="end"'),
  ].join('\n');
}

function legend(y: number): string[] {
  let x = margin;
  return phaseKinds.map(({ name, label }) => {
    const [dense, sparse] = fills[name] ?? ['', ''];
    const from = x;
    // Room by the letter: there is nothing to measure text with here.
    x += 36 + label.length * 7.2 + 16;
    return [
      `<rect x="${fixed(from)}" y="${y}" width="12" height="14" fill="${dense}"/>`,
      `<rect x="${fixed(from + 12)}" y="${y}" width="12" height="14" fill="${sparse}"/>`,
      text(from + 30, y + 12, label, 'font-size="13"'),
    ].join('');
  });
}

function hatch(lane: 'dense' | 'sparse'): string {
  return (
    `<pattern id="index-${lane}" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
    `<rect width="6" height="6" fill="var(--${lane}-soft)"/><rect width="3" height="6" fill="var(--${lane}-mid)"/></pattern>`
  );
}

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text x="${fixed(x)}" y="${y}" ${attributes}>${escaped(words)}</text>`;
}

function fixed(value: number): string {
  return value.toFixed(2);
}

export function escaped(words: string): string {
  return (
    words
      // Characters that XML forbids outright; a name may hold any.
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, '')
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
  );
}
