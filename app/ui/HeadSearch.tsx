import { useId, useState } from 'react';
import { ErrorNote } from './ErrorNote';
import { isRunning } from '../state/run';
import { foundSentence } from './searchTexts';
import { useActions, useDocument, useModel, useRun, useSearch, useSettings } from './stores';

/** Finds budgets by head for the loaded model on the document at hand, and uses what was found before. */
export function HeadSearch() {
  const id = useId();
  const [density, setDensity] = useState(0.15);
  const { search } = useActions();
  const fraction = useSearch((state) => state.fraction);
  const error = useSearch((state) => state.error);
  const model = useModel((state) => state.model);
  const found = useSearch((state) => (model ? state.found[model.id] : undefined));
  const used = useSettings((settings) => settings.patternValues.minference?.config);
  const running = useRun(isRunning);
  const empty = useDocument((state) => state.text.trim() === '');
  const why = model === null ? 'Load a model first.' : empty ? 'Give it a document to search on.' : null;
  return (
    <div className="field share">
      <label htmlFor={id}>
        Search: cost of a head <output htmlFor={id}>{Math.round(density * 100)}%</output>
      </label>
      <input
        id={id}
        type="range"
        min={0.02}
        max={0.5}
        step={0.01}
        value={density}
        aria-valuetext={`${Math.round(density * 100)}% of dense attention`}
        aria-describedby={`${id}-help`}
        disabled={fraction !== null}
        onChange={(event) => {
          setDensity(event.target.valueAsNumber);
        }}
      />
      <p className="help" id={`${id}-help`}>
        {why ??
          'Each head tries patterns of this cost on the document at hand, and keeps the one that holds most of its attention.'}
      </p>
      {fraction === null ? (
        <button
          type="button"
          disabled={why !== null || running}
          onClick={() => {
            void search.search(density);
          }}
        >
          Search on this document
        </button>
      ) : (
        <div className="row">
          <progress value={fraction} max={1} aria-label="Search" />
          <button
            type="button"
            className="quiet"
            onClick={() => {
              search.cancel();
            }}
          >
            Cancel search
          </button>
        </div>
      )}
      {error && <ErrorNote error={error} />}
      {found && (
        <output className="help">
          {foundSentence(found)}{' '}
          {used === found.config ? (
            'In use.'
          ) : (
            <button
              type="button"
              className="quiet"
              onClick={() => {
                search.apply();
              }}
            >
              Use these budgets
            </button>
          )}
        </output>
      )}
    </div>
  );
}
