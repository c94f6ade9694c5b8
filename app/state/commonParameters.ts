/** Parameters that several patterns have. */
import { counted } from '../counted';
import { denseAbove, fewestRows, mostDenseKeys } from '../attention/tiles';
import { longestPrompt, type ChoiceParameter, type NumberParameter, type SettingValue } from './parameters';

const length = counted(mostDenseKeys, 'token');
export const densePercent = `${denseAbove * 100}%`;
const share = `more than ${densePercent} of its tiles`;
const rules = `Dense instead: a prompt of up to ${length}, fewer than ${fewestRows} new tokens, and a head that would compute ${share}. The result says so.`;

export const fallback: ChoiceParameter = {
  kind: 'choice',
  name: 'fallback',
  label: 'Dense fallback',
  help: `${rules} “Never” turns off all of it.`,
  options: [
    { value: 'auto', label: 'Where sparse cannot pay' },
    { value: 'off', label: 'Never' },
  ],
};

/** Of patterns whose index costs nothing, whatever the length. */
export const windowFallback: ChoiceParameter = {
  ...fallback,
  help: `Dense instead: a run that would compute ${share}. The result says so. There is no rule for short prompts.`,
};

/** The original has a rule for short prompts of its own. */
export const flexFallback: ChoiceParameter = {
  ...fallback,
  help: `${rules} “Never” turns off all of it; prompts up to the least budget stay dense, as published.`,
};

/**
 * Where the engine's default depends on the budget, which the first option leaves to it: the original, and `classic` with
 * it, has no fallback. `initial` is the budget while none is chosen.
 */
export function byBudget(initial: 'classic' | 'scaled'): ChoiceParameter {
  const effect = (budget: SettingValue): string =>
    budget === 'classic' ? 'never' : 'where sparse cannot pay';
  return {
    ...fallback,
    help: `${rules} “Never” turns off all of it, as the original and so the classic budget.`,
    options: [
      {
        value: 'by budget',
        label: ({ budget = initial }) => `As the ${String(budget)} budget: ${effect(budget)}`,
      },
      ...fallback.options,
    ],
  };
}

/** A default that is the original's number under `classic` and follows from the prompt's length under `scaled`. */
export function ifClassic(size: number): NonNullable<NumberParameter['initial']> {
  return ({ budget }) => (budget === 'classic' ? size : undefined);
}

export const estimating: NumberParameter = {
  kind: 'number',
  name: 'lastQ',
  label: 'Estimating queries',
  help: 'How many of the last queries are used for the estimate.',
  min: 1,
  max: 256,
  step: 1,
  initial: 64,
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
    initial: 128,
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
