/**
 * Plain data that crosses layers: what a run is asked for and what it reports. Everything here survives
 * `structuredClone`, so the worker protocol, the stores, the CLI's JSON and saved runs use these same types.
 */

import type { PatternName, PatternRequest } from '../attention/types';
import type { Tier } from '../gpu/capabilities';
import type { Family } from '../model/config';

export type { PatternName, PatternRequest } from '../attention/types';
export type { Tier } from '../gpu/capabilities';
export type { Family } from '../model/config';
import type { DenseTime } from '../model/denseSample';

export type { DenseTime } from '../model/denseSample';
export type { MemoryPlan } from '../model/plan';
export type { DownloadProgress, KeptModel } from '../model/library';

export interface AdapterReport {
  vendor: string;
  architecture: string;
  description: string;
  /** True for CPU adapters (SwiftShader, llvmpipe, WARP): their times are never performance. */
  software: boolean;
  tier: Tier;
  /** Of attention's kernel, where it isn't `tier`. */
  attentionTier?: Tier;
  features: string[];
  /** Bytes. */
  maxBufferSize: number;
  /** Bytes. */
  maxStorageBufferBindingSize: number;
}

export interface ModelReport {
  /** 'builtin', a folder's name, or a Hub id such as 'Qwen/Qwen2.5-0.5B-Instruct'. */
  id: string;
  family: Family;
  layers: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  vocab: number;
  /** Tokens the model was made for (`max_position_embeddings`). */
  contextLength: number;
  parameters: number;
  /** Bytes on the GPU. */
  weightBytes: number;
  hasChatTemplate: boolean;
}

/**
 * Where a model comes from. `folder` files are `File`s that the user picked or dropped. A Hub model is downloaded into
 * this browser's storage first and loaded from there; `keep: false` streams it straight into GPU memory.
 */
export type ModelSource =
  | { kind: 'builtin' }
  | { kind: 'folder'; name: string; files: File[] }
  | { kind: 'hub'; id: string; revision?: string; token?: string; keep?: boolean }
  | { kind: 'url'; name: string; base: string };

export interface LoadProgress {
  stage: 'download' | 'config' | 'tokenizer' | 'weights' | 'pipelines';
  file: string;
  /** Bytes so far and in all (0 when unknown), over every weight file. */
  loaded: number;
  total: number;
}

export interface Sampling {
  /** 0 is greedy. */
  temperature: number;
  topP: number;
  seed: number;
}

export interface PromptRequest {
  document: string;
  question: string;
  /** Prompt as ids; replaces document and question, no template. */
  ids?: number[];
  /** Prompt tokens at most; the document's middle is cut to fit. Undefined: the model's context. */
  tokens?: number;
  /**
   * Tokens to leave for the question where the document is cut: questions up to this long then find it cut alike, so
   * that its kept keys and values serve them all. Changes nothing where the whole document fits.
   */
  questionTokens?: number;
}

/**
 * False leaves dense out (too long, or not wanted): then there is no speed-up and no fidelity. 'projected' leaves it out
 * too and measures a sample of its attention after the sparse run (`CompareResult.projected`).
 */
export type DenseMode = boolean | 'projected';

export interface CompareRequest {
  prompt: PromptRequest;
  pattern: PatternRequest;
  maxNewTokens: number;
  sampling: Sampling;
  /** Which run goes first; pipelines are warmed before either. */
  order: 'dense-first' | 'sparse-first';
  dense: DenseMode;
  /**
   * Keep keys and values after the run, so that a further question about the same document prefills only what is new;
   * and use what an earlier run kept. Both lanes have a cache of their own then.
   */
  keepCache?: boolean;
  /** With `keepCache`: bytes that the run may need with what it keeps; above them nothing is kept, and `kept` says so. */
  keepLimit?: number;
  /** With `keepCache`: use nothing that an earlier run kept, so that times are of the whole prompt. */
  wholePrompt?: boolean;
  /**
   * With `keepCache`: false keeps no more than what the run began with, so that each further question begins just where
   * this one did, whatever the two have in common. A run that began with nothing keeps its prompt.
   */
  keepQuestion?: boolean;
  /** Take the dense run of this very prompt from before, if it is at hand, instead of running it again. */
  reuseDense?: boolean;
  /** Measure the pattern's heads too (`CompareResult.heads`), in a prefill of its own after the timed runs. */
  measureHeads?: boolean;
}

