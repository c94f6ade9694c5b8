import type { RunResult } from '../engine/types';
import { densePercent } from '../state/commonParameters';

type DenseHeads = Pick<RunResult, 'pattern' | 'note' | 'denseHeads' | 'settings'>;

/** Why some heads of sparse runs were dense, as a sentence; null where none was, or a note tells of the whole run. */
export function whyDense(runs: readonly DenseHeads[]): string | null {
  const some = runs.filter((run) => run.pattern !== 'dense' && run.note === undefined && run.denseHeads > 0);
  const reasons = [
    some.some(({ settings }) => Number(settings.startingLayer) > 0) && 'lie below the first sparse layer',
    some.some(({ settings }) => settings.fallback !== 'off') &&
      `would have computed more than ${densePercent} of their tiles`,
  ].filter((reason) => reason !== false);
  return reasons.length === 0 ? null : `Heads run dense ${reasons.join(', or ')}.`;
}
