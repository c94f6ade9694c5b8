/** One bar or column of a comparison: a lane of a run, with a name that tells it from its neighbours. */
import type { CompareResult, ProjectedDense, RunResult } from '../engine/types';
import { projectionTexts } from './projectionTexts';
import { patternLabel } from '../state/patterns';

export interface Bar {
  key: string;
  label: string;
  run: RunResult;
}

/** Dense that was not run: drawn beside the bars of runs, and unlike them. */
export interface ProjectedBar {
  key: string;
  label: string;
  projected: ProjectedDense;
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

export function projectedBarsOf(
  { projected }: Pick<CompareResult, 'projected'>,
  prefix = '',
): ProjectedBar[] {
  if (!projected) return [];
  const label = projectionTexts.lane;
  return [{ key: `${prefix}projected`, label: prefix === '' ? label : `${prefix}: ${label}`, projected }];
}
