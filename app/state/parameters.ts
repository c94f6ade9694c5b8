/** What a person can set of a pattern, as data. */
export type SettingValue = string | number | boolean;

/** Sizes in tokens go no further, whatever the prompt: where the sparse index ends. */
export const longestPrompt = 2 ** 20;

export interface NumberParameter {
  kind: 'number';
  name: string;
  label: string;
  help: string;
  min: number;
  max: number;
  step: number;
  /** Fractions are taken too. */
  real?: true;
  /** The engine's default, where it does not follow from the length of the prompt. */
  initial?: number | ((values: Readonly<Record<string, SettingValue>>) => number | undefined);
}

export interface ChoiceParameter {
  kind: 'choice';
  name: string;
  label: string;
  help: string;
  options: readonly {
    value: string;
    /** A function where it hangs on the pattern's other values. */
    label: string | ((values: Readonly<Record<string, SettingValue>>) => string);
  }[];
}

/** One slider for all that matters; shown without opening anything. */
export interface ShareParameter {
  kind: 'share';
  name: string;
  label: string;
  help: string;
  min: number;
  max: number;
  step: number;
  initial: number;
  /** What the ends mean. */
  ends: readonly [string, string];
}

/** The text of a file that is picked. */
export interface FileParameter {
  kind: 'file';
  name: string;
  label: string;
  help: string;
  /** What is picked from, as in HTML, and what the text is called when it is saved. */
  accept: string;
  fileName: string;
  /** What the text says, in a line, for the model that is loaded. Throws a `UserError` where it can't be used. */
  summary: (text: string, model: { layers: number; heads: number } | null) => string;
  /** What holds while nothing was picked. */
  empty: string;
}

export type Parameter = NumberParameter | ChoiceParameter | ShareParameter | FileParameter;
