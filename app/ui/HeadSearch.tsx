import { useId, useState } from 'react';
import { ErrorNote } from './ErrorNote';
import { percent, roughly } from './format';
import { foundSentence } from './searchTexts';
import { useActions, useBusy, useDocument, useModel, useSearch, useSettings } from './stores';

/** Finds budgets by head for the loaded model on the document at hand, and uses what was found before. */
export function HeadSearch() {
  const id = useId();
  const [density, setDensity] = useState(0.15);
  const { search } = useActions();
  const searching = useSearch((state) => state.fraction !== null);
  const model = useModel((state) => state.model);
  const found = useSearch((state) => (model ? state.found[model.id] : undefined));
  const used = useSettings((settings) => settings.patternValues.minference?.config);
  const busy = useBusy();
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
        disabled={searching}
        onChange={(event) => {
          setDensity(event.target.valueAsNumber);
        }}
      />
      <p className="help" id={`${id}-help`}>
        {why ??
          'Each head tries patterns of this cost on the document at hand, and keeps the one that holds most of its attention.'}
      </p>
      {!searching && (
        <button
          type="button"
          disabled={why !== null || busy !== null}
          title={busy ?? undefined}
          onClick={() => {
            void search.search(density);
          }}
        >
          Search on this document
        </button>
      )}
      <SearchProgress />
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

/** How far a search is, or why it failed: also while another pattern is chosen. */
export function SearchProgress() {
  const fraction = useSearch((state) => state.fraction);
  const etaSeconds = useSearch((state) => state.etaSeconds);
  const error = useSearch((state) => state.error);
  const { search } = useActions();
  if (fraction === null) return error && <ErrorNote error={error} onDismiss={search.dismissError} />;
  return (
    <div className="row">
      <progress value={fraction} max={1} aria-label="Search for budgets by head" />
      <span className="soft">
        {percent(fraction)}
        {etaSeconds !== null && `, ${roughly(etaSeconds * 1_000)} left`}
      </span>
      <button type="button" className="quiet" onClick={search.cancel}>
        Cancel search
      </button>
    </div>
  );
}
