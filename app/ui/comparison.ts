/** How a run was made, as facts; where two runs differ in them; and what a picture of their times has to say below it. */
import type { CompareResult } from '../engine/types';
import { tierText } from '../exports/tierText';
import type { FinishedRun } from '../storage/savedRun';
import { settingsText } from '../exports/settingsText';
import { answeredAfter, isFollowUp, keptFacts } from './followUp';
import { count } from './format';
import { texts } from './texts';
import { projectionTexts } from './projectionTexts';
import { sparseRun } from './words';

export interface Fact {
  name: string;
  value: string;
}

export function factsOf({ result, context }: FinishedRun): Fact[] {
  const { adapter, model, request } = result;
  const { temperature, topP, seed } = request.sampling;
  const settings = settingsText(sparseRun(result)?.settings ?? {});
  return [
    { name: 'Model', value: `${model.id}, ${model.family}, ${count(model.layers)} layers` },
    { name: 'Adapter', value: `${adapter.description} (${adapter.vendor}), ${tierText(adapter)}` },
    { name: 'Pattern', value: `${request.pattern.name} ${settings}`.trim() },
    { name: 'Tokens kept from before', value: keptFacts(result) },
    { name: 'Order', value: request.order === 'dense-first' ? 'dense first' : 'sparse first' },
    { name: 'Dense too', value: denseFact(result) },
    {
      name: 'Sampling',
      value: temperature === 0 ? 'greedy' : `temperature ${temperature}, top-p ${topP}, seed ${seed}`,
    },
    { name: 'Context at most', value: context === null ? 'as the model' : `${count(context)} tokens` },
    { name: 'New tokens at most', value: count(request.maxNewTokens) },
    { name: 'Version', value: result.commit },
    { name: 'Browser', value: result.browser },
    { name: 'Date', value: result.date },
  ];
}

function denseFact({ request: { dense }, projected }: CompareResult): string {
  if (dense !== 'projected') return dense ? 'yes' : 'no';
  return projected ? projectionTexts.fact : projectionTexts.factless;
}

export interface FactPair {
  name: string;
  first: string;
  second: string;
}

/** What was set or used differently; dates always differ and say nothing. */
export function differences(first: FinishedRun, second: FinishedRun): FactPair[] {
  const others = factsOf(second);
  const facts = factsOf(first).map(({ name, value }, at) => ({
    name,
    first: value,
    second: others[at]?.value ?? '',
  }));
  const question = {
    name: 'Question',
    first: first.result.request.question,
    second: second.result.request.question,
  };
  const tokens = {
    name: 'Prompt tokens',
    first: count(first.result.prompt.tokens),
    second: count(second.result.prompt.tokens),
  };
  return [question, tokens, ...facts].filter((fact) => fact.name !== 'Date' && fact.first !== fact.second);
}

export function sameDocument(first: FinishedRun, second: FinishedRun): 'same' | 'different' | 'unknown' {
  if (first.document === null || second.document === null) return 'unknown';
  return first.document === second.document ? 'same' : 'different';
}

/** For the picture of the times of one result or two. */
export function chartCaption(results: readonly [CompareResult, ...CompareResult[]]): {
  title: string;
  notes: string[];
} {
  const [{ prompt, model }] = results;
  return {
    title: texts.chart.title(prompt.tokens, model.id),
    notes: results.flatMap((result) => {
      const { adapter, date, commit } = result;
      const version = commit === '' ? '' : `, version ${commit}`;
      const made = `${adapter.description}, ${tierText(adapter)}, ${date.slice(0, 10)}${version}`;
      return [
        ...(isFollowUp(result) ? [answeredAfter(result)] : []),
        ...(result.projected ? [projectionTexts.note(result.projected.ttftMs)] : []),
        made,
      ];
    }),
  };
}
