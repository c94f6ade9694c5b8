/** Sentences of the search for budgets by head. */
import type { FoundHeads } from '../state/search';
import { counted, percent } from './format';

/** What was found, at the cost that was measured, which is not always the one that was asked for. */
export function foundSentence({
  date,
  tokens,
  meanRecall,
  meanDensity,
  density,
  unmetHeads,
}: Omit<FoundHeads, 'chosen' | 'config' | 'model' | 'budget'>): string {
  const day = new Date(date).toLocaleDateString('en', { day: 'numeric', month: 'short', year: 'numeric' });
  const kept = `${percent(meanRecall)} of the attention kept at a mean density of ${percent(meanDensity)}`;
  const found = `Found on ${day} over ${counted(tokens, 'token')}: ${kept}; ${percent(density)} was asked for.`;
  if (unmetHeads === 0) return found;
  return `${found} For ${counted(unmetHeads, 'head')} no candidate met that cost, and the cheapest was taken: a longer text leaves more to skip.`;
}
