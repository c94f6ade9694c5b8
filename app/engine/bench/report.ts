/** Results as tables, for the terminal, for Markdown and for the page; and reading a result file with care. */
import * as v from 'valibot';
import { UserError } from '../../errors';
import { tierText } from '../../exports/tierText';
import type {
  BenchResult,
  Ceilings,
  KernelBenchResult,
  KernelMeasurement,
  PrefillBenchResult,
  PrefillMeasurement,
} from './types';

export interface Table {
  title: string;
  columns: string[];
  /** The first cell names the row. */
  rows: string[][];
}

const Finite = v.pipe(v.number(), v.finite());
const OptionalNumber = v.nullable(Finite);
const Adapter = v.looseObject({
  vendor: v.string(),
  description: v.string(),
  software: v.boolean(),
  tier: v.string(),
  attentionTier: v.optional(v.string()),
});
const header = {
  version: v.literal(1),
  date: v.string(),
  commit: v.string(),
  browser: v.string(),
  adapter: Adapter,
};
const PhaseTimes = v.looseObject({
  projections: Finite,
  estimate: Finite,
  index: Finite,
  attention: Finite,
  mlp: Finite,
  head: Finite,
});
const NotRuns = v.array(v.looseObject({ tokens: Finite, pattern: v.string(), reason: v.string() }));
const Result = v.variant('suite', [
  v.looseObject({
    ...header,
    suite: v.literal('kernels'),
    request: v.looseObject({ shapeName: v.string() }),
    ceilings: v.nullable(v.looseObject({ f32: Finite, f16: OptionalNumber, copy: Finite })),
    measurements: v.array(
      v.looseObject({
        kernel: v.string(),
        shape: v.string(),
        tokens: OptionalNumber,
        error: OptionalNumber,
        tolerance: Finite,
        ms: Finite,
        rate: OptionalNumber,
        unit: v.nullable(v.picklist(['TFLOP/s', 'GB/s'])),
      }),
    ),
    notRun: NotRuns,
  }),
  v.looseObject({
    ...header,
    suite: v.literal('prefill'),
    request: v.looseObject({ repeat: Finite }),
    model: v.nullable(v.looseObject({ id: v.string() })),
    measurements: v.array(
      v.looseObject({
        tokens: Finite,
        pattern: v.string(),
        ttftMs: Finite,
        prefillMs: Finite,
        phasesMs: v.nullable(PhaseTimes),
        wallOverPhases: OptionalNumber,
        tokensPerSecond: Finite,
        attentionRate: OptionalNumber,
        linearRate: OptionalNumber,
        density: Finite,
        peakBytes: Finite,
        plannedBytes: Finite,
        memoryRatio: Finite,
      }),
    ),
    notRun: NotRuns,
  }),
]);

/** A result file's text. Throws 'bad-document' with what is wrong. */
export function parseBenchResult(text: string): BenchResult {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    json = null;
  }
  const parsed = v.safeParse(Result, json);
  // Loose objects keep what is not checked here; a file of ours has it.
  if (parsed.success) return parsed.output as unknown as BenchResult;
  const [issue] = parsed.issues;
  throw new UserError(
    'bad-document',
    'This file holds no benchmark result.',
    'Open a file that `npm run bench -- --out FILE` has written.',
    `${v.getDotPath(issue) ?? ''} ${issue.message}`.trim(),
  );
}

export function milliseconds(ms: number): string {
  if (ms >= 10_000) return `${(ms / 1000).toFixed(2)} s`;
  return `${ms.toFixed(ms < 10 ? 3 : 1)} ms`;
}

const whole = (value: number): string =>
  new Intl.NumberFormat('en', { maximumFractionDigits: 0 }).format(value);
const orDash = (value: number | null, text: (value: number) => string): string =>
  value === null ? '–' : text(value);
const percent = (share: number): string => `${(share * 100).toFixed(0)}%`;
const size = (bytes: number): string =>
  bytes >= 2 ** 30 ? `${(bytes / 2 ** 30).toFixed(2)} GiB` : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
/** Software adapters are a thousand times slower: there two digits say more than two decimals. */
const rateText = (value: number, decimals: number): string =>
  value >= 1 ? value.toFixed(decimals) : value.toPrecision(2);

/** Shares of the ceilings of the same run: f32 and f16 products for TFLOP/s, the copy for GB/s. */
export function sharesOf(
  { rate, unit }: Pick<KernelMeasurement, 'rate' | 'unit'>,
  ceilings: Ceilings | null,
): { f32: number | null; f16: number | null; copy: number | null } {
  const over = (ceiling: number | null | undefined, of: 'TFLOP/s' | 'GB/s'): number | null =>
    rate === null || unit !== of || ceiling === null || ceiling === undefined ? null : rate / ceiling;
  return {
    f32: over(ceilings?.f32, 'TFLOP/s'),
    f16: over(ceilings?.f16, 'TFLOP/s'),
    copy: over(ceilings?.copy, 'GB/s'),
  };
}

/** Not within its tolerance of the reference, NaN included. */
export function differs({ error, tolerance }: Pick<KernelMeasurement, 'error' | 'tolerance'>): boolean {
  return error !== null && !(error <= tolerance);
}

/** One sentence about a checked run; null where none was asked for. */
export function checkText({ tokens, pattern, check }: PrefillMeasurement): string | null {
  if (!check) return null;
  const { rows, layer, keys, errors, worst, tolerance, ok } = check;
  const share = (value: number): string => value.toExponential(1);
  const figures = `${share(errors.max)} at most (row ${worst.row}, head ${worst.head}), ${share(errors.rms)} RMS`;
  const limits = `${share(tolerance.max)} and ${share(tolerance.rms)}`;
  return `${pattern}, ${tokens} tokens: ${rows.length} rows of layer ${layer}, ${whole(keys)} keys, differ from f64 by ${figures}; ${ok ? 'within' : 'NOT within'} ${limits}`;
}

