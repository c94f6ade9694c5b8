import type { CompareResult, RunResult } from '../engine/types';
import { SoftwareNote } from './SoftwareNote';
import { LaneTable, type LaneRow } from './LaneTable';
import { barsOf, type Bar } from './bars';
import { whyDense } from './whyDense';
import { sparseRun } from './words';
import { bytes, count, duration, percent, perSecond, times } from './format';

function denseHeads({ pattern, note, denseHeads: some, totalHeads }: RunResult): string {
  return pattern === 'dense' || note !== undefined ? 'all' : `${count(some)} of ${count(totalHeads)}`;
}

const rows: readonly LaneRow[] = [
  { name: 'Time to first token', value: (run) => duration(run.ttftMs) },
  { name: 'Prefill', value: (run) => duration(run.prefillMs) },
  { name: 'Prompt tokens a second', value: (run) => perSecond(run.tokensPerSecond) },
  { name: 'Density: attention computed', value: (run) => percent(run.density) },
  { name: 'Heads run dense', value: denseHeads },
  { name: 'Answer', value: (run) => `${count(run.answerIds.length)} tokens in ${duration(run.decodeMs)}` },
  { name: 'GPU memory at the peak', value: (run) => bytes(run.peakBytes) },
];

/** Only where there is something to tell: times above and below it are then of the other tokens. */
const keptRow: LaneRow = { name: 'Prompt tokens kept from before', value: (run) => count(run.pastTokens) };

interface NumbersProps {
  bars: readonly Bar[];
  software: boolean;
}

/** The measured figures of some runs, one column each. */
export function NumbersTable({ bars, software }: NumbersProps) {
  const why = whyDense(bars.map(({ run }) => run));
  return (
    <>
      <div className="section-head">
        <h3 id="numbers-title">Numbers</h3>
        <SoftwareNote software={software} />
      </div>
      <LaneTable bars={bars} rows={bars.some(({ run }) => run.pastTokens > 0) ? [keptRow, ...rows] : rows} />
      {why !== null && <p className="help">{why}</p>}
    </>
  );
}

export function Numbers({ result }: { result: CompareResult }) {
  const { speedup, adapter } = result;
  return (
    <section aria-labelledby="numbers-title">
      <NumbersTable bars={barsOf(result)} software={adapter.software} />
      {speedup !== null && speedup.attention !== null && sparseRun(result)?.note === undefined && (
        <p>
          Attention alone, with its estimate and index: <strong>{times(speedup.attention)}</strong> the speed
          of dense.
        </p>
      )}
    </section>
  );
}
