/** What a further question measured, in words that nobody can take for a whole prompt's. */
import type { CompareResult, RunResult } from '../engine/types';
import { count, counted, duration } from './format';

type Asked = Pick<CompareResult, 'runs'> & { prompt: Pick<CompareResult['prompt'], 'tokens'> };

/** A lane began with keys and values that an earlier question had left. */
export function isFollowUp({ runs }: Pick<CompareResult, 'runs'>): boolean {
  return runs.some(({ pastTokens }) => pastTokens > 0);
}

function laneFact({ pastTokens }: RunResult, tokens: number): string {
  return pastTokens === 0
    ? `after all ${counted(tokens, 'token')}`
    : `after ${counted(tokens - pastTokens, 'new token')}; ${counted(pastTokens, 'token')}’ keys and values were kept`;
}

/** "Answered after 21 new tokens; 391 tokens’ keys and values were kept." */
export function answeredAfter({ runs, prompt }: Asked): string {
  const facts = runs.map((run) => laneFact(run, prompt.tokens));
  const [first = '', second = first] = facts;
  if (first === second) return `Answered ${first}.`;
  return `Dense answered ${first}. Sparse answered ${second}.`;
}

/** For a list of facts: '391', or 'dense 391, sparse 0'. */
export function keptFacts({ runs }: Pick<CompareResult, 'runs'>): string {
  const [first = '', second = first] = runs.map(({ pastTokens }) => count(pastTokens));
  return first === second ? first : `dense ${first}, sparse ${second}`;
}

export function followUpHeadline(result: CompareResult): {
  figure: string;
  words: string;
  detail: string;
  tone: 'none';
} {
  const sparse = result.runs.find((run) => run.pattern !== 'dense');
  const dense = result.runs.find((run) => run.pattern === 'dense');
  const main = sparse ?? dense;
  const times =
    sparse && dense ? ` Dense took ${duration(dense.ttftMs)}, sparse ${duration(sparse.ttftMs)}.` : '';
  return {
    figure: main ? duration(main.ttftMs) : '',
    words: 'to the first token of a further question',
    detail: `${answeredAfter(result)}${times} These are times of the new tokens alone, so no speed-up is given.`,
    tone: 'none',
  };
}
