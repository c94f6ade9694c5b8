/** A comparison around its runs: which lanes there are, what is refused, and what they say about each other. */
import { UserError } from '../errors';
import { compareFidelity } from './fidelity';
import type { LaneOutcome } from './run';
import type { CompareRequest, CompareResult, PatternRequest, RunResult } from './types';

export const denseRequest: PatternRequest = { name: 'dense', set: {} };

/** GPU time of attention with what sparse needs for it. */
function attentionMs(outcome: LaneOutcome): number | null {
  const phases = outcome.run.phasesMs;
  return phases ? phases.estimate + phases.index + phases.attention : null;
}

/** What two lanes say about each other; without both there is no speed-up and no fidelity. */
export function figuresOf(
  outcomes: ReadonlyMap<'dense' | 'sparse', LaneOutcome>,
  ids: ArrayLike<number>,
  vocab: number,
): Pick<CompareResult, 'runs' | 'speedup' | 'fidelity'> {
  const dense = outcomes.get('dense');
  const sparse = outcomes.get('sparse');
  const runs = lanesInTable(outcomes);
  if (!dense || !sparse) return { runs, speedup: null, fidelity: null };
  const fidelity = compareFidelity(dense, sparse, Uint32Array.from(ids), vocab);
  // Times of a further question are of its own tokens: a ratio of them would read as one of whole prompts.
  if (dense.run.pastTokens > 0 || sparse.run.pastTokens > 0) return { runs, speedup: null, fidelity };
  const denseAttention = attentionMs(dense);
  const sparseAttention = attentionMs(sparse);
  return {
    runs,
    speedup: {
      ttft: dense.run.ttftMs / sparse.run.ttftMs,
      attention: denseAttention && sparseAttention ? denseAttention / sparseAttention : null,
    },
    fidelity,
  };
}

/** What a dense run depends on besides its ids. */
export function keyOf({ maxNewTokens, sampling }: CompareRequest): string {
  return JSON.stringify([maxNewTokens, sampling]);
}

export function lanesOf(request: CompareRequest): ('dense' | 'sparse')[] {
  if (request.pattern.name === 'dense') return ['dense'];
  if (request.dense !== true) return ['sparse'];
  return request.order === 'dense-first' ? ['dense', 'sparse'] : ['sparse', 'dense'];
}

/** Dense first, whatever ran first. */
function lanesInTable(outcomes: ReadonlyMap<'dense' | 'sparse', LaneOutcome>): RunResult[] {
  return (['dense', 'sparse'] as const).flatMap((lane) => outcomes.get(lane)?.run ?? []);
}

/** Refuses what no run could honour, by name. */
export function checkRequest(request: CompareRequest): void {
  const { maxNewTokens, sampling, keepLimit } = request;
  const checks: [boolean, string][] = [
    [
      Number.isInteger(maxNewTokens) && maxNewTokens >= 1 && maxNewTokens <= 8_192,
      'New tokens must be from 1 to 8,192.',
    ],
    [sampling.temperature >= 0 && sampling.temperature <= 10, 'Temperature must be from 0 to 10.'],
    [sampling.topP > 0 && sampling.topP <= 1, 'Top-p must be above 0 and at most 1.'],
    [
      keepLimit === undefined || keepLimit >= 0,
      'The memory for kept keys and values (keepLimit) must be bytes from 0 up.',
    ],
    [Number.isInteger(sampling.seed) && sampling.seed >= 0, 'The seed must be a whole number from 0 up.'],
  ];
  const failed = checks.find(([ok]) => !ok);
  if (failed) throw new UserError('bad-setting', failed[1], 'Change it and run again.');
}
