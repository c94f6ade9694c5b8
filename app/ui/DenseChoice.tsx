import { useId } from 'react';
import { estimateMs, longDenseMs, measuredRuns } from '../state/estimate';
import { roughly } from './format';
import { useActions, useModel, usePrompt, useRun, useSettings } from './stores';
import { projectionTexts as words } from './projectionTexts';

const modes = [
  { value: true, key: 'yes' },
  { value: 'projected', key: 'projected' },
  { value: false, key: 'no' },
] as const;

/** What a dense run of the prompt at hand would take, ms, from runs like it; null where nothing was measured yet. */
export function useDenseEstimate(): number | null {
  return useDenseEstimateAt(usePrompt((state) => state.count?.prompt));
}

/** The same of a prompt of so many tokens. */
export function useDenseEstimateAt(tokens: number | undefined): number | null {
  const finished = useRun((state) => state.finished);
  const model = useModel((state) => state.model);
  const adapter = useModel((state) => state.adapter);
  if (tokens === undefined || !model || !adapter) return null;
  const results = finished.map(({ result }) => result);
  return estimateMs(tokens, 1, measuredRuns(results, model, adapter), model);
}

/** Whether dense runs too, is projected or is left out; with what it would take, where that is known. */
export function DenseChoice({ estimate }: { estimate: number | null }) {
  const name = useId();
  const withDense = useSettings((settings) => settings.withDense);
  const { settings } = useActions();
  return (
    <fieldset className="segments dense-choice">
      <legend>{words.choice}</legend>
      {modes.map(({ value, key }) => (
        <label key={key}>
          <input
            type="radio"
            name={name}
            checked={withDense === value}
            onChange={() => {
              settings.set({ withDense: value });
            }}
          />
          <span>
            {words.modes[key]}
            {value === true && estimate !== null && ` (${roughly(estimate)})`}
          </span>
        </label>
      ))}
      <p className="help">{words.modeHelp[withDense === true ? 'yes' : withDense ? 'projected' : 'no']}</p>
    </fieldset>
  );
}

/** Beside the run button, where dense is long and there is something to compare with. */
export function LongDense() {
  const estimate = useDenseEstimate();
  const pattern = useSettings((settings) => settings.pattern);
  // Without a figure there is nothing to choose by.
  if (pattern === 'dense' || estimate === null || estimate < longDenseMs) return null;
  return <DenseChoice estimate={estimate} />;
}