function adapterLine({ adapter, commit, date, browser }: BenchResult): string {
  const version = /(?:Chrome|Firefox|Version)\/[\d.]+/.exec(browser)?.[0] ?? browser;
  const software = adapter.software ? '; software adapter, times are not performance' : '';
  return `${adapter.vendor} ${adapter.description}, ${tierText(adapter)}, ${version}, commit ${commit || 'unknown'}, ${date.slice(0, 10)}${software}`;
}

export function kernelTable(result: KernelBenchResult): Table {
  return {
    title: `Kernels, shapes of ${result.request.shapeName}: ${adapterLine(result)}`,
    columns: ['Kernel', 'Shape', 'ms', 'Rate', 'of f32', 'of f16', 'of copy', 'Error'],
    rows: result.measurements.map((measurement) => {
      const { kernel, shape, ms, rate, unit, error } = measurement;
      const shares = sharesOf(measurement, result.ceilings);
      return [
        kernel,
        shape,
        ms.toFixed(3),
        orDash(rate, (value) => `${rateText(value, unit === 'GB/s' ? 0 : 2)} ${unit ?? ''}`),
        orDash(shares.f32, percent),
        orDash(shares.f16, percent),
        orDash(shares.copy, percent),
        orDash(error, (value) => `${value.toExponential(1)}${differs(measurement) ? ' (too large)' : ''}`),
      ];
    }),
  };
}

/** Dense at the same length over this, of the same result; null without a dense run. */
export function speedupOf(result: PrefillBenchResult, measurement: PrefillMeasurement): number | null {
  const dense = result.measurements.find(
    ({ pattern, tokens }) => pattern === 'dense' && tokens === measurement.tokens,
  );
  return dense && measurement.pattern !== 'dense' ? dense.ttftMs / measurement.ttftMs : null;
}

export function prefillTable(result: PrefillBenchResult): Table {
  const { repeat } = result.request;
  const measured = result.measurements.map((measurement) => [
    whole(measurement.tokens),
    measurement.note === undefined ? measurement.pattern : `${measurement.pattern} (ran dense)`,
    milliseconds(measurement.ttftMs),
    orDash(speedupOf(result, measurement), (value) => `${value.toFixed(2)}×`),
    whole(measurement.tokensPerSecond),
    measurement.density.toFixed(3),
    orDash(measurement.attentionRate, (value) => rateText(value, 1)),
    orDash(measurement.linearRate, (value) => rateText(value, 1)),
    orDash(measurement.wallOverPhases, (value) => value.toFixed(3)),
    size(measurement.peakBytes),
    size(measurement.plannedBytes),
    measurement.memoryRatio.toFixed(3),
  ]);
  const absent = result.notRun.map(({ tokens, pattern, reason }) => [
    whole(tokens),
    pattern,
    `not run: ${reason}`,
    ...Array.from({ length: 9 }, () => '–'),
  ]);
  return {
    title: `Prefill of ${result.model?.id ?? 'no model'}, median of ${repeat}: ${adapterLine(result)}`,
    columns: [
      'Tokens',
      'Pattern',
      'First token',
      'Dense over it',
      'Tokens/s',
      'Density',
      'Attention TFLOP/s',
      'Linear TFLOP/s',
      'Wall over phases',
      'Peak memory',
      'Predicted',
      'Ratio',
    ],
    rows: [...measured, ...absent],
  };
}

export const phaseOrder = ['attention', 'estimate', 'index', 'projections', 'mlp', 'head'] as const;

/** null where no run has phases. */
export function phaseTable(result: PrefillBenchResult): Table | null {
  const timed = result.measurements.filter(({ phasesMs }) => phasesMs !== null);
  if (timed.length === 0) return null;
  return {
    title: 'GPU time by phase',
    columns: ['Tokens', 'Pattern', 'Attention', 'Estimate', 'Index', 'Projections', 'MLP', 'Head', 'Wall'],
    rows: timed.map(({ tokens, pattern, phasesMs, prefillMs }) =>
      [whole(tokens), pattern].concat(
        phaseOrder.map((name) => milliseconds(phasesMs?.[name] ?? 0)),
        milliseconds(prefillMs),
      ),
    ),
  };
}

export function tablesOf(result: BenchResult): Table[] {
  if (result.suite === 'kernels') return [kernelTable(result)];
  return [prefillTable(result), phaseTable(result)].filter((table) => table !== null);
}

/** Columns as wide as their widest cell; the first two to the left, numbers to the right. */
export function textTable({ title, columns, rows }: Table): string {
  const widths = columns.map((column, at) =>
    rows.reduce((most, row) => Math.max(most, cellWidth(row, at)), column.length),
  );
  const line = (cells: string[]): string =>
    cells
      .map((cell, at) => (at < 2 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
      .join('  ')
      .trimEnd();
  return [title, '', line(columns), ...rows.map((row) => line(row.map(shortened)))].join('\n');
}

/** A sentence in a cell would push every column aside. */
function shortened(cell: string): string {
  return cell.startsWith('not run: ') ? 'not run' : cell;
}

function cellWidth(row: string[], at: number): number {
  return shortened(row[at] ?? '').length;
}

export function markdownTable({ title, columns, rows }: Table): string {
  const line = (cells: string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  const rule = columns.map((_, at) => (at < 2 ? '---' : '--:'));
  return [`**${title}**`, '', line(columns), line(rule), ...rows.map(line)].join('\n');
}
