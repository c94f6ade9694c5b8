import { lazy, Suspense } from 'react';
import type { CompareResult, RunResult } from '../engine/types';
import { ErrorNote } from './ErrorNote';
import { MeasureOffer } from './MeasureOffer';
import { densityRows, skippedNothing, tileCounts, tileLine } from './heads/skipped';
import { useActions, useHeads } from './stores';

const HeadMap = lazy(async () => ({ default: (await import('./heads/HeadMap')).HeadMap }));
const DensityMap = lazy(async () => ({ default: (await import('./heads/DensityMap')).DensityMap }));

/** What the sparse run skipped, by head: at once from the run itself, and with what it cost where that was measured. */
export function HeadsPanel({ result, sparse }: { result: CompareResult; sparse: RunResult }) {
  const report = useHeads((state) => state.reports.get(result)) ?? result.heads;
  const error = useHeads((state) => (state.error?.result === result ? state.error.report : null));
  const { heads } = useActions();
  const rows = densityRows(result.model, sparse);
  const counts = tileCounts(result, sparse);
  return (
    <section aria-labelledby="heads-title">
      <div className="section-head">
        <h3 id="heads-title">What was skipped, head by head</h3>
      </div>
      <p>{tileLine(counts)}</p>
      {error && <ErrorNote error={error} onDismiss={heads.dismissError} />}
      <Suspense fallback={<p className="help">Loading the map.</p>}>
        {report ? (
          <HeadMap report={report} />
        ) : (
          rows !== null && counts.skipped > 0 && <DensityMap rows={rows} />
        )}
      </Suspense>
      {!report && skippedNothing(counts, sparse) && (
        <p className="help">There is nothing to measure: every head computed what dense attention does.</p>
      )}
      {!report && !skippedNothing(counts, sparse) && (
        <MeasureOffer
          result={result}
          help="How much of dense attention each head kept, how far its output is off, and which tiles it computed. This reads the prompt once more; the times above stay as they are."
          label="Measure heads"
        />
      )}
    </section>
  );
}
