/** From logits to a token: greedy, or temperature and top-p with a seed. */
import type { Sampling } from './types';

/** log softmax in f64. */
export function logSoftmax(logits: ArrayLike<number>): Float64Array {
  let widest = -Infinity;
  for (let at = 0; at < logits.length; at++) widest = Math.max(widest, logits[at] ?? NaN);
  let sum = 0;
  for (let at = 0; at < logits.length; at++) sum += Math.exp((logits[at] ?? NaN) - widest);
  const shift = widest + Math.log(sum);
  return Float64Array.from({ length: logits.length }, (_, at) => (logits[at] ?? NaN) - shift);
}

/** Index of the largest value; the lowest such index on a tie. */
export function argmax(values: ArrayLike<number>): number {
  let best = 0;
  for (let at = 1; at < values.length; at++) if ((values[at] ?? NaN) > (values[best] ?? NaN)) best = at;
  return best;
}

/** The `count` likeliest tokens, likeliest first, ties by lower id. */
export function topTokens(logits: ArrayLike<number>, count: number): { id: number; logprob: number }[] {
  const logprobs = logSoftmax(logits);
  return Array.from(logprobs, (logprob, id) => ({ id, logprob }))
    .toSorted((a, b) => b.logprob - a.logprob || a.id - b.id)
    .slice(0, count);
}

/** Mulberry32: 32 bits of state, uniform in [0, 1); ample for sampling, and the same on every machine. */
function uniform(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A sampler with its own random state: make one per run, so that a seed repeats the run. */
export function createSampler(sampling: Sampling): (logits: ArrayLike<number>) => number {
  if (sampling.temperature === 0) return argmax;
  const random = uniform(sampling.seed);
  return (logits) => {
    const logprobs = logSoftmax(
      Array.from({ length: logits.length }, (_, at) => (logits[at] ?? NaN) / sampling.temperature),
    );
    const ranked = Array.from(logprobs, (logprob, id) => ({ id, share: Math.exp(logprob) })).toSorted(
      (a, b) => b.share - a.share || a.id - b.id,
    );
    // Nucleus: the fewest likeliest tokens that reach top-p, always at least one (Holtzman et al. 2020).
    let mass = 0;
    const nucleus = ranked.slice(
      0,
      1 + ranked.findIndex(({ share }) => (mass += share) >= sampling.topP) || ranked.length,
    );
    const kept = nucleus.reduce((sum, { share }) => sum + share, 0);
    let left = random() * kept;
    for (const { id, share } of nucleus) {
      left -= share;
      if (left < 0) return id;
    }
    return nucleus.at(-1)?.id ?? 0;
  };
}
