/** Whether a model and a prompt fit a GPU, told before anything is downloaded. */
import type { AdapterReport } from '../engine/types';
import { memoryPlan, type PlanShape } from '../model/plan';

/**
 * WebGPU states how large one buffer may be, and never how much memory there is. So:
 * - 'no': a buffer would be larger than the adapter allows, or the sum is above the memory that the user stated;
 * - 'fits': the sum is below what is known to be there: with stated memory 85% of it (browser and screen need some
 *   too), else the size of one largest buffer, which the adapter says it can give;
 * - 'tight': between the two. With stated memory it will be close; without, nobody can tell.
 */
export type Verdict = 'fits' | 'tight' | 'no';

export interface Fit {
  verdict: Verdict;
  /** Bytes at `tokens`; the pattern's index, some percent of the cache at most, comes on top. */
  total: number;
  tokens: number;
  /** Longest prompt that is not 'no', rounded down to two digits; 0 where not even the shortest is. */
  longest: number;
  /** What decides: the stated memory, the adapter's largest buffer, or nothing ('unknown': more than one buffer's worth). */
  by: 'memory' | 'buffers' | 'unknown' | 'none';
}

export interface FitRequest {
  shape: PlanShape;
  /** Bytes of the weights on the GPU. */
  weights: number;
  adapter: Pick<AdapterReport, 'maxBufferSize' | 'maxStorageBufferBindingSize' | 'tier'>;
  tokens: number;
  newTokens: number;
  /** Bytes that the user says their GPU has; null where they did not. */
  gpuMemory: number | null;
}

/** Share of the stated memory that a run may count on. */
export const usableMemory = 0.85;
const mostTokens = 2 ** 20;

export function fitOf(request: FitRequest): Fit {
  const { shape, weights, adapter, tokens, newTokens, gpuMemory } = request;
  // As `activationSize`, which the page may not import.
  const size = adapter.tier === 'portable' ? 4 : 2;
  const at = (length: number) => memoryPlan(shape, weights, adapter, length, newTokens, size, () => 0);
  const plan = at(tokens);
  const possible = (length: number): boolean => {
    const { fits, total } = at(length);
    return fits && (gpuMemory === null || total <= gpuMemory);
  };
  const base = { total: plan.total, tokens };
  if (possible(tokens)) {
    const sure = gpuMemory === null ? adapter.maxBufferSize : gpuMemory * usableMemory;
    const fits = plan.total <= sure;
    const by = fits ? 'none' : gpuMemory === null ? 'unknown' : 'memory';
    return { ...base, verdict: fits ? 'fits' : 'tight', longest: tokens, by };
  }
  let longest = 0;
  for (let step = mostTokens; step >= 64; step /= 2) if (possible(longest + step)) longest += step;
  return { ...base, verdict: 'no', longest: twoDigits(longest), by: plan.fits ? 'memory' : 'buffers' };
}

/** 40,064 as 40,000: a limit that was estimated is not given to the token. */
function twoDigits(value: number): number {
  const unit = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(1, value))) - 1);
  return Math.floor(value / unit) * unit;
}
