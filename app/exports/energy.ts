/** Energy as an estimate: time multiplied by a power that the person states. Nothing here is measured but the time. */
import type { RunResult } from '../engine/types';

export interface PowerSettings {
  /** Power while a run goes on, watts; null: not stated, so there is no estimate. */
  watts: number | null;
  /** Grams of CO2 per kilowatt hour of the grid; null: not stated. */
  gridIntensity: number | null;
}

export interface Energy {
  wattHours: number;
  /** CO2; null without a grid intensity. */
  grams: number | null;
}

export interface RunEnergy {
  firstToken: Energy;
  /** Prefill and answer. */
  whole: Energy;
}

export function energyOf(
  { ttftMs, decodeMs }: Pick<RunResult, 'ttftMs' | 'decodeMs'>,
  { watts, gridIntensity }: PowerSettings,
): RunEnergy | null {
  if (watts === null) return null;
  const over = (ms: number): Energy => {
    const wattHours = (watts * ms) / 3_600_000;
    return { wattHours, grams: gridIntensity === null ? null : (wattHours / 1000) * gridIntensity };
  };
  return { firstToken: over(ttftMs), whole: over(ttftMs + decodeMs) };
}
