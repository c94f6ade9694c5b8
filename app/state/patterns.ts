/** The patterns that a person can choose, as data: a further one is one entry here. The engine validates the values. */
import type { PatternName, PatternRequest } from '../engine/types';
import {
  byBudget,
  estimating,
  fallback,
  flexFallback,
  ifClassic,
  window,
  windowFallback,
} from './commonParameters';
import { headSummary } from './headSummary';
import { longestPrompt, type Parameter, type SettingValue } from './parameters';

export type { FileParameter, NumberParameter, Parameter, SettingValue, ShareParameter } from './parameters';

/** How a pattern is drawn in miniature: true where tile (row, column) of a small causal square is computed. */
export type Mask = (row: number, column: number) => boolean;

export interface Link {
  label: string;
  url: string;
}

export interface PatternChoice {
  name: PatternName;
  label: string;
  sentence: string;
  mask: Mask;
  /** The papers behind it. */
  papers: readonly Link[];
  /** Files in the form that it reads. */
  files?: Link;
  /** Left empty, a parameter takes the engine's default. */
  parameters: readonly Parameter[];
}

const minferencePaper: Link = { label: 'MInference', url: 'https://arxiv.org/abs/2407.02490' };
const flexPrefillPaper: Link = { label: 'FlexPrefill', url: 'https://arxiv.org/abs/2502.20766' };

