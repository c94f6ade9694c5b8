/** Parameters that several patterns have. */
import { longestPrompt, type ChoiceParameter, type NumberParameter, type SettingValue } from './parameters';

export const fallback: ChoiceParameter = {
  kind: 'choice',
  name: 'fallback',
  label: 'Short prompts',
  help: 'Below a few thousand tokens an index costs more than it saves, so dense is used and the result says so.',
  options: [
    { value: 'auto', label: 'Dense where sparse cannot pay' },
    { value: 'off', label: 'Sparse at every length' },
  ],
};

/**
 * Where the engine's default depends on the budget, which the first option leaves to it: the original, and `classic` with
 * it, has no fallback. `initial` is the budget while none is chosen.
 */
export function byBudget(initial: 'classic' | 'scaled'): ChoiceParameter {
  const effect = (budget: SettingValue): string =>
    budget === 'classic' ? 'sparse at every length' : 'dense where sparse cannot pay';
  return {
    ...fallback,
    help: 'The original is sparse at every length. Dense where an index costs more than it saves is said in the result.',
    options: [
      {
        value: 'by budget',
        label: ({ budget = initial }) => `As the ${String(budget)} budget: ${effect(budget)}`,
      },
      ...fallback.options,
    ],
  };
}

export const estimating: NumberParameter = {
  kind: 'number',
  name: 'lastQ',
  label: 'Estimating queries',
  help: 'How many of the last queries are used for the estimate.',
  min: 1,
  max: 256,
  step: 1,
};

export const window: readonly NumberParameter[] = [
  {
    kind: 'number',
    name: 'init',
    label: 'First tokens',
    help: 'Tokens at the start that every query sees.',
    min: 0,
    max: longestPrompt,
    step: 64,
  },
  {
    kind: 'number',
    name: 'local',
    label: 'Window',
    help: 'Tokens just before a query that it sees.',
    min: 1,
    max: longestPrompt,
    step: 64,
  },
];
