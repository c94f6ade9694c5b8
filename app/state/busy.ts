/** The engine does one thing at a time: what it does now, for every button that would start another. */
import type { HeadsState } from './heads';
import { isRunning, type RunState } from './run';
import type { ScalingState } from './scaling';
import type { SearchState } from './search';

interface Readable<T> {
  getState(): T;
}

export interface BusyParts {
  run: Readable<RunState>;
  search: Readable<SearchState>;
  heads: Readable<HeadsState>;
  scaling: Readable<ScalingState>;
}

/** Why nothing else can start, as a sentence; null where nothing is going on. */
export function busyWith({ run, search, heads, scaling }: BusyParts): string | null {
  if (isRunning(run.getState())) return 'A run is going on.';
  if (search.getState().fraction !== null) return 'A search for budgets by head is going on.';
  if (heads.getState().measuring !== null) return 'Heads are being measured.';
  if (scaling.getState().progress !== null) return 'Lengths are being timed.';
  return null;
}
