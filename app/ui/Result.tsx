import type { FinishedRun } from '../state/run';
import { AskAnother } from './AskAnother';
import { Conversation } from './Conversation';
import { EnergyPanel } from './EnergyPanel';
import { FidelityPanel } from './FidelityPanel';
import { HeadsPanel } from './HeadsPanel';
import { Numbers } from './Numbers';
import { ProjectedPanel } from './ProjectedPanel';
import { RunFacts } from './RunFacts';
import { SoftwareNote } from './SoftwareNote';
import { RetentionPanel } from './RetentionPanel';
import { ResultActions } from './ResultActions';
import { TimeBars } from './TimeBars';
import { barsOf, projectedBarsOf } from './bars';
import { chartCaption } from './comparison';
import { counted } from './format';
import { fidelityLine, headline, resultTitle, sparseRun } from './words';

export function Result({ run }: { run: FinishedRun }) {
  const { result, name, title } = run;
  const { software } = result.adapter;
  const sparse = sparseRun(result);
  const head = headline(result);
  return (
    <section className="result" aria-labelledby="result-title">
      <header className="stage-head">
        <h2 id="result-title">{resultTitle(result)}</h2>
        <p className="soft">
          {name === '' ? '' : `${name}: `}
          {title === '' ? '' : `${title}, `}
          {counted(result.prompt.tokens, 'token')}
          {result.prompt.truncated ? ', middle left out' : ''}
        </p>
      </header>
      <div
        className="headline"
        data-tone={software ? 'software' : head.tone}
        data-projected={head.tone === 'projected' || undefined}
      >
        <p className="headline-figure">
          <span className={/^\d/.test(head.figure) ? 'figure' : 'figure figure-word'}>{head.figure}</span>{' '}
          <span className="headline-words">{head.words}</span>
        </p>
        <p>{head.detail}</p>
        {software && (
          <p>
            <SoftwareNote software /> These times come from a CPU and say nothing about a GPU.
          </p>
        )}
        {sparse?.note !== undefined && <p className="note note-plain">{sparse.note}</p>}
        {result.fidelity && <p className="verdict">{fidelityLine(result.fidelity)}</p>}
      </div>
      <Conversation run={run} />
      <AskAnother run={run} />
      <TimeBars
        bars={barsOf(result)}
        projected={projectedBarsOf(result)}
        software={software}
        caption={chartCaption([result])}
      />
      <Numbers result={result} />
      {result.projected && <ProjectedPanel projected={result.projected} software={software} />}
      {sparse && <HeadsPanel key={`${run.id} heads`} result={result} sparse={sparse} />}
      <EnergyPanel result={result} />
      {result.fidelity && <FidelityPanel fidelity={result.fidelity} />}
      {sparse && <RetentionPanel key={run.id} run={run} />}
      <RunFacts run={run} />
      <ResultActions run={run} />
    </section>
  );
}
