/** Every question of every document, dense and with each pattern; a document is read once for all its questions. */
import type { CompareResult, RunResult } from '../app/engine/types';
import type { AccuracyArguments } from './accuracyArguments';
import type { AccuracyPrompt, DocumentPrompts } from './accuracyPrompts';
import type { PatternRun } from './arguments';
import type { CliRequest } from './compareInPage';

export interface AccuracyAnswer {
  text: string;
  /** The model ended it; false: it was cut at --new-tokens. */
  ended: boolean;
  right: boolean;
  /** Of the whole prompt. */
  tokens: number;
  /** Of these, what was there from reading the document; 0 where the prompt was read whole. */
  pastTokens: number;
  /** Of what was prefilled for this question, ms. */
  prefillMs: number;
  decodeMs: number;
}

/** One prefill of a document, or of a document with its question. */
export interface AccuracyRead {
  tokens: number;
  prefillMs: number;
  density: number;
  /** Why it ran dense though a pattern was asked for. */
  note?: string;
  /** Why nothing was kept of it for the questions. */
  notKept?: string;
}

export interface AnsweredPrompt extends AccuracyPrompt {
  document: string;
  /** By label of the run: 'dense', or what `--run` said. */
  answers: Record<string, AccuracyAnswer>;
  /** Of what the answer was read, by label. */
  reads: Record<string, AccuracyRead>;
  /** Why it does not count. */
  skipped?: string;
}

export type Compare = (request: Omit<CliRequest, 'source'>) => Promise<CompareResult>;

export interface AccuracyHooks {
  compare: Compare;
  /** Aborted when the time is over; the comparison that is going on fails then. */
  signal: AbortSignal;
  log: (line: string) => void;
  /** After each document and pattern. */
  onAnswers: () => void;
}

export type Plan = Pick<AccuracyArguments, 'runs' | 'dense' | 'denseUpTo' | 'prefill' | 'newTokens'>;

const dense: PatternRun = { label: 'dense', name: 'dense', set: {} };

/** Its middle is cut out then, and with it perhaps the answer. */
const tooLong = 'longer than the model’s context';

/** The values of a list in one order: which is asked for is not said. */
const sorted = (list: string): string => list.trim().split(', ').toSorted().join(', ');

/** The whole answer, ended by the model itself, space around it aside; of the task 'several' in any order. */
export function isRight(
  { answer, stopReason }: Pick<RunResult, 'answer' | 'stopReason'>,
  wanted: Pick<AccuracyPrompt, 'task' | 'answer'>,
): boolean {
  const same =
    wanted.task === 'several'
      ? sorted(answer) === sorted(wanted.answer)
      : answer.trim() === wanted.answer.trim();
  return stopReason === 'eos' && same;
}

function onlyRun({ runs }: CompareResult): RunResult {
  const [run] = runs;
  if (!run) throw new Error('a run is missing');
  return run;
}

function readOf(result: CompareResult): AccuracyRead {
  const { prefillMs, density, note } = onlyRun(result);
  return { tokens: result.prompt.tokens, prefillMs, density, ...(note !== undefined && { note }) };
}

function answerOf(result: CompareResult, wanted: AccuracyPrompt): AccuracyAnswer {
  const run = onlyRun(result);
  return {
    text: run.answer,
    ended: run.stopReason === 'eos',
    right: isRight(run, wanted),
    tokens: result.prompt.tokens,
    pastTokens: run.pastTokens,
    prefillMs: run.prefillMs,
    decodeMs: run.decodeMs,
  };
}

/** One document's questions under one pattern. */
async function askAll(
  run: PatternRun,
  text: string,
  prompts: readonly AnsweredPrompt[],
  plan: Plan,
  { compare, signal }: AccuracyHooks,
): Promise<void> {
  const pattern = { name: run.name, set: run.set };
  const shared = run.name === 'dense' || plan.prefill === 'document';
  let read: AccuracyRead | null = null;
  if (shared) {
    signal.throwIfAborted();
    const result = await compare({
      prompt: { document: text, question: '' },
      pattern,
      maxNewTokens: 1,
      dense: false,
      keepCache: true,
      // What an earlier document left may begin alike, but a sparse pattern's keys and values are of that document.
      wholePrompt: true,
    });
    if (result.prompt.truncated) {
      for (const prompt of prompts) prompt.skipped = tooLong;
      return;
    }
    read = readOf(result);
    if (result.kept?.note !== undefined) read.notKept = result.kept.note;
  }
  for (const prompt of prompts) {
    signal.throwIfAborted();
    const result = await compare({
      prompt: { document: text, question: prompt.question },
      pattern,
      maxNewTokens: plan.newTokens,
      dense: false,
      ...(shared && { keepCache: true, keepQuestion: false }),
    });
    if (result.prompt.truncated) {
      prompt.skipped = tooLong;
      continue;
    }
    prompt.answers[run.label] = answerOf(result, prompt);
    prompt.reads[run.label] = read ?? readOf(result);
  }
}

function summary(run: PatternRun, prompts: readonly AnsweredPrompt[], seconds: number): string {
  const answers = prompts.flatMap(({ answers: { [run.label]: answer } }) => answer ?? []);
  const right = answers.filter((answer) => answer.right).length;
  return `${run.label}: ${right} of ${answers.length} right, ${seconds.toFixed(1)} s`;
}

/**
 * Fills in `answers` of what it answers in time. Resolves to whether that was everything. Patterns run before dense: a
 * setting that the page refuses is refused before the longest part.
 */
export async function answerAll(
  documents: readonly DocumentPrompts[],
  answered: AnsweredPrompt[],
  plan: Plan,
  hooks: AccuracyHooks,
): Promise<boolean> {
  const { denseUpTo } = plan;
  try {
    for (const [at, document] of documents.entries()) {
      const text = document.read();
      const prompts = document.prompts.map((prompt): AnsweredPrompt => {
        return { ...prompt, document: document.name, answers: {}, reads: {} };
      });
      answered.push(...prompts);
      const runs = plan.dense ? [...plan.runs, dense] : plan.runs;
      for (const run of runs) {
        const asked = prompts.filter(
          ({ length, skipped }) =>
            skipped === undefined && (run.name !== 'dense' || denseUpTo === null || length <= denseUpTo),
        );
        if (asked.length === 0) continue;
        const start = performance.now();
        await askAll(run, text, asked, plan, hooks);
        hooks.onAnswers();
        const head = `document ${at + 1} of ${documents.length} (${document.name})`;
        hooks.log(`${head}, ${summary(run, asked, (performance.now() - start) / 1000)}`);
      }
    }
    return true;
  } catch (error) {
    // The comparison that was cancelled fails with an error of its own.
    if (hooks.signal.aborted) return false;
    throw error;
  }
}
