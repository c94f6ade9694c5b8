/** What a benchmark is asked for and what it reports: plain data, written to files and drawn by the page. */
import type { AdapterReport, ModelReport, PatternRequest, Phases } from '../types';
import type { RowCheckReport } from '../../model/rowCheck';
import type { ModelShape } from './shapes';

/** `name` is one of `modelShapes`, or of the caller's own choice where sizes come with it. */
export type BenchModelSource =
  { kind: 'builtin' } | { kind: 'synthetic'; name: string; shape?: ModelShape; seed: number };

/** What the kernel suite measures besides its ceilings, in its order. */
export const kernelGroups = ['products', 'attention', 'split', 'index', 'decode', 'step'] as const;
export type KernelGroup = (typeof kernelGroups)[number];

export interface KernelBenchRequest {
  suite: 'kernels';
  /** One of `modelShapes`, or of the caller's own choice where sizes come with it. */
  shapeName: string;
  shape?: ModelShape;
  /** Prompt lengths for attention, decoding and index building. */
  tokens: number[];
  /** Shares of causal tiles for sparse attention. */
  densities: number[];
  /** Sparse patterns whose estimate and index are timed. */
  patterns: PatternRequest[];
  /** All if left out. */
  only?: KernelGroup[];
  /** Rows of the products: those of one chunk, or of a whole short prompt. 4,096 if left out, in software 64. */
  rows?: number;
}

export interface PrefillBenchRequest {
  suite: 'prefill';
  model: BenchModelSource;
  tokens: number[];
  /** In the order of the table; 'dense' is one of them if wanted. */
  patterns: PatternRequest[];
  /** Runs of each pattern at each length; the one with the median time to first token is reported. */
  repeat: number;
  /** Dense is left out above this length; null: never. */
  denseUpTo: number | null;
  /** Of the prompt. */
  seed: number;
  /** Rows of one layer whose attention is compared with f64 in a further, untimed run of each pattern; none by default. */
  checkRows?: number;
  /** Default: one in the middle. */
  checkLayer?: number;
}

export type BenchRequest = KernelBenchRequest | PrefillBenchRequest;

/** Rates of the same run that others are compared with. TFLOP/s of a plain product, GB/s (read and written) of a copy. */
export interface Ceilings {
  f32: number;
  /** null where the adapter has no f16. */
  f16: number | null;
  copy: number;
}

export interface KernelMeasurement {
  kernel: string;
  shape: string;
  /** Prompt length; null where there is none. */
  tokens: number | null;
  /**
   * Largest difference to the f64 reference on sampled rows, relative to the largest value; for an index, the share of
   * its entries that differ. null: there was nothing to check.
   */
  error: number | null;
  /** `error` above this fails the benchmark. */
  tolerance: number;
  /** GPU milliseconds of one run; wall time where there are no timestamps. */
  ms: number;
  /** On what was computed, or on the bytes that had to be read; null where neither says anything. */
  rate: number | null;
  unit: 'TFLOP/s' | 'GB/s' | null;
}

export interface PrefillSample {
  ttftMs: number;
  prefillMs: number;
  phasesMs: Phases | null;
  peakBytes: number;
}

export interface PrefillMeasurement {
  tokens: number;
  pattern: PatternRequest['name'];
  settings: Record<string, string | number | boolean>;
  /** Of the run with the median time to first token, as are all times below. */
  ttftMs: number;
  prefillMs: number;
  phasesMs: Phases | null;
  /** Wall time over the sum of the phases: what the GPU waited for. null without timestamp queries. */
  wallOverPhases: number | null;
  tokensPerSecond: number;
  /** TFLOP/s of attention on computed tiles, and of projections and MLP; null without timestamp queries. */
  attentionRate: number | null;
  linearRate: number | null;
  density: number;
  denseHeads: number;
  totalHeads: number;
  /** Why it ran dense, where it did. */
  note?: string;
  /** The prompt is longer than the model was made for: times hold, answers don't. */
  beyondContext: boolean;
  /** Largest peak of all runs by our own account, what the memory formula said, and the first over the second. */
  peakBytes: number;
  plannedBytes: number;
  memoryRatio: number;
  /** Every run, in the order in which they ran. */
  samples: PrefillSample[];
  /** Where `checkRows` asked for it. */
  check?: RowCheckReport;
}

/** A length that was asked for and has no measurement. */
export interface NotRun {
  tokens: number;
  pattern: PatternRequest['name'];
  reason: string;
}

interface BenchHeader {
  version: 1;
  /** ISO 8601. */
  date: string;
  commit: string;
  browser: string;
  adapter: AdapterReport;
}

export interface KernelBenchResult extends BenchHeader {
  suite: 'kernels';
  request: KernelBenchRequest;
  ceilings: Ceilings | null;
  measurements: KernelMeasurement[];
  /** Patterns that run dense at a length, and so have no index to time. */
  notRun: NotRun[];
}

export interface PrefillBenchResult extends BenchHeader {
  suite: 'prefill';
  request: PrefillBenchRequest;
  model: ModelReport | null;
  measurements: PrefillMeasurement[];
  notRun: NotRun[];
}

export type BenchResult = KernelBenchResult | PrefillBenchResult;

export interface BenchHooks {
  signal: AbortSignal;
  /** One line for a person who waits. */
  onProgress: (line: string) => void;
}
