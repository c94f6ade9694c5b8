/** The first `words` of `values`; what stood in `out` after them stays. */
export function plainCopyReference(
  values: ArrayLike<number>,
  out: ArrayLike<number>,
  words: number,
): number[] {
  return Array.from(out, (old, at) => (at < words ? (values[at] ?? NaN) : old));
}
