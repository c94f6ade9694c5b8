/**
 * Indices of the `count` largest scores, ascending; among equal scores the lowest index first, as torch.topk on CUDA
 * does (seen in MInference's results: of 100 forced diagonals and a budget of 60 those with the largest offsets remain).
 */
export function selectTopReference(scores: ArrayLike<number>, count: number): number[] {
  const order = Array.from(scores, (score, index) => ({ score, index }));
  order.sort((a, b) => (a.score === b.score ? a.index - b.index : b.score - a.score));
  return order
    .slice(0, count)
    .map(({ index }) => index)
    .toSorted((a, b) => a - b);
}
