/** Time by length: a list of lengths, each run dense and sparse on the beginning of one text, and what became of them. */
import { createStore, type StoreApi } from 'zustand/vanilla';
import { generateSample } from '../documents/samples';
import { isAbort, toReport, type ErrorReport } from '../errors';
import { fitGrowth, predict, projectDense, type GrowthFit } from '../exports/growth';
import type { CompareResult, PatternName, RunResult } from '../engine/types';
import type { Playground } from '../playground';
import type { DocumentStore } from './document';
import type { ModelStore } from './model';
import { inPageWords } from './refusals';
import { requestSettings, type SettingsStore } from './settings';

/** One length that was run. */
export interface ScalingPoint {
  /** Of the prompt, with question and template. */
  tokens: number;
  /** null where it was left out: it would have taken too long. */
  dense: RunResult | null;
  sparse: RunResult;
}

/** What was run, and where: enough to label a chart. */
export interface ScalingResult {
  version: 1;
  /** ISO 8601. */
  date: string;
  pattern: PatternName;
  model: string;
  adapter: CompareResult['adapter'];
  /** Title of the text. */
  text: string;
  points: readonly ScalingPoint[];
}

export interface ScalingProgress {
  /** Which of how many lengths, from 1. */
  length: number;
  lengths: number;
  tokens: number;
  lane: 'dense' | 'sparse';
  /** Share of this lane. */
  fraction: number;
}

export interface ScalingState {
  progress: ScalingProgress | null;
  result: ScalingResult | null;
  error: ErrorReport | null;
}

export type ScalingStore = StoreApi<ScalingState>;

export interface ScalingInput {
  lengths: readonly number[];
  /** A generated report, or the text on the page. */
  source: 'sample' | 'document';
  /** Dense is left out where it is expected to take longer, ms. */
  densePatienceMs: number;
}

export function createScalingStore(): ScalingStore {
  return createStore<ScalingState>(() => ({ progress: null, result: null, error: null }));
}

/** Lengths to offer: doubling, and none that the model was not made for. */
export function offeredLengths(contextLength: number): number[] {
  const all = Array.from({ length: 14 }, (_, at) => 128 * 2 ** at);
  return all.filter((length) => length <= contextLength);
}

/** Time to the first token of both lanes as points of a curve. */
export function curvesOf({ points }: Pick<ScalingResult, 'points'>): {
  dense: { tokens: number; ms: number }[];
  sparse: { tokens: number; ms: number }[];
} {
  return {
    dense: points.flatMap(({ tokens, dense }) => (dense ? [{ tokens, ms: dense.ttftMs }] : [])),
    sparse: points.map(({ tokens, sparse }) => ({ tokens, ms: sparse.ttftMs })),
  };
}

export interface ScalingFits {
  dense: GrowthFit | null;
  sparse: GrowthFit | null;
}

export function fitsOf(result: Pick<ScalingResult, 'points'>): ScalingFits {
  const { dense, sparse } = curvesOf(result);
  return { dense: fitGrowth(dense), sparse: fitGrowth(sparse) };
}

/** What dense is expected to take at a length, from what was run so far; null where that says nothing. */
export function expectedDense(points: readonly ScalingPoint[], tokens: number): number | null {
  const measured = points.findLast(({ dense }) => dense !== null);
  const phases = measured?.dense?.phasesMs;
  if (measured?.dense && phases)
    return projectDense(
      { tokens: measured.tokens, ttftMs: measured.dense.ttftMs, attentionMs: phases.attention },
      tokens,
    );
  const { dense } = fitsOf({ points });
  return dense && predict(dense, tokens);
}

export interface ScalingParts {
  playground: Pick<Playground, 'time' | 'cancel'>;
  document: DocumentStore;
  model: ModelStore;
  settings: SettingsStore;
  now?: () => Date;
}

export function scalingActions(store: ScalingStore, parts: ScalingParts) {
  const { playground, document, model, settings } = parts;
  const now = parts.now ?? (() => new Date());

  const textFor = ({ source, lengths }: ScalingInput) => {
    const { text, title, question } = document.getState();
    if (source === 'document') return { text, title: title === '' ? 'Your document' : title, question };
    // Longer than the longest, so that every length is a cut of the same text.
    const sample = generateSample('report', { tokens: Math.max(...lengths) * 1.1, seed: 1 });
    return { text: sample.text, title: `${sample.title} (generated)`, question: sample.question };
  };

  return {
    /** Shortest first; a cancel or an error keeps what was run. */
    start: async (input: ScalingInput): Promise<void> => {
      if (store.getState().progress !== null) return;
      const lengths = input.lengths.toSorted((a, b) => a - b);
      if (lengths.length === 0) return;
      const { text, title, question } = textFor({ ...input, lengths });
      const { pattern, sampling } = requestSettings(settings.getState());
      const points: ScalingPoint[] = [];
      const say = (at: number, lane: 'dense' | 'sparse', fraction: number): void => {
        const tokens = lengths[at] ?? 0;
        store.setState({ progress: { length: at + 1, lengths: lengths.length, tokens, lane, fraction } });
      };
      say(0, 'dense', 0);
      store.setState({ error: null, result: null });
      try {
        for (const [at, tokens] of lengths.entries()) {
          const expected = expectedDense(points, tokens);
          const result = await playground.time(
            {
              prompt: { document: text, question, tokens },
              pattern,
              sampling,
              maxNewTokens: 1,
              dense: expected === null || expected <= input.densePatienceMs,
            },
            {
              onProgress: ({ lane, fraction }) => {
                say(at, lane, fraction);
              },
            },
          );
          const sparse = result.runs.find((run) => run.pattern !== 'dense');
          const dense = result.runs.find((run) => run.pattern === 'dense') ?? null;
          // A text that is shorter than the length was run whole, and so it would be again.
          if (sparse) points.push({ tokens: result.prompt.tokens, dense, sparse });
          const { adapter, model: report } = result;
          const version = 1 as const;
          store.setState({
            result: {
              version,
              date: now().toISOString(),
              pattern: pattern.name,
              model: report.id,
              adapter,
              text: title,
              points: [...points],
            },
          });
          if (result.prompt.tokens < tokens * 0.9) break;
        }
      } catch (error) {
        if (!isAbort(error)) store.setState({ error: inPageWords(toReport(error), pattern.name) });
      } finally {
        store.setState({ progress: null });
      }
    },
    cancel: (): void => {
      playground.cancel();
    },
    /** Lengths for the model and adapter at hand. */
    offered: (): number[] => offeredLengths(model.getState().model?.contextLength ?? 0),
  };
}
