import { lazy, Suspense, useEffect, useState } from 'react';
import type { FinishedRun } from '../state/run';
import { MeasureOffer } from './MeasureOffer';
import { useActions, useHeads } from './stores';

const RetentionView = lazy(async () => ({
  default: (await import('./retention/RetentionView')).RetentionView,
}));

/** Which parts of the document the sparse run looked at, once that was measured. */
export function RetentionPanel({ run }: { run: FinishedRun }) {
  const report = useHeads((state) => state.reports.get(run.result)) ?? run.result.heads;
  const text = useDocumentText(run);
  return (
    <section aria-labelledby="retention-title">
      <div className="section-head">
        <h3 id="retention-title">Which passages were read</h3>
      </div>
      <p className="help">
        What the sparse index let the prompt’s last tokens see while reading, and what dense attention would
        have looked at there. Earlier tokens pass on what they read, and the answer is written with dense
        attention over everything: a passage unread here is not lost for certain.
      </p>
      {report?.retention && text !== undefined ? (
        <Suspense fallback={<p className="help">Loading the strip.</p>}>
          {text === null && (
            <p className="help">
              The document of this run is not at hand, so passages are shown by their tokens alone.
            </p>
          )}
          <RetentionView run={run} report={report.retention} text={text} />
        </Suspense>
      ) : report && !report.retention ? (
        <p className="help">This run was measured by a version that did not look at passages.</p>
      ) : (
        !report && (
          <MeasureOffer
            result={run.result}
            help="Measured together with the heads, by reading the prompt once more."
            label="Measure what was read"
          />
        )
      )}
    </section>
  );
}

/** The run's document: of this visit, kept with the run, or on the page; null where it is none of these. */
function useDocumentText(run: FinishedRun): string | null | undefined {
  const { heads, history } = useActions();
  const own = heads.documentOf(run.result);
  const [kept, setKept] = useState<{ id: string; text: string | null }>();
  useEffect(() => {
    if (own !== null) return;
    let wanted = true;
    void history.documentOf(run).then((text) => {
      if (wanted) setKept({ id: run.id, text });
    });
    return () => {
      wanted = false;
    };
  }, [own, run, history]);
  if (own !== null) return own;
  return kept?.id === run.id ? kept.text : undefined;
}
