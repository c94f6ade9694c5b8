import type { FinishedRun } from '../state/run';
import { downloadCsv, downloadRun, downloadTrace } from './download';
import { pageTexts } from './pageTexts';
import { useActions, useBusy } from './stores';
import { texts } from './texts';

const { actions: words } = texts;

export function ResultActions({ run }: { run: FinishedRun }) {
  const busy = useBusy();
  const { history, page } = useActions();
  const measured = run.result.runs.some(({ phasesMs }) => phasesMs !== null);
  return (
    <section aria-label={words.title}>
      <div className="row">
        <button
          type="button"
          disabled={busy !== null}
          title={busy ?? undefined}
          onClick={() => void history.replay(run.id)}
        >
          {words.replay}
        </button>
        <button
          type="button"
          onClick={() => {
            page.open({ kind: 'share', run: run.id });
          }}
        >
          {words.share}
        </button>
        <button
          type="button"
          onClick={() => {
            page.open({ kind: 'code', run: run.id });
          }}
        >
          {pageTexts.code.open}
        </button>
        <button
          type="button"
          onClick={() => {
            downloadRun(run);
          }}
        >
          {words.json}
        </button>
        <button type="button" onClick={() => void downloadCsv([run])}>
          {words.csv}
        </button>
        <button type="button" onClick={() => void downloadTrace(run)}>
          {words.trace}
        </button>
      </div>
      <p className="help">{words.traceHelp(measured)}</p>
    </section>
  );
}