/** What is measured by head alone: the prompt's prefill with this pattern, untimed. */
export interface MeasureRequest {
  prompt: PromptRequest;
  pattern: PatternRequest;
  /** Give maps of the computed tiles too (`HeadReport.maps`). */
  maps?: boolean;
}

export type PhaseName = 'projections' | 'estimate' | 'index' | 'attention' | 'mlp' | 'head';
/** Milliseconds of GPU time by phase (timestamp queries), or null where the adapter has none. */
export type Phases = Record<PhaseName, number>;

export interface RunProgress {
  lane: 'dense' | 'sparse';
  /**
   * 'measure': the prefill that measures heads, after the timed runs; 'project': the sample of dense attention after a
   * sparse run. `fraction` is then their share.
   */
  stage: 'warmup' | 'prefill' | 'decode' | 'project' | 'measure';
  layer: number;
  layers: number;
  chunk: number;
  chunks: number;
  /** Share of this lane's prefill done, by estimated work. */
  fraction: number;
  elapsedMs: number;
  /** Estimated rest of this lane's prefill; null until enough was measured. Dense work grows quadratically and this knows it. */
  etaMs: number | null;
}

export interface TopToken {
  id: number;
  token: string;
  logprob: number;
}

export interface RunResult {
  pattern: PatternName;
  settings: Record<string, string | number | boolean>;
  /** Wall time from tokens ready to the last token's logits on the GPU's timeline, ms. */
  prefillMs: number;
  /** Wall time from tokens ready to the first token's id on the CPU, ms. Estimation and index building count. */
  ttftMs: number;
  /** Of the tokens that were prefilled. */
  tokensPerSecond: number;
  /** Tokens whose keys and values an earlier run had left (`keepCache`); times are of the rest. 0 otherwise. */
  pastTokens: number;
  /** null where the adapter has no timestamp queries. */
  phasesMs: Phases | null;
  /** Of each layer; empty where it was not measured. */
  layersMs: Phases[];
  /** Computed over causal key tiles, 1 for dense; gathered columns count 1/64 tile each. */
  density: number;
  /** Query heads (over all layers) that fell back to dense, and how many there are. */
  denseHeads: number;
  totalHeads: number;
  /** True where an earlier run of the same prompt was taken (`reuseDense`); its times are of that run. */
  reused?: boolean;
  /** Why the run was dense though a sparse pattern was asked for, as a sentence; absent otherwise. */
  note?: string;
  answer: string;
  answerIds: number[];
  decodeMs: number;
  topTokens: TopToken[];
  stopReason: 'eos' | 'length';
  /** Our own account of GPU memory, bytes at the peak; without what the other lane keeps (`keepCache`). */
  peakBytes: number;
  /** layer by head, row-major, 0..1 */
  headDensity: number[];
}

export interface Fidelity {
  /** KL(dense || sparse) of the next-token distribution, nats. */
  kl: number;
  top1Agree: boolean;
  /** Share of dense's five likeliest tokens among sparse's. */
  top5Overlap: number;
  /** Index of the first differing answer token; null when the answers are equal. */
  firstDivergence: number | null;
  /** Mean next-token loss over the last tokens of the prompt, sparse minus dense, nats; null when not measured. */
  tailLossDelta: number | null;
}

/**
 * What a pattern leaves out, by layer and query head, measured in a prefill with that pattern: keys and values are those
 * that the sparse run itself computes. Arrays are [layer][head].
 */
export interface HeadReport {
  layers: number;
  heads: number;
  /** Positions of the rows that recall and error are measured on: up to 16 blocks of 64 rows, the last included. */
  sampledRows: number[];
  /** Tiles computed over causal tiles, of all rows; columns in groups of 64. As `RunResult.headDensity`. */
  density: number[][];
  /** Mean over sampled rows of the share of the dense softmax mass that lies on keys the index covers, 0..1. */
  recall: number[][];
  /** L2 norm of (sparse - dense) attention output over that of dense, same queries, keys and values; sampled rows. */
  outputError: number[][];
  /** Which parts of the prompt were looked at; absent from reports that are older than this measure. */
  retention?: RetentionReport;
  /** Only where asked for: too large for a file. */
  maps?: HeadMaps;
}

/**
 * Which parts of the prompt the sparse run looked at: one value for each bin of `tokensPerBin` consecutive tokens, from
 * the prompt's first on (chat template, document, question), mean over all layers and query heads, four digits. As with
 * recall, queries and keys are those of the sparse run itself.
 */
