import type {
  CompareResult,
  HeadReport,
  ProjectedDense,
  RetentionReport,
  RunResult,
} from '../app/engine/types';
import { tierText } from '../app/exports/tierText';

const ms = (value: number): string =>
  value >= 10_000 ? `${(value / 1000).toFixed(2)} s` : `${value.toFixed(1)} ms`;

/** A plain-text table of a comparison, for a terminal. */
export function compareTable(result: CompareResult): string {
  const { adapter, model, prompt, runs, speedup, projected, fidelity, heads } = result;
  const rows: [string, (run: RunResult) => string][] = [
    ['prefill', (run) => ms(run.prefillMs)],
    ['time to first token', (run) => ms(run.ttftMs)],
    ['prefill tokens/s', (run) => run.tokensPerSecond.toFixed(0)],
    ['density', (run) => run.density.toFixed(3)],
    ...(['projections', 'estimate', 'index', 'attention', 'mlp', 'head'] as const).map(
      (phase): [string, (run: RunResult) => string] => [
        `  ${phase}`,
        (run) => (run.phasesMs ? ms(run.phasesMs[phase]) : '-'),
      ],
    ),
    ['peak memory', (run) => `${(run.peakBytes / 2 ** 20).toFixed(0)} MiB`],
  ];
  const width = Math.max(18, ...runs.map((run) => run.pattern.length + 2));
  const line = (label: string, cells: string[]): string =>
    label.padEnd(22) + cells.map((cell) => cell.padStart(width)).join('');
  const out = [
    `${adapter.vendor} ${adapter.description} (${tierText(adapter)})${adapter.software ? ' — software adapter, times are not performance' : ''}`,
    `${model.id}: ${model.layers} layers, ${model.heads}/${model.kvHeads} heads of ${model.headDim}; prompt of ${prompt.tokens} tokens${prompt.truncated ? ' (document cut to fit)' : ''}`,
    '',
    line(
      '',
      runs.map((run) => run.pattern),
    ),
    ...rows.map(([label, cell]) => line(label, runs.map(cell))),
    '',
    ...runs.map(
      (run) =>
        `${run.pattern}: ${JSON.stringify(run.answer)}${run.note === undefined ? '' : ` (${run.note})`}`,
    ),
  ];
  if (speedup) {
    const attention = speedup.attention === null ? '' : `, attention ${speedup.attention.toFixed(2)}x`;
    out.push('', `dense over sparse: time to first token ${speedup.ttft.toFixed(2)}x${attention}`);
  }
  if (projected) out.push('', ...projectedLines(projected));
  if (fidelity) {
    out.push(
      `fidelity: KL ${fidelity.kl.toExponential(2)} nats, top-1 ${fidelity.top1Agree ? 'agrees' : 'differs'}, ` +
        `top-5 overlap ${fidelity.top5Overlap.toFixed(1)}, ` +
        (fidelity.firstDivergence === null
          ? 'answers equal'
          : `answers differ from token ${fidelity.firstDivergence} on`),
    );
  }
  if (heads) out.push(headLine(heads));
  if (heads?.retention) out.push(retentionLine(heads.retention));
  return out.join('\n');
}

/** Apart from the columns of measured runs, and by name. */
function projectedLines({ ttftMs, attentionMs, ratio, spread, method }: ProjectedDense): string[] {
  const attention = ratio.attention === null ? '' : `, attention ${ratio.attention.toFixed(2)}x`;
  return [
    `dense, PROJECTED (not run): time to first token ${ms(ttftMs)}, attention ${ms(attentionMs)}`,
    `projected dense over sparse: time to first token ${ratio.ttft.toFixed(2)}x${attention}; ` +
      `the sample is within ${(100 * spread).toFixed(1)}% of the fit`,
    method,
  ];
}

/** What of the prompt its last rows saw. */
function retentionLine({ lastRows, lastCoverage, lastKept }: RetentionReport): string {
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const unread = lastCoverage.filter((share) => share === 0).length / lastCoverage.length;
  return (
    `last ${lastRows} rows: attention kept ${sum(lastKept).toFixed(3)}, ` +
    `${(100 * unread).toFixed(1)}% of the prompt in no head's index`
  );
}

/** The mean and the worst head, by its layer and number from 0 as in the JSON. */
function headLine({ heads, sampledRows, recall, outputError }: HeadReport): string {
  const worst = (values: number[][], sign: 1 | -1): string => {
    const flat = values.flat();
    const at = flat.reduce(
      (most, value, head) => (sign * value > sign * (flat[most] ?? NaN) ? head : most),
      0,
    );
    return `${(flat[at] ?? NaN).toFixed(3)} in layer ${Math.floor(at / heads)} head ${at % heads}`;
  };
  const mean = (values: number[][]): string =>
    (values.flat().reduce((sum, value) => sum + value, 0) / values.flat().length).toFixed(3);
  return (
    `heads, on ${sampledRows.length} sampled rows: attention kept ${mean(recall)} on average, least ${worst(recall, -1)}; ` +
    `output error ${mean(outputError)} on average, most ${worst(outputError, 1)}`
  );
}
