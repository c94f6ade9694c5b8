import { useId } from 'react';
import { inListOrder } from '../state/run';
import { HistoryEntry } from './HistoryEntry';
import { downloadCsv, downloadRuns } from './download';
import { useActions, useHistory, useRun } from './stores';
import { texts } from './texts';

const { history: words } = texts;

/** Finished runs, pinned ones first, and what can be done with all of them. */
export function History() {
  const finished = useRun((state) => state.finished);
  const kept = useHistory((state) => state.kept);
  return (
    <nav className="history" aria-labelledby="history-title">
      <h2 id="history-title">{kept === 'no' ? words.visit : words.kept}</h2>
      {kept === 'no' && <p className="help">{words.notKept}</p>}
      {finished.length === 0 && kept === 'yes' && <p className="help">{words.empty}</p>}
      {finished.length > 0 && (
        <ol>
          {inListOrder(finished).map((entry) => (
            <HistoryEntry key={entry.id} run={entry} />
          ))}
        </ol>
      )}
      <HistoryTools />
    </nav>
  );
}

function HistoryTools() {
  const id = useId();
  const finished = useRun((state) => state.finished);
  const { history } = useActions();
  return (
    <div className="row history-tools">
      <label className="button quiet" htmlFor={id}>
        {words.import}
      </label>
      <input
        id={id}
        className="unseen"
        type="file"
        accept=".json,application/json"
        onChange={(event) => {
          const [file] = event.target.files ?? [];
          event.target.value = '';
          if (file) void history.import(file);
        }}
      />
      {finished.length > 0 && (
        <>
          <button type="button" className="quiet" onClick={() => void downloadRuns(finished)}>
            {words.exportJson}
          </button>
          <button type="button" className="quiet" onClick={() => void downloadCsv(finished)}>
            {words.exportCsv}
          </button>
          {finished.some((entry) => !entry.pinned) && (
            <button type="button" className="quiet" onClick={() => void history.clear()}>
              {words.clear}
            </button>
          )}
        </>
      )}
    </div>
  );
}
