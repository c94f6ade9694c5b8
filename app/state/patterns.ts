/** The patterns that a person can choose, as data: a further one is one entry here. The engine validates the values. */
import type { PatternName, PatternRequest } from '../engine/types';

export type SettingValue = string | number | boolean;

export interface NumberParameter {
  kind: 'number';
  name: string;
  label: string;
  help: string;
  min: number;
  max: number;
  step: number;
}

export interface ChoiceParameter {
  kind: 'choice';
  name: string;
  label: string;
  help: string;
  options: readonly { value: string; label: string }[];
}

export type Parameter = NumberParameter | ChoiceParameter;

/** How a pattern is drawn in miniature: true where tile (row, column) of a small causal square is computed. */
export type Mask = (row: number, column: number) => boolean;

export interface PatternChoice {
  name: PatternName;
  label: string;
  sentence: string;
  mask: Mask;
  /** Left empty, a parameter takes the engine's default. */
  parameters: readonly Parameter[];
}

const fallback: ChoiceParameter = {
  kind: 'choice',
  name: 'fallback',
  label: 'Short prompts',
  help: 'Below a few thousand tokens an index costs more than it saves, so dense is used and the result says so.',
  options: [
    { value: 'auto', label: 'Dense where sparse cannot pay' },
    { value: 'off', label: 'Sparse at every length' },
  ],
};

export const patterns: readonly PatternChoice[] = [
  {
    name: 'vertical_slash',
    label: 'Vertical-slash',
    sentence:
      'MInference: the last 64 queries show which columns and diagonals matter; only those are computed.',
    mask: (row, column) =>
      column === 0 || row - column <= 1 || column === 4 || column === 9 || row - column === 6,
    parameters: [
      {
        kind: 'choice',
        name: 'budget',
        label: 'Budget',
        help: 'Scaled grows with the prompt. Classic keeps exactly what the original keeps, which is nearly everything below 16K tokens.',
        options: [
          { value: 'scaled', label: 'Scaled with length' },
          { value: 'classic', label: 'Classic (as published)' },
        ],
      },
      {
        kind: 'number',
        name: 'verticalSize',
        label: 'Columns',
        help: 'Single keys that every later query looks at.',
        min: 0,
        max: 100_000,
        step: 1,
      },
      {
        kind: 'number',
        name: 'slashSize',
        label: 'Diagonals',
        help: 'Distances at which every query looks back.',
        min: 0,
        max: 100_000,
        step: 1,
      },
      {
        kind: 'number',
        name: 'lastQ',
        label: 'Estimating queries',
        help: 'How many of the last queries are used for the estimate.',
        min: 1,
        max: 256,
        step: 1,
      },
      fallback,
    ],
  },
  {
    name: 'a_shape',
    label: 'A-shape',
    sentence:
      'StreamingLLM: the first tokens and a window around each query, chosen without looking at the text.',
    mask: (row, column) => column <= 1 || row - column <= 3,
    parameters: [
      {
        kind: 'number',
        name: 'init',
        label: 'First tokens',
        help: 'Tokens at the start that every query sees.',
        min: 0,
        max: 1_000_000,
        step: 64,
      },
      {
        kind: 'number',
        name: 'local',
        label: 'Window',
        help: 'Tokens just before a query that it sees.',
        min: 1,
        max: 1_000_000,
        step: 64,
      },
      fallback,
    ],
  },
  {
    name: 'dense',
    label: 'Dense alone',
    sentence: 'Every query looks at every token before it. One run, nothing to compare with.',
    mask: () => true,
    parameters: [],
  },
];

export function patternChoice(name: PatternName): PatternChoice {
  const found = patterns.find((pattern) => pattern.name === name);
  if (!found) throw new RangeError(`no pattern '${name}'`);
  return found;
}

export function patternLabel(name: PatternName): string {
  return patterns.find((pattern) => pattern.name === name)?.label ?? name;
}

/** Only what the person set; a value left empty is the engine's to choose. */
export function patternRequest(
  name: PatternName,
  values: Readonly<Record<string, SettingValue>> = {},
): PatternRequest {
  const known = new Set(patternChoice(name).parameters.map((parameter) => parameter.name));
  return { name, set: Object.fromEntries(Object.entries(values).filter(([key]) => known.has(key))) };
}
