import { patternLabel } from '../state/patterns';
import { isRunning, type FinishedRun } from '../state/run';
import { fileName } from './RunFacts';
import { downloadJson } from './diagnostics';
import { count, timeOfDay } from './format';
import { useActions, useRun } from './stores';
import { outcome, sparseRun } from './words';

export function History() {
  const finished = useRun((state) => state.finished);
  const shown = useRun((state) => state.shown);
  const running = useRun(isRunning);
  const { run } = useActions();
  if (finished.length === 0) return null;
  return (
    <nav className="history" aria-labelledby="history-title">
      <h2 id="history-title">Runs of this visit</h2>
      <ol reversed>
        {finished.map((entry) => (
          <li key={entry.id}>
            <button
              type="button"
              className="history-run"
              aria-current={entry.id === shown || undefined}
              disabled={running}
              onClick={() => {
                run.show(entry.id);
              }}
            >
              <Entry run={entry} />
            </button>
            <button
              type="button"
              className="quiet"
              aria-label={`Download run ${entry.id} as JSON`}
              onClick={() => {
                downloadJson(fileName(entry), entry.result);
              }}
            >
              JSON
            </button>
          </li>
        ))}
      </ol>
    </nav>
  );
}

function Entry({ run }: { run: FinishedRun }) {
  const { result, title } = run;
  const sparse = sparseRun(result);
  return (
    <>
      <span className="history-time">{timeOfDay(result.date)}</span>
      <span className="history-title">
        <strong>{title === '' ? result.model.id : title}</strong>
        <span className="soft">
          {patternLabel(sparse?.pattern ?? 'dense')}, {count(result.prompt.tokens)} tokens, {result.model.id}
        </span>
      </span>
      <span className="history-outcome">{outcome(result)}</span>
    </>
  );
}
