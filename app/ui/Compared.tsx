import type { FinishedRun } from '../state/run';
import { Answers } from './Answers';
import { NumbersTable } from './Numbers';
import { SoftwareNote } from './SoftwareNote';
import { TimeBars } from './TimeBars';
import { barsOf, projectedBarsOf } from './bars';
import { chartCaption, differences, sameDocument } from './comparison';
import { moment } from './format';
import { useActions } from './stores';
import { texts } from './texts';
import { denseRun, headline, nameOf, sparseRun } from './words';

const { compared: words } = texts;

/** Two finished runs side by side: what was set differently, then times, figures and answers on one scale. */
export function Compared({ first, second }: { first: FinishedRun; second: FinishedRun }) {
  const { run } = useActions();
  const pair = [
    { mark: 'A', entry: first },
    { mark: 'B', entry: second },
  ] as const;
  const bars = pair.flatMap(({ mark, entry }) => barsOf(entry.result, mark));
  const projected = pair.flatMap(({ mark, entry }) => projectedBarsOf(entry.result, mark));
  const software = pair.some(({ entry }) => entry.result.adapter.software);
  const machines = first.result.adapter.description !== second.result.adapter.description;
  return (
    <section className="result compared" aria-labelledby="compared-title">
      <header className="stage-head">
        <h2 id="compared-title">{words.title}</h2>
        <button
          type="button"
          className="quiet"
          onClick={() => {
            run.compareWith(null);
          }}
        >
          {words.end}
        </button>
      </header>
      <div className="lanes">
        {pair.map(({ mark, entry }) => (
          <Outcome key={mark} mark={mark} entry={entry} />
        ))}
      </div>
      <Differences first={first} second={second} />
      <p className="soft">
        {words.documents[sameDocument(first, second)]} {machines && words.machines}
      </p>
      <TimeBars
        bars={bars}
        projected={projected}
        software={software}
        caption={chartCaption([first.result, second.result])}
      />
      <section aria-labelledby="numbers-title">
        <NumbersTable bars={bars} software={software} />
      </section>
      {pair.map(({ mark, entry }) => (
        <Answers
          key={mark}
          mark={mark}
          dense={denseRun(entry.result)}
          sparse={sparseRun(entry.result)}
          expected={entry.expected}
        />
      ))}
    </section>
  );
}

function Outcome({ mark, entry }: { mark: string; entry: FinishedRun }) {
  const { figure, words: said, detail } = headline(entry.result);
  return (
    <article className="lane" aria-label={`${mark}: ${nameOf(entry)}`}>
      <h3>
        {mark}: {nameOf(entry)}
      </h3>
      <p>
        <strong className="compared-figure">{figure}</strong> {said}
      </p>
      <p className="soft">{detail}</p>
      <SoftwareNote software={entry.result.adapter.software} />
      <p className="help">
        <time dateTime={entry.result.date}>{moment(entry.result.date)}</time>,{' '}
        {entry.result.adapter.description}
      </p>
    </article>
  );
}

function Differences({ first, second }: { first: FinishedRun; second: FinishedRun }) {
  const rows = differences(first, second);
  if (rows.length === 0) return <p>{words.same}</p>;
  return (
    <section aria-labelledby="differences-title">
      <div className="section-head">
        <h3 id="differences-title">{words.differ}</h3>
      </div>
      <table className="plain differences">
        <thead>
          <tr>
            <th scope="col">
              <span className="unseen">Setting</span>
            </th>
            <th scope="col">A</th>
            <th scope="col">B</th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name}>
              <th scope="row">{row.name}</th>
              <td>{row.first}</td>
              <td>{row.second}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
