/** What a run of a prompt would take, from what this adapter and model have measured; nothing where they have not. */
import type { AdapterReport, CompareResult, ModelReport } from '../engine/types';

export interface Measured {
  tokens: number;
  dense: boolean;
  ttftMs: number;
  /** GPU time of attention; null without timestamp queries. */
  attentionMs: number | null;
  density: number;
}

export type EstimatedModel = Pick<
  ModelReport,
  'parameters' | 'vocab' | 'hidden' | 'layers' | 'heads' | 'headDim'
>;

/** Operations of everything but attention (2 a parameter and token, the embedding's left out), and of dense attention. */
function operations(model: EstimatedModel, tokens: number): { linear: number; attention: number } {
  return {
    linear: 2 * Math.max(1, model.parameters - model.vocab * model.hidden) * tokens,
    attention: 2 * model.layers * model.heads * model.headDim * tokens ** 2,
  };
}

/** Runs of this model on this adapter that read a whole prompt; kernels of another tier have other times. */
export function measuredRuns(
  results: readonly CompareResult[],
  model: Pick<ModelReport, 'id'>,
  adapter: Pick<AdapterReport, 'description' | 'tier' | 'attentionTier'>,
): Measured[] {
  return results
    .filter(
      (result) =>
        result.model.id === model.id &&
        result.adapter.description === adapter.description &&
        result.adapter.tier === adapter.tier &&
        result.adapter.attentionTier === adapter.attentionTier,
    )
    .flatMap(({ runs, prompt }) =>
      runs
        .filter(({ pastTokens, reused }) => pastTokens === 0 && reused !== true)
        .map((run) => ({
          tokens: prompt.tokens,
          dense: run.pattern === 'dense' || run.note !== undefined,
          ttftMs: run.ttftMs,
          attentionMs: run.phasesMs?.attention ?? null,
          density: run.density,
        })),
    );
}

/**
 * Time to first token at `tokens` tokens with `density` of the attention computed (1: dense), ms: the nearest measured
 * run (a dense one counts as nearer) with its attention scaled by the square of the length and all else by the length.
 * Where no timestamps tell the two apart, operations do. Null where nothing was measured.
 */
export function estimateMs(
  tokens: number,
  density: number,
  measured: readonly Measured[],
  model: EstimatedModel,
): number | null {
  const distance = (run: Measured): number =>
    Math.abs(Math.log(tokens / run.tokens)) + (run.dense ? 0 : Math.LN2);
  const [nearest] = measured.toSorted((a, b) => distance(a) - distance(b));
  if (!nearest) return null;
  const here = operations(model, nearest.tokens);
  const there = operations(model, tokens);
  const { ttftMs, attentionMs } = nearest;
  const share = Math.max(nearest.density, 1e-3);
  if (attentionMs !== null && attentionMs < ttftMs) {
    const attention = (attentionMs / share) * density * (there.attention / here.attention);
    return attention + (ttftMs - attentionMs) * (there.linear / here.linear);
  }
  const total = here.linear + share * here.attention;
  return (ttftMs * (there.linear + density * there.attention)) / total;
}

/** From here on a dense run is worth a question, ms. */
export const longDenseMs = 60_000;
/** Where nothing was measured yet, prompts above these many tokens are taken to be as long. */
const longUnmeasured = { software: 2_000, gpu: 128_000 };

/** Whether a dense run of a prompt is too long to be started without a question. */
export function denseIsLong(tokens: number, estimate: number | null, software: boolean): boolean {
  if (estimate !== null) return estimate >= longDenseMs;
  return tokens > (software ? longUnmeasured.software : longUnmeasured.gpu);
}

/** Density that a sparse run is expected to have, as the engine expects it for its progress. */
export function expectedDensity(tokens: number): number {
  return Math.min(0.6, Math.max(0.03, 4_096 / tokens));
}
