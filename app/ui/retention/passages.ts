/** A prompt as passages of consecutive tokens: what was measured of each, in numbers, words and strength of colour. */
import type { RetentionReport } from '../../engine/types';
import { count, percent } from '../format';

export type RetentionMeasure = 'lastCoverage' | 'lastMass' | 'missed' | 'coverage';

export interface MeasureKind {
  name: RetentionMeasure;
  label: string;
  /** What a strong colour means. */
  legend: string;
  /** Of one passage, after a colon. */
  words: (share: string) => string;
  /** Whether the shares of passages add up, as those of attention do; others are averaged. */
  adds: boolean;
}

export const retentionMeasures: readonly MeasureKind[] = [
  {
    name: 'lastCoverage',
    label: 'Read by the last rows',
    legend: 'Stronger: more heads’ last rows had the passage in their index.',
    words: (share) => `read by ${share} of the heads’ last rows`,
    adds: false,
  },
  {
    name: 'coverage',
    label: 'Read by all rows',
    legend: 'Stronger: more of all later rows had the passage in their index.',
    words: (share) => `read by ${share} of the heads’ later rows`,
    adds: false,
  },
  {
    name: 'lastMass',
    label: 'Attention of the last rows',
    legend: 'Stronger: more of the last rows’ dense attention lies on the passage.',
    words: (share) => `${share} of the last rows’ attention`,
    adds: true,
  },
  {
    name: 'missed',
    label: 'Attention missed',
    legend:
      'Stronger: more dense attention of rows all over the prompt lies on tokens here that the index leaves out.',
    words: (share) => `${share} of all attention missed`,
    adds: true,
  },
];

/** Consecutive bins of a report. */
export interface Passage {
  at: number;
  /** [first, end) */
  firstBin: number;
  endBin: number;
  /** Tokens of the prompt, [first, end). */
  firstToken: number;
  endToken: number;
  /** Characters of the document, [start, end); null where it is template or question. */
  characters: { start: number; end: number } | null;
}

/** Passages that a strip shows at most, and the fewest tokens that are read as one. */
const mostPassages = 320;
const fewestTokens = 8;

export function passagesOf(report: RetentionReport, tokens: number): Passage[] {
  const bins = report.coverage.length;
  const step = Math.max(Math.ceil(fewestTokens / report.tokensPerBin), Math.ceil(bins / mostPassages));
  return Array.from({ length: Math.ceil(bins / step) }, (_, at) => {
    const firstBin = at * step;
    const endBin = Math.min(bins, firstBin + step);
    return {
      at,
      firstBin,
      endBin,
      firstToken: firstBin * report.tokensPerBin,
      endToken: Math.min(tokens, endBin * report.tokensPerBin),
      characters: charactersOf(report, firstBin, endBin),
    };
  });
}

/** Those of bins [first, end); a gap inside, where the middle was left out, ends them. */
function charactersOf({ starts, ends }: RetentionReport, first: number, end: number): Passage['characters'] {
  let start: number | null = null;
  let stop = 0;
  for (let bin = first; bin < end; bin++) {
    const [from, to] = [starts[bin] ?? null, ends[bin] ?? null];
    if (from === null || to === null) continue;
    if (start !== null && from - stop > leftOut) break;
    start ??= from;
    stop = to;
  }
  return start === null ? null : { start, end: stop };
}

/** More characters than this between two bins were left out of the prompt; fewer were normalised away. */
export const leftOut = 64;

/** Of bins [first, end): a share, 0..1. */
export function valueOf(report: RetentionReport, kind: MeasureKind, first: number, end: number): number {
  let sum = 0;
  for (let bin = first; bin < end; bin++) sum += report[kind.name][bin] ?? NaN;
  return kind.adds ? sum : sum / (end - first);
}

/** Whether the pattern computes the last rows densely, so that only other rows tell passages apart. */
export function lastRowsDense({ lastCoverage }: RetentionReport): boolean {
  return lastCoverage.every((share) => share > 0.9995);
}

/** What tells passages read from those that were not. */
export function readingKind(report: RetentionReport): MeasureKind | undefined {
  const name = lastRowsDense(report) ? 'coverage' : 'lastCoverage';
  return retentionMeasures.find((kind) => kind.name === name);
}

export function passageValues(
  report: RetentionReport,
  kind: MeasureKind,
  passages: readonly Passage[],
): number[] {
  return passages.map(({ firstBin, endBin }) => valueOf(report, kind, firstBin, endBin));
}

/** The value shown strongest: all for what is read, the largest for shares of attention. */
export function mostOf(kind: MeasureKind, values: readonly number[]): number {
  return kind.adds ? values.reduce((most, value) => Math.max(most, value), 0) : 1;
}

/** 0..1; the root sets small shares apart, as on the map of heads. */
export function strengthOf(value: number, most: number): number {
  return most > 0 ? Math.min(1, Math.sqrt(Math.max(0, value) / most)) : 0;
}

/** Values of the legend's swatches, with their strengths: one alone where all is nothing. */
export function legendOf(most: number): { strength: number; label: string }[] {
  if (most === 0) return [{ strength: 0, label: shareText(0) }];
  return [0, 0.25, 0.5, 0.75, 1].map((strength) => ({ strength, label: shareText(most * strength ** 2) }));
}

/** What is not nothing is never called 0%. */
export function shareText(share: number): string {
  return share > 0 && share < 1e-6 ? 'below 0.0001%' : percent(share);
}

/** The first words of some text, on one line. */
export function excerpt(text: string, start: number, end: number, most = 60): string {
  const line = text
    .slice(start, Math.min(end, start + 4 * most))
    .replaceAll(/\s+/g, ' ')
    .trim();
  return line.length > most ? `${line.slice(0, most).trimEnd()}…` : line;
}

/** Tokens 129 to 136, characters 512 to 548: read by 42% of the heads’ last rows. “…” Counted from 1. */
export function passageWords(
  { firstToken, endToken, characters }: Passage,
  kind: MeasureKind,
  value: number,
  text: string | null,
): string {
  const place = characters
    ? `characters ${count(characters.start + 1)} to ${count(characters.end)}`
    : 'template or question';
  const tokens = `Tokens ${count(firstToken + 1)} to ${count(endToken)}, ${place}`;
  const words = text !== null && characters ? ` “${excerpt(text, characters.start, characters.end)}”` : '';
  return `${tokens}: ${kind.words(shareText(value))}.${words}`;
}

/** Where a key leads in a strip of so many passages; null for other keys. */
export function stepped(at: number, key: string, passages: number): number | null {
  const page = Math.max(1, Math.round(passages / 10));
  const steps: Record<string, number> = {
    ArrowLeft: at - 1,
    ArrowDown: at - 1,
    ArrowRight: at + 1,
    ArrowUp: at + 1,
    PageDown: at - page,
    PageUp: at + page,
    Home: 0,
    End: passages - 1,
  };
  const to = steps[key];
  return to === undefined ? null : Math.min(passages - 1, Math.max(0, to));
}

/** The passage that holds a character, or the one nearest before it. */
export function passageAt(passages: readonly Passage[], character: number): Passage | undefined {
  return passages.findLast(({ characters }) => characters !== null && characters.start <= character);
}
