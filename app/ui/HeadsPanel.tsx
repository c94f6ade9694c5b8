import { lazy, Suspense } from 'react';
import type { CompareResult } from '../engine/types';
import { isRunning } from '../state/run';
import { ErrorNote } from './ErrorNote';
import { percent } from './format';
import { useActions, useHeads, useRun } from './stores';

const HeadMap = lazy(async () => ({ default: (await import('./heads/HeadMap')).HeadMap }));

/** Asks for the measures by head after a run, and shows them. */
export function HeadsPanel({ result }: { result: CompareResult }) {
  const report = useHeads((state) => state.reports.get(result)) ?? result.heads;
  const error = useHeads((state) => (state.error?.result === result ? state.error.report : null));
  const { heads } = useActions();
  return (
    <section aria-labelledby="heads-title">
      <div className="section-head">
        <h3 id="heads-title">Head by head</h3>
      </div>
      {error && <ErrorNote error={error} onDismiss={heads.dismissError} />}
      {report ? (
        <Suspense fallback={<p className="help">Loading the map.</p>}>
          <HeadMap report={report} />
        </Suspense>
      ) : (
        <Offer result={result} />
      )}
    </section>
  );
}

function Offer({ result }: { result: CompareResult }) {
  const measuring = useHeads((state) => state.measuring);
  const running = useRun(isRunning);
  const { heads } = useActions();
  if (measuring?.result === result) {
    return (
      <div className="row">
        <progress aria-label="Heads measured" max={1} value={measuring.fraction} />
        <span>{percent(measuring.fraction)}</span>
        <button type="button" onClick={heads.cancel}>
          Stop measuring
        </button>
      </div>
    );
  }
  if (!heads.canMeasure(result)) {
    return <p className="help">Heads can be measured in the visit in which the run was made.</p>;
  }
  return (
    <>
      <p className="help">
        How much of dense attention each head kept, how far its output is off, and which tiles it computed.
        This reads the prompt once more; the times above stay as they are.
      </p>
      <button
        type="button"
        disabled={running || measuring !== null}
        onClick={() => void heads.measure(result)}
      >
        Measure heads
      </button>
    </>
  );
}
