/** What stands out of a measured prompt: passages most read, the longest stretch that was not, and the planted fact. */
import type { RetentionReport } from '../../engine/types';
import { count } from '../format';
import { lastRowsDense, retentionMeasures, shareText, valueOf } from './passages';
import type { MeasureKind, Passage } from './passages';

export interface Ranked {
  passage: Passage;
  value: number;
}

/** The document's passages of the largest values, largest first; none that are nothing. */
export function topPassages(passages: readonly Passage[], values: readonly number[], most = 10): Ranked[] {
  return passages
    .map((passage) => ({ passage, value: values[passage.at] ?? 0 }))
    .filter(({ passage, value }) => passage.characters !== null && value > 0)
    .toSorted((a, b) => b.value - a.value)
    .slice(0, most);
}

/** Below this share of (row, head) pairs a passage counts as unread. */
export const unreadBelow = 0.05;

/** The longest run of the document's bins that the last rows, or all if those are dense, hardly read; null: none. */
export function longestUnread(
  report: RetentionReport,
  tokens: number,
): { firstBin: number; firstToken: number; endToken: number } | null {
  let best = { first: 0, length: 0 };
  let length = 0;
  const shares = lastRowsDense(report) ? report.coverage : report.lastCoverage;
  shares.forEach((share, bin) => {
    const unread = share < unreadBelow && (report.starts[bin] ?? null) !== null;
    length = unread ? length + 1 : 0;
    if (length > best.length) best = { first: bin - length + 1, length };
  });
  if (best.length === 0) return null;
  const firstToken = best.first * report.tokensPerBin;
  const endToken = Math.min(tokens, (best.first + best.length) * report.tokensPerBin);
  return { firstBin: best.first, firstToken, endToken };
}

export interface PlantedFact {
  /** Characters of the document, [start, end). */
  start: number;
  end: number;
  /** Bins that hold it, [first, end); null where it was left out of the prompt. */
  bins: { first: number; end: number } | null;
}

/** Where the planted answer stands in the document; null where it does not. */
export function plantedFact(
  report: RetentionReport,
  text: string | null,
  expected: string | null,
): PlantedFact | null {
  if (text === null || expected === null || expected === '') return null;
  const start = text.indexOf(expected);
  if (start < 0) return null;
  const end = start + expected.length;
  const holds = (bin: number): boolean => {
    const [from, to] = [report.starts[bin] ?? null, report.ends[bin] ?? null];
    return from !== null && to !== null && from < end && to > start;
  };
  const bins = report.starts.map((_, bin) => bin).filter(holds);
  const [first] = bins;
  const last = bins.at(-1);
  return { start, end, bins: first === undefined || last === undefined ? null : { first, end: last + 1 } };
}

function kindOf(name: MeasureKind['name']): MeasureKind {
  const kind = retentionMeasures.find((one) => one.name === name);
  if (!kind) throw new Error(`no measure ${name}`);
  return kind;
}

/** Whether the last rows had the fact in their index, and what dense attention would have given it. */
export function factWords(report: RetentionReport, { bins }: PlantedFact, tokens: number): string {
  if (!bins) return 'The planted fact was left out with the document’s middle: no run could read it.';
  const { first, end } = bins;
  const read = valueOf(report, kindOf('lastCoverage'), first, end);
  const later = valueOf(report, kindOf('coverage'), first, end);
  const mass = valueOf(report, kindOf('lastMass'), first, end);
  const kept = report.lastKept.slice(first, end).reduce((sum, value) => sum + value, 0);
  const token = first * report.tokensPerBin;
  const depth = shareText(token / tokens);
  const who = read === 0 ? 'No' : read >= 0.9995 ? 'All' : read >= 0.5 ? 'Most' : 'Some';
  const covered = `${who} heads’ last rows covered it (${shareText(read)}), and ${shareText(later)} of all later rows did`;
  const given =
    mass > 0
      ? ` Dense attention gives it ${shareText(mass)} of the last rows’ attention, of which ${shareText(Math.min(1, kept / mass))} was kept.`
      : '';
  return `The planted fact stands at token ${count(token + 1)}, ${depth} into the prompt. ${covered}.${given}`;
}
