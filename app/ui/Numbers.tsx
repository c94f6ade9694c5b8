import type { CompareResult, RunResult } from '../engine/types';
import { patternLabel } from '../state/patterns';
import { SoftwareNote } from './SoftwareNote';
import { sparseRun } from './words';
import { bytes, count, duration, percent, perSecond, times } from './format';

interface Row {
  name: string;
  value: (run: RunResult) => string;
}

function denseHeads({ pattern, note, denseHeads: some, totalHeads }: RunResult): string {
  return pattern === 'dense' || note !== undefined ? 'all' : `${count(some)} of ${count(totalHeads)}`;
}

const rows: readonly Row[] = [
  { name: 'Time to first token', value: (run) => duration(run.ttftMs) },
  { name: 'Prefill', value: (run) => duration(run.prefillMs) },
  { name: 'Prompt tokens a second', value: (run) => perSecond(run.tokensPerSecond) },
  { name: 'Density: attention computed', value: (run) => percent(run.density) },
  { name: 'Heads run dense', value: denseHeads },
  { name: 'Answer', value: (run) => `${count(run.answerIds.length)} tokens in ${duration(run.decodeMs)}` },
  { name: 'GPU memory at the peak', value: (run) => bytes(run.peakBytes) },
];

export function Numbers({ result }: { result: CompareResult }) {
  const { runs, speedup, adapter } = result;
  return (
    <section aria-labelledby="numbers-title">
      <div className="section-head">
        <h3 id="numbers-title">Numbers</h3>
        <SoftwareNote software={adapter.software} />
      </div>
      <table>
        <thead>
          <tr>
            <th scope="col">
              <span className="unseen">Measure</span>
            </th>
            {runs.map((run) => (
              <th key={run.pattern} scope="col" data-lane={run.pattern === 'dense' ? 'dense' : 'sparse'}>
                {run.pattern === 'dense' ? 'Dense' : patternLabel(run.pattern)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, value }) => (
            <tr key={name}>
              <th scope="row">{name}</th>
              {runs.map((run) => (
                <td key={run.pattern}>{value(run)}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      {speedup !== null && speedup.attention !== null && sparseRun(result)?.note === undefined && (
        <p>
          Attention alone, with its estimate and index: <strong>{times(speedup.attention)}</strong> the speed
          of dense.
        </p>
      )}
    </section>
  );
}
