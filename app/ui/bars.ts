/** One bar or column of a comparison: a lane of a run, with a name that tells it from its neighbours. */
import type { CompareResult, RunResult } from '../engine/types';
import { patternLabel } from '../state/patterns';

export interface Bar {
  key: string;
  label: string;
  run: RunResult;
}

export function laneOf({ pattern }: Pick<RunResult, 'pattern'>): 'dense' | 'sparse' {
  return pattern === 'dense' ? 'dense' : 'sparse';
}

export function laneLabel({ pattern }: Pick<RunResult, 'pattern'>): string {
  return pattern === 'dense' ? 'Dense' : patternLabel(pattern);
}

/** The lanes of a result; `prefix` tells two results apart. */
export function barsOf({ runs }: Pick<CompareResult, 'runs'>, prefix = ''): Bar[] {
  return runs.map((run) => {
    const label = laneLabel(run);
    return { key: `${prefix}${run.pattern}`, label: prefix === '' ? label : `${prefix}: ${label}`, run };
  });
}
