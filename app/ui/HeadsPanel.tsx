import { lazy, Suspense } from 'react';
import type { CompareResult } from '../engine/types';
import { ErrorNote } from './ErrorNote';
import { MeasureOffer } from './MeasureOffer';
import { useActions, useHeads } from './stores';

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
        <MeasureOffer
          result={result}
          help="How much of dense attention each head kept, how far its output is off, and which tiles it computed. This reads the prompt once more; the times above stay as they are."
          label="Measure heads"
        />
      )}
    </section>
  );
}
