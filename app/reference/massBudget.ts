/**
 * How many of the largest scores of a list to take so that at most `leftOut` of their mass stays outside, within
 * [least, most]. Whole bins of a quarter octave are taken, each score counted as its bin's middle; `Infinity` is forced:
 * always counted, no mass. Scores from 0 up; above 2^8 and below 2^-55 as the outermost bins.
 */
export function massBudgetReference(
  scores: ArrayLike<number>,
  leftOut: number,
  least: number,
  most: number,
): number {
  const counts = new Map<number, number>();
  for (const score of Array.from(scores)) {
    if (score === 0) continue;
    const bin = binOf(score);
    counts.set(bin, (counts.get(bin) ?? 0) + 1);
  }
  const bins = [...counts].toSorted(([a], [b]) => b - a);
  // From the smallest scores up: mass that stays outside if this bin and all larger ones are taken.
  let left = 0;
  let taken = bins.reduce((sum, [, count]) => sum + count, 0);
  for (const [bin, count] of bins) {
    const without = left + count * middleOf(bin);
    if (bin === 0 || without > leftOut) break;
    left = without;
    taken -= count;
  }
  return Math.min(most, Math.max(least, taken));
}

/** Octaves from 2^8 down in quarters of their mantissa range: 0 forced, 1 the largest, 255 the negligible. */
function binOf(score: number): number {
  if (score === Infinity) return 0;
  const octave = Math.floor(Math.log2(score));
  const quarter = Math.floor((score / 2 ** octave - 1) * 4);
  return Math.min(255, Math.max(1, 32 - (octave * 4 + quarter)));
}

function middleOf(bin: number): number {
  if (bin === 0 || bin === 255) return 0;
  const place = 32 - bin;
  const octave = Math.floor(place / 4);
  return 2 ** octave * (1 + (place - 4 * octave + 0.5) / 4);
}
