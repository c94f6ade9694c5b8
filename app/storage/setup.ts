/** Everything that a person sets for a run besides its text, as share links hold it and as replays restore it. */
import * as v from 'valibot';
import type { CompareRequest, DenseMode, PatternRequest } from '../engine/types';

export const patternNames = [
  'dense',
  'a_shape',
  'tri_shape',
  'vertical_slash',
  'block_sparse',
  'minference',
  'flexprefill',
  'xattention',
  'adaptive',
] as const satisfies readonly PatternRequest['name'][];

const Whole = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(Number.MAX_SAFE_INTEGER));
const AtLeastOne = v.pipe(Whole, v.minValue(1));

export const PatternSchema = v.object({
  name: v.picklist(patternNames),
  set: v.record(v.string(), v.union([v.string(), v.number(), v.boolean()])),
});

export const DenseSchema = v.union([v.boolean(), v.literal('projected')]);

export const SamplingSchema = v.object({
  temperature: v.pipe(v.number(), v.minValue(0), v.maxValue(10)),
  topP: v.pipe(v.number(), v.minValue(0.01), v.maxValue(1)),
  seed: v.pipe(Whole, v.maxValue(4_294_967_295)),
});

/** What the settings of a run come down to; `requestSettings` and `tokens` of a prompt hold the same. */
export interface Setup {
  pattern: PatternRequest;
  /** Prompt tokens at most; null is as many as the model takes. */
  context: number | null;
  newTokens: number;
  sampling: CompareRequest['sampling'];
  order: CompareRequest['order'];
  dense: DenseMode;
}

export const SetupSchema = v.object({
  pattern: PatternSchema,
  context: v.nullable(AtLeastOne),
  newTokens: v.pipe(AtLeastOne, v.maxValue(8_192)),
  sampling: SamplingSchema,
  order: v.picklist(['dense-first', 'sparse-first']),
  dense: DenseSchema,
});

/** Where something does not fit a schema and how, for a sentence: "runs[0].name: expected a string". */
export function issueText(issue: v.BaseIssue<unknown>): string {
  const path = (issue.path ?? []).reduce(
    (text, { key }) =>
      typeof key === 'number' ? `${text}[${key}]` : `${text}${text === '' ? '' : '.'}${String(key)}`,
    '',
  );
  return path === '' ? issue.message : `${path}: ${issue.message}`;
}
