/** What a result means, in plain words. The page may show more; it never claims more than this. */
import type { CompareResult, Fidelity, ProjectedDense, RunResult } from '../engine/types';
import type { FinishedRun } from '../storage/savedRun';
import { followUpHeadline, isFollowUp } from './followUp';
import { count, duration, nats, percent, times } from './format';
import { projectionTexts } from './projectionTexts';
import { patternLabel } from '../state/patterns';

export interface Headline {
  /** The one large number; empty where two runs cannot be compared. */
  figure: string;
  words: string;
  detail: string;
  tone: 'faster' | 'even' | 'slower' | 'projected' | 'none';
}

/** Differences below this share are noise. */
const noise = 0.03;

export function denseRun(result: CompareResult): RunResult | undefined {
  return result.runs.find((run) => run.pattern === 'dense');
}

export function sparseRun(result: CompareResult): RunResult | undefined {
  return result.runs.find((run) => run.pattern !== 'dense');
}

/** What was run against what: no dense where none was run or projected. */
export function resultTitle(result: CompareResult): string {
  const sparse = sparseRun(result);
  if (!sparse) return 'Dense alone';
  const label = patternLabel(sparse.pattern);
  if (denseRun(result)) return `${label} against dense`;
  return result.projected ? `${label} against dense, projected` : `${label} alone`;
}

export function headline(result: CompareResult): Headline {
  if (isFollowUp(result)) return followUpHeadline(result);
  const dense = denseRun(result);
  const sparse = sparseRun(result);
  const only = sparse ?? dense;
  if (sparse && result.projected) return projectedHeadline(sparse, result.projected);
  if (!dense || !sparse || !result.speedup) {
    return {
      figure: only ? duration(only.ttftMs) : '',
      words: 'to the first token',
      detail: aloneDetail(only, result),
      tone: 'none',
    };
  }
  const ratio = result.speedup.ttft;
  const both = `${duration(sparse.ttftMs)} with sparse attention, ${duration(dense.ttftMs)} with dense.`;
  if (sparse.note !== undefined)
    return {
      figure: 'Dense',
      words: 'both times: nothing was skipped',
      detail: `Both did the same work: ${duration(dense.ttftMs)} and ${duration(sparse.ttftMs)} to the first token.`,
      tone: 'even',
    };
  if (Math.abs(ratio - 1) < noise)
    return {
      figure: '1×',
      words: 'no difference in time to the first token',
      detail: both,
      tone: 'even',
    };
  return ratio > 1
    ? { figure: times(ratio), words: 'faster to the first token', detail: both, tone: 'faster' }
    : { figure: times(1 / ratio), words: 'slower to the first token', detail: both, tone: 'slower' };
}

function aloneDetail(run: RunResult | undefined, { request }: CompareResult): string {
  if (run?.pattern === 'dense') return 'Dense attention alone.';
  if (run?.note === undefined) return 'Sparse attention alone, without a dense run.';
  const unneeded = request.dense === 'projected' ? ', and nothing had to be projected' : '';
  return `Nothing was skipped: this run was dense itself${unneeded}.`;
}

/** Never in the colour of what was measured. */
function projectedHeadline(sparse: RunResult, { ttftMs, ratio }: ProjectedDense): Headline {
  const { headline: words } = projectionTexts;
  const detail = words.detail(sparse.ttftMs, ttftMs);
  const tone = 'projected';
  if (Math.abs(ratio.ttft - 1) < noise) return { figure: '1×', words: words.even, detail, tone };
  return ratio.ttft > 1
    ? { figure: times(ratio.ttft), words: words.faster, detail, tone }
    : { figure: times(1 / ratio.ttft), words: words.slower, detail, tone };
}

/** What a run is called: by its person, else by its document, else by its model. */
export function nameOf({ name, title, result }: FinishedRun): string {
  return name || title || result.model.id;
}

/** The outcome in one word, for a list of runs. */
export function outcome(result: CompareResult): string {
  const sparse = sparseRun(result);
  if (sparse?.note !== undefined) return 'dense';
  if (result.speedup) return times(result.speedup.ttft);
  if (result.projected) return projectionTexts.outcome(result.projected.ratio.ttft);
  const only = sparse ?? denseRun(result);
  return only ? duration(only.ttftMs) : '';
}

/** Whether the planted answer was given; an answer that was on its way to it when it was cut is neither right nor wrong. */
export function plantedVerdict(
  { answer, stopReason }: Pick<RunResult, 'answer' | 'stopReason'>,
  expected: string,
): string {
  if (answer.includes(expected)) return '✓ planted answer found';
  const cut = stopReason === 'length' && expected.startsWith(answer.trim());
  return cut ? 'planted answer cut before its end' : '✗ planted answer missed';
}

/** One line on what skipping cost. */
export function fidelityLine({ kl, top1Agree, firstDivergence }: Fidelity): string {
  const token = top1Agree ? 'The likeliest next token is the same' : 'The likeliest next token differs';
  const answers =
    firstDivergence === null
      ? 'both answers are identical'
      : `the answers part at token ${count(firstDivergence + 1)}`;
  return `${token}, ${answers}, and the two predictions are ${closeness(kl)}.`;
}

/** KL divergence in nats as a word. */
export function closeness(kl: number): string {
  if (kl < 0.001) return 'practically the same';
  if (kl < 0.02) return 'very close';
  if (kl < 0.1) return 'close';
  if (kl < 0.5) return 'noticeably different';
  return 'far apart';
}

export interface Measure {
  name: string;
  value: string;
  words: string;
}

export function fidelityMeasures(fidelity: Fidelity): Measure[] {
  const { kl, top1Agree, top5Overlap, firstDivergence, tailLossDelta } = fidelity;
  return [
    {
      name: 'KL divergence',
      value: nats(kl),
      words: `Nats between the two predictions of the next token: ${closeness(kl)}.`,
    },
    {
      name: 'Top token',
      value: top1Agree ? 'same' : 'different',
      words: 'Whether both runs rank the same token first.',
    },
    {
      name: 'Top five shared',
      value: percent(top5Overlap),
      words: 'How many of the five likeliest tokens of dense are also among those of sparse.',
    },
    {
      name: 'First difference',
      value: firstDivergence === null ? 'none' : `token ${count(firstDivergence + 1)}`,
      words: 'Where the two answers part.',
    },
    {
      name: 'Tail loss',
      value: tailLossDelta === null ? 'not measured' : nats(tailLossDelta),
      words: 'Sparse minus dense: how much worse sparse predicts the last tokens of the prompt, in nats.',
    },
  ];
}

/** An answer as the page shows it: models may begin with a space, as the built-in one does, or with a line break. */
export function shownAnswer({ answer }: { answer: string }): string {
  return answer.trimStart();
}

export interface Difference {
  same: string;
  /** What follows the common part; the first word of it is what gets marked. */
  first: { word: string; rest: string };
  second: { word: string; rest: string };
}

/** Where two answers part, moved back to the start of a word; null when they are equal. */
export function firstDifference(first: string, second: string): Difference | null {
  if (first === second) return null;
  let at = 0;
  while (at < first.length && at < second.length && first[at] === second[at]) at++;
  const inWord = (of: string, index: number): boolean => /\S/.test(of[index] ?? ' ');
  if (inWord(first, at) || inWord(second, at)) while (at > 0 && inWord(first, at - 1)) at--;
  const tail = (of: string): { word: string; rest: string } => {
    const word = /^\s*\S*/.exec(of.slice(at))?.[0] ?? '';
    return { word, rest: of.slice(at + word.length) };
  };
  return { same: first.slice(0, at), first: tail(first), second: tail(second) };
}
