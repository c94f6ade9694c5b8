import { useId, useState } from 'react';
import type { ScalingInput } from '../../state/scaling';
import { count } from '../format';
import { useActions, useBusy, useDocument, useModel, useScaling } from '../stores';
import { scalingTexts as words } from './scalingTexts';

/** Ticked at first: what takes a minute or so. */
const first = { software: [128, 256, 512], gpu: [2_048, 4_096, 8_192, 16_384, 32_768] };

/** Which lengths, of which text, and how much patience dense gets. */
export function ScalingForm() {
  const id = useId();
  const { scaling } = useActions();
  const software = useModel((state) => state.adapter?.software !== false);
  const ready = useModel((state) => state.model !== null);
  const hasDocument = useDocument((state) => state.text.trim() !== '');
  const busy = useBusy();
  const progress = useScaling((state) => state.progress);
  const [picked, setPicked] = useState<readonly number[] | null>(null);
  const [source, setSource] = useState<ScalingInput['source']>('sample');
  const [patience, setPatience] = useState(60);
  const chosen = picked ?? first[software ? 'software' : 'gpu'];
  const problem =
    chosen.length === 0 ? words.none : source === 'document' && !hasDocument ? words.noDocument : null;
  return (
    <form
      className="stack"
      onSubmit={(event) => {
        event.preventDefault();
        void scaling.start({ lengths: chosen, source, densePatienceMs: patience * 1000 });
      }}
    >
      <fieldset className="lengths">
        <legend>{words.lengths}</legend>
        {scaling.offered().map((length) => (
          <label key={length}>
            <input
              type="checkbox"
              checked={chosen.includes(length)}
              onChange={(event) => {
                setPicked(
                  event.target.checked ? [...chosen, length] : chosen.filter((other) => other !== length),
                );
              }}
            />
            <span>{count(length)}</span>
          </label>
        ))}
      </fieldset>
      <label className="field">
        <span>{words.source}</span>
        <select
          value={source}
          onChange={(event) => {
            setSource(event.target.value as ScalingInput['source']);
          }}
        >
          <option value="sample">{words.sample}</option>
          <option value="document">{words.document}</option>
        </select>
      </label>
      <div className="field">
        <label htmlFor={id}>{words.patience}</label>
        <div className="row">
          <input
            id={id}
            type="number"
            min={0}
            max={86_400}
            value={patience}
            onChange={(event) => {
              if (event.target.validity.valid && event.target.value !== '')
                setPatience(event.target.valueAsNumber);
            }}
          />
          <span>{words.seconds}</span>
        </div>
      </div>
      {progress ? (
        <div className="row">
          <progress
            aria-label={words.bar}
            max={progress.lengths}
            value={progress.length - 1 + (progress.lane === 'sparse' ? 0.5 : 0) + progress.fraction / 2}
          />
          <span>{words.progress(progress.length, progress.lengths, progress.tokens, progress.lane)}</span>
          <button type="button" className="quiet" onClick={scaling.cancel}>
            {words.cancel}
          </button>
        </div>
      ) : (
        <div className="row">
          <button
            type="submit"
            disabled={!ready || busy !== null || problem !== null}
            title={busy ?? undefined}
          >
            {words.start}
          </button>
          {problem !== null && <span className="help">{problem}</span>}
        </div>
      )}
    </form>
  );
}
