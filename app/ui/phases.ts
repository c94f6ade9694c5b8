/** Phases of a prefill in the order in which a bar shows them: attention first, as that is where the two runs differ. */
import type { PhaseName, RunResult } from '../engine/types';

export interface PhaseKind {
  name: PhaseName | 'other';
  label: string;
}

export const phaseKinds: readonly PhaseKind[] = [
  { name: 'attention', label: 'Attention' },
  { name: 'estimate', label: 'Estimate' },
  { name: 'index', label: 'Index' },
  { name: 'projections', label: 'Projections' },
  { name: 'mlp', label: 'MLP' },
  { name: 'head', label: 'Head' },
  { name: 'other', label: 'Rest of wall time' },
];

export interface Segment extends PhaseKind {
  ms: number;
}

/** What timestamps do not cover, up to the first token, is a segment too: the bar is as long as the wait was. */
export function segmentsOf({ phasesMs, ttftMs }: RunResult): Segment[] | null {
  if (!phasesMs) return null;
  const measured = Object.values(phasesMs).reduce((sum, ms) => sum + ms, 0);
  return phaseKinds.map(({ name, label }) => {
    const ms = name === 'other' ? Math.max(0, ttftMs - measured) : phasesMs[name];
    return { name, label, ms };
  });
}