export const patterns: readonly PatternChoice[] = [
  {
    name: 'adaptive',
    label: 'Adaptive',
    sentence:
      'Columns and diagonals as in MInference, but each head keeps as many as its own attention needs.',
    papers: [minferencePaper, flexPrefillPaper],
    mask: (row, column) =>
      column === 0 || row - column <= 1 || column === 5 || (row - column === 5 && row > 6),
    parameters: [
      {
        kind: 'share',
        name: 'fidelity',
        label: 'Fidelity',
        help: 'Share of the last queries’ attention that is kept.',
        min: 0.6,
        max: 0.99,
        step: 0.01,
        initial: 0.9,
        ends: ['faster', 'closer to dense'],
      },
      {
        kind: 'number',
        name: 'verticalSize',
        label: 'Columns at most',
        help: 'Single keys that every later query of a head looks at.',
        min: 0,
        max: longestPrompt,
        step: 1,
      },
      {
        kind: 'number',
        name: 'slashSize',
        label: 'Diagonals at most',
        help: 'Distances at which every query of a head looks back, in bands of 64.',
        min: 0,
        max: longestPrompt,
        step: 64,
      },
      {
        kind: 'number',
        name: 'last',
        label: 'Last rows dense',
        help: 'Rows at the end of the prompt that look at everything.',
        min: 0,
        max: longestPrompt,
        step: 64,
        initial: 64,
      },
      estimating,
      fallback,
    ],
  },
  {
    name: 'vertical_slash',
    label: 'Vertical-slash',
    sentence:
      'MInference: the last 64 queries show which columns and diagonals matter; only those are computed.',
    papers: [minferencePaper],
    mask: (row, column) =>
      column === 0 || row - column <= 1 || column === 4 || column === 9 || row - column === 6,
    parameters: [
      {
        kind: 'choice',
        name: 'budget',
        label: 'Budget',
        help: 'Scaled grows with the prompt. Classic keeps exactly what the original keeps, which is nearly everything below 16K tokens, and like it never falls back to dense.',
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
        max: longestPrompt,
        step: 1,
        initial: ifClassic(1_000),
      },
      {
        kind: 'number',
        name: 'slashSize',
        label: 'Diagonals',
        help: 'Distances at which every query looks back.',
        min: 0,
        max: longestPrompt,
        step: 1,
        initial: ifClassic(6_096),
      },
      estimating,
      byBudget('scaled'),
    ],
  },
  {
    name: 'a_shape',
    label: 'A-shape',
    sentence:
      'StreamingLLM: the first tokens and a window around each query, chosen without looking at the text.',
    papers: [{ label: 'StreamingLLM', url: 'https://arxiv.org/abs/2309.17453' }],
    mask: (row, column) => column <= 1 || row - column <= 3,
    parameters: [...window, windowFallback],
  },
  {
    name: 'tri_shape',
    label: 'Tri-shape',
    sentence: 'A-shape for all but the last tokens of the prompt, which look at everything.',
    papers: [{ label: 'SCBench', url: 'https://arxiv.org/abs/2412.10319' }],
    mask: (row, column) => column <= 1 || row - column <= 2 || row >= 10,
    parameters: [
      ...window,
      {
        kind: 'number',
        name: 'last',
        label: 'Last rows dense',
        help: 'Rows at the end of the prompt that look at everything.',
        min: 0,
        max: longestPrompt,
        step: 1,
        initial: 100,
      },
      windowFallback,
    ],
  },
  {
    name: 'block_sparse',
    label: 'Block-sparse',
    sentence:
      'MInference: for each 64 queries, the tiles of 64 keys whose mean is most like the mean of the queries.',
    papers: [minferencePaper],
    mask: (row, column) => column === 0 || row - column <= 1 || (row * 5 + column * 3) % 7 === 0,
    parameters: [
      {
        kind: 'choice',
        name: 'budget',
        label: 'Budget',
        help: 'Scaled grows with the prompt and keeps the first tile, the diagonal and its neighbour. Classic keeps exactly what the original keeps: 100 tiles, which is everything below 6,400 tokens. Like it, it never falls back to dense.',
        options: [
          { value: 'scaled', label: 'Scaled with length' },
          { value: 'classic', label: 'Classic (as published)' },
        ],
      },
      {
        kind: 'number',
        name: 'topK',
        label: 'Tiles a row block',
        help: 'Tiles of 64 keys that each 64 queries keep.',
        min: 1,
        max: 16_384,
        step: 1,
        initial: ifClassic(100),
      },
      byBudget('scaled'),
    ],
  },
  {
    name: 'xattention',
    label: 'XAttention',
    sentence:
      'Sums of antidiagonals rank blocks of 128 tokens; each row of blocks keeps enough to hold its threshold.',
    papers: [{ label: 'XAttention', url: 'https://arxiv.org/abs/2503.16428' }],
    mask: (row, column) => {
      const [block, other] = [Math.floor(row / 2), Math.floor(column / 2)];
      return other === 0 || block === other || (block * 3 + other) % 4 === 0;
    },
    parameters: [
      {
        kind: 'number',
        name: 'threshold',
        label: 'Threshold',
        help: 'Share of the estimated attention that the chosen blocks must hold.',
        min: 0,
        max: 1,
        step: 0.01,
        initial: 0.9,
        real: true,
      },
      {
        kind: 'choice',
        name: 'stride',
        label: 'Stride',
        help: 'Tokens of an antidiagonal: 16 halves the cost of the estimate and is coarser.',
        options: [
          { value: '8', label: '8' },
          { value: '16', label: '16' },
        ],
      },
      fallback,
    ],
  },
  {
    name: 'minference',
    label: 'MInference by head',
    sentence:
      'Each head follows its own pattern with its own budget, from a file that MInference’s search or the one here wrote.',
    papers: [minferencePaper],
    files: {
      label: 'MInference’s own',
      url: 'https://github.com/microsoft/MInference/tree/main/minference/configs',
    },
    mask: (row, column) =>
      row < 6
        ? column === 0 || row - column <= 1
        : column <= 1 || row === column || column === 6 || row - column === 4,
    parameters: [
      {
        kind: 'file',
        name: 'config',
        label: 'Heads',
        help: 'A list with one object a layer, from head to [type, columns, diagonals, score].',
        accept: '.json,application/json',
        fileName: 'heads.json',
        summary: headSummary,
        empty: 'No file: each head has MInference’s default, 1,000 columns and 6,096 diagonals.',
      },
      {
        kind: 'choice',
        name: 'budget',
        label: 'Budget',
        help: 'What the sizes mean: single diagonals as published, or bands of 64. Neither grows with the prompt. Classic never falls back to dense, as the original.',
        options: [
          { value: 'classic', label: 'Classic (as published)' },
          { value: 'scaled', label: 'Bands of diagonals' },
        ],
      },
      {
        kind: 'number',
        name: 'startingLayer',
        label: 'First sparse layer',
        help: 'Layers below it are dense, counted from 0.',
        min: -1,
        max: 1_000,
        step: 1,
        initial: -1,
      },
      estimating,
      byBudget('classic'),
    ],
  },
  {
    name: 'flexprefill',
    label: 'FlexPrefill',
    sentence:
      'Each head keeps the blocks that hold a share of its attention, seen by the last queries or by means of all queries.',
    papers: [flexPrefillPaper],
    mask: (row, column) =>
      column === 0 ||
      row === column ||
      (column === 5 && row > 5) ||
      row - column === 3 ||
      row * column === 40,
    parameters: [
      {
        kind: 'number',
        name: 'gamma',
        label: 'Attention kept (gamma)',
        help: 'Share of the estimated attention that the chosen blocks hold. The published default is 0.9.',
        min: 0,
        max: 1,
        step: 0.01,
        initial: 0.9,
        real: true,
      },
      {
        kind: 'number',
        name: 'tau',
        label: 'Query-aware below (tau)',
        help: 'Heads whose attention mean keys predict this well choose blocks for each query block. 0.1 is published; 0 turns it off.',
        min: 0,
        max: 1,
        step: 0.01,
        initial: 0.1,
        real: true,
      },
      {
        kind: 'number',
        name: 'minBudget',
        label: 'Least budget',
        help: 'Tokens of columns, and of diagonals, that every head keeps at least. Prompts up to this length are dense.',
        min: 0,
        max: longestPrompt,
        step: 64,
        initial: 512,
      },
      {
        kind: 'choice',
        name: 'block',
        label: 'Block',
        help: 'Queries and keys are chosen in blocks of this size.',
        options: [
          { value: '128', label: '128 tokens (as published)' },
          { value: '64', label: '64 tokens' },
        ],
      },
      flexFallback,
    ],
  },
  {
    name: 'dense',
    label: 'Dense alone',
    sentence: 'Every query looks at every token before it. One run, nothing to compare with.',
    papers: [],
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