export interface RetentionReport {
  /** A power of two; 1 for prompts of up to 2,048 tokens. */
  tokensPerBin: number;
  /** Rows that the figures of last rows are of: the prompt's last 64 tokens, or all of a shorter one. */
  lastRows: number;
  /** Pairs of a row block (64 rows) and a token at or before its end that the index covers, of all such pairs, 0..1. */
  coverage: number[];
  /** Pairs of a last row and a token at or before it that the index covers, of all such pairs, 0..1. */
  lastCoverage: number[];
  /** Share of the last rows' dense softmax mass that lies on the bin: 1 over all bins. */
  lastMass: number[];
  /** The part of `lastMass` on tokens that the index covers. */
  lastKept: number[];
  /** Share of the sampled rows' dense softmax mass (`sampledRows`) on tokens that the index leaves out. */
  missed: number[];
  /** First character of the document in each bin and the one after its last; null where there is none of it. */
  starts: (number | null)[];
  ends: (number | null)[];
}

/** What each head computes, as a square of cells: rows of the prompt down, keys across. */
export interface HeadMaps {
  /** Cells of a side. */
  cells: number;
  /** Tokens of a cell's side. */
  tokensPerCell: number;
  /** u8 [layer][head][cells][cells]: computed tiles of the causal ones in the cell, 255 for all. */
  tiles: Uint8Array;
  /** The same of gathered columns: 255 for all keys of the cell in all its rows. */
  columns: Uint8Array;
}

/** What a comparison with `keepCache` left for a further question. */
export interface KeptReport {
  /** Prompt tokens whose keys and values are kept in each lane; 0: none. */
  tokens: number;
  /** GPU memory that they hold, room for longer questions included. */
  bytes: number;
  /** Why nothing is kept, as a sentence. */
  note?: string;
}

/** Dense, which was not run: from a sample of its attention. Never one of `runs`, and no part of `speedup`. */
export interface ProjectedDense {
  /** Time to first token, ms. */
  ttftMs: number;
  /** Attention of all layers and rows, ms. */
  attentionMs: number;
  /** Projected dense over the measured sparse run; `attention` is null without timestamp queries. */
  ratio: { ttft: number; attention: number | null };
  /** How it came about, in sentences. */
  method: string;
  /** Rows that were measured, in each of the layers that were (counted from 0). */
  sampledRows: number;
  sampledLayers: number[];
  /** Largest deviation of a measured time from the fit, as a share of it. */
  spread: number;
  samples: DenseTime[];
}

export interface CompareResult {
  version: 1;
  /** ISO 8601. */
  date: string;
  commit: string;
  browser: string;
  adapter: AdapterReport;
  model: ModelReport;
  prompt: { tokens: number; truncated: boolean; documentTokens: number };
  request: Omit<CompareRequest, 'prompt'> & { question: string };
  runs: RunResult[];
  /** null without both lanes, and where a lane began with kept keys and values: its times are not of the whole prompt. */
  speedup: { ttft: number; attention: number | null } | null;
  fidelity: Fidelity | null;
  /** Only where `dense` is 'projected', and the sparse run read the whole prompt and did skip something. */
  projected?: ProjectedDense;
  /** Only with `keepCache`. */
  kept?: KeptReport;
  /** Only with `measureHeads`. */
  heads?: HeadReport;
}

/** Budgets by head, searched over one sample; see search.ts. */
export interface HeadSearchInput {
  prompt: PromptRequest;
  /** Share of the causal keys that a head may cost on average, 0.01 to 0.7. */
  density: number;
  budget: 'classic' | 'scaled';
}

export interface HeadSearchReport {
  /** The model it was searched for. */
  model: string;
  tokens: number;
  /** The cost that was asked for. */
  density: number;
  budget: 'classic' | 'scaled';
  /** Mean share of attention kept by the heads' choices, on sampled rows. */
  meanRecall: number;
  /** Mean share of the causal tiles that the heads' choices compute, on sampled rows. */
  meanDensity: number;
  /** Heads for which no candidate was within the cost: they have the cheapest. */
  unmetHeads: number;
  /** Heads that chose each kind. */
  chosen: Record<string, number>;
  /** MInference's own JSON, what `minference` takes as `config`. */
  config: string;
}
