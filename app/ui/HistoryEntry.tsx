import { useState } from 'react';
import { patternLabel } from '../state/patterns';
import { isRunning, type FinishedRun } from '../state/run';
import { downloadRun } from './download';
import { isFollowUp, keptFacts } from './followUp';
import { count, moment } from './format';
import { useActions, useBusy, useRun } from './stores';
import { texts } from './texts';
import { nameOf, outcome, sparseRun } from './words';

const { history: words } = texts;

export function HistoryEntry({ run }: { run: FinishedRun }) {
  const shown = useRun((state) => state.shown === run.id);
  const running = useRun(isRunning);
  const [open, setOpen] = useState(false);
  const { run: actions } = useActions();
  return (
    <li>
      <div className="history-line">
        <button
          type="button"
          className="history-run"
          aria-current={shown || undefined}
          disabled={running}
          onClick={() => {
            actions.show(run.id);
          }}
        >
          <Line run={run} />
        </button>
        <button
          type="button"
          className="quiet"
          aria-expanded={open}
          aria-label={words.actions(nameOf(run))}
          onClick={() => {
            setOpen(!open);
          }}
        >
          <span aria-hidden="true">•••</span>
        </button>
      </div>
      {open && <EntryActions run={run} shown={shown} />}
    </li>
  );
}

function Line({ run }: { run: FinishedRun }) {
  const { result, pinned } = run;
  const pattern = patternLabel(sparseRun(result)?.pattern ?? 'dense');
  return (
    <>
      <time className="history-time" dateTime={result.date}>
        {moment(result.date)}
      </time>
      <span className="history-title">
        <strong>{nameOf(run)}</strong>
        <span className="soft">
          {pattern}, {count(result.prompt.tokens)} tokens, {result.model.id}
          {isFollowUp(result) && `, ${words.followUp(keptFacts(result))}`}
          {pinned && `, ${words.pinned}`}
        </span>
      </span>
      <span className="history-outcome">{outcome(result)}</span>
    </>
  );
}

function EntryActions({ run, shown }: { run: FinishedRun; shown: boolean }) {
  const busy = useBusy();
  const comparable = useRun((state) => state.shown !== null && !shown);
  const [naming, setNaming] = useState(false);
  const { history, run: actions } = useActions();
  if (naming)
    return (
      <Rename
        run={run}
        onDone={() => {
          setNaming(false);
        }}
      />
    );
  return (
    <div className="row history-actions">
      <button
        type="button"
        className="quiet"
        disabled={busy !== null}
        title={busy ?? undefined}
        onClick={() => void history.replay(run.id)}
      >
        {words.replay}
      </button>
      {comparable && (
        <button
          type="button"
          className="quiet"
          onClick={() => {
            actions.compareWith(run.id);
          }}
        >
          {words.compare}
        </button>
      )}
      <button
        type="button"
        className="quiet"
        onClick={() => {
          setNaming(true);
        }}
      >
        {words.rename}
      </button>
      <button
        type="button"
        className="quiet"
        aria-pressed={run.pinned}
        onClick={() => {
          history.pin(run.id, !run.pinned);
        }}
      >
        {words.pin}
      </button>
      <button
        type="button"
        className="quiet"
        onClick={() => {
          downloadRun(run);
        }}
      >
        {words.json}
      </button>
      <button type="button" className="quiet" onClick={() => void history.remove(run.id)}>
        {words.delete}
      </button>
    </div>
  );
}

function Rename({ run, onDone }: { run: FinishedRun; onDone: () => void }) {
  const { history } = useActions();
  return (
    <form
      className="row history-actions"
      onSubmit={(event) => {
        event.preventDefault();
        const name = new FormData(event.currentTarget).get('name');
        if (typeof name === 'string') history.rename(run.id, name);
        onDone();
      }}
    >
      <input
        name="name"
        aria-label={words.name}
        defaultValue={run.name}
        placeholder={run.title}
        maxLength={200}
        // oxlint-disable-next-line jsx-a11y/no-autofocus -- asked for by the click before
        autoFocus
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          // It leaves the field here and stops no run.
          event.stopPropagation();
          onDone();
        }}
      />
      <button type="submit">{words.save}</button>
    </form>
  );
}
