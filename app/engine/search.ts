/**
 * The offline search of MInference (arXiv 2407.02490, section 3.2, algorithm 1) in the page: over one sample, each head
 * tries patterns of equal cost beside a dense run, and keeps the one that holds the most of its attention. Scores are
 * measured on sampled rows, over dense queries, keys and values: attention kept, then output error.
 */
import { classicTopK, scaledTopK } from '../attention/blockSparse';
import { formatHeadConfig, type HeadEntry, type HeadType } from '../attention/headConfig';
import { createPattern, type Geometry, type Pattern } from '../attention/pattern';
import { UserError } from '../errors';
import { HeadMeasure, type HeadFigures } from '../model/headMeasure';
import { KvCache } from '../model/kvCache';
import { prefill } from '../model/prefill';
import type { LoadedModel } from './loader';
import { geometryOf } from './run';
import type { HeadSearchReport, PatternRequest } from './types';

/** A pattern with its budget, and what MInference's JSON calls it. */
export interface SearchCandidate {
  type: HeadType;
  /** Columns in tokens; of `stream_llm` the sinks; 0 of `block_sparse`, whose budget is not in the file. */
  verticalSize: number;
  /** Diagonals in tokens; of `stream_llm` the window; 0 of `block_sparse`. */
  slashSize: number;
}

export interface SearchRequest {
  /** Share of the causal keys that a head may cost on average, 0.01 to 0.7. */
  density: number;
  /** What sizes mean: single columns and diagonals as the original covers them, or bands of 64 diagonals. */
  budget: 'classic' | 'scaled';
}

export interface HeadChoice extends SearchCandidate {
  layer: number;
  head: number;
  /** Attention mass kept on the sampled rows, 0..1: the score in MInference's JSON. */
  recall: number;
  outputError: number;
  /** Computed over causal tiles of the sampled rows. */
  density: number;
  /** False where no candidate is within the cost, and this is the cheapest. */
  met: boolean;
}

export interface SearchResult {
  tokens: number;
  candidates: SearchCandidate[];
  /** layer by head, row-major */
  heads: HeadChoice[];
}

/** What the search needs of a model: no tokenizer. */
export type SearchModel = Pick<LoadedModel, 'transformer' | 'config'>;

export interface SearchHooks {
  signal: AbortSignal;
  /** Share of the work done, 0..1. */
  onProgress: (fraction: number) => void;
}

/** The ratios of the paper's search space (its table 6): columns and diagonals of equal cost. */
const paperRatios = [
  [30, 2048],
  [100, 1800],
  [500, 1500],
  [3000, 200],
] as const;
/** Shares of the cost that go to columns: the paper's, 1, 5, 25 and 94%, and ours in the wide gap between the latter. */
const columnShares = [
  ...paperRatios.map(([columns, diagonals]) => columns / (columns + diagonals)),
  0.4,
  0.6,
  0.8,
];
/** Sinks of the A-shape candidate, as in MInference's kernel. */
const sinks = 128;
/** How far above the wanted cost a head's candidate may be: tiles are coarse. */
const slack = 1.25;

/** Share of the causal tiles that block-sparse computes. MInference's files give it no size, so its cost is given. */
function blockSparseDensity(keys: number, budget: SearchRequest['budget']): number {
  const rows = Math.ceil(keys / 64);
  const most = Math.min(rows, budget === 'classic' ? classicTopK : scaledTopK(keys));
  return (most * (rows - (most - 1) / 2)) / ((rows * (rows + 1)) / 2);
}

/**
 * Candidates that cost about `density` of the causal keys each. A row of a prompt of n tokens sees n / 2 keys on
 * average, of which a candidate may take density * n / 2. Block-sparse stands where its own budget costs no more.
 */
export function searchCandidates(keys: number, { density, budget }: SearchRequest): SearchCandidate[] {
  const cost = (density * keys) / 2;
  const within = (size: number, least: number): number =>
    Math.min(keys, Math.max(Math.min(least, keys), Math.round(size)));
  const slashes = (columns: number, diagonals: number): SearchCandidate => ({
    type: 'vertical_and_slash',
    verticalSize: within(columns, budget === 'classic' ? 30 : 32),
    slashSize: within(diagonals, budget === 'classic' ? 50 : 128),
  });
  const ranked = columnShares.map((share) => {
    const diagonals = (1 - share) * cost;
    // A band of 64 diagonals touches two tiles a row block.
    return slashes(share * cost, budget === 'classic' ? diagonals : Math.ceil(diagonals / 2 / 64) * 64);
  });
  const local = within(Math.ceil(Math.max(0, cost - sinks) / 64) * 64, 64);
  const blocks: SearchCandidate = { type: 'block_sparse', verticalSize: 0, slashSize: 0 };
  // In a short prompt the least sizes make some of them one.
  const distinct = new Map(ranked.map((one) => [`${one.verticalSize} ${one.slashSize}`, one]));
  return [
    ...distinct.values(),
    { type: 'stream_llm', verticalSize: within(sinks, 1), slashSize: local },
    ...(blockSparseDensity(keys, budget) <= density * slack ? [blocks] : []),
  ];
}

/** The candidate as a pattern of its own, never dense by itself. */
export function candidatePattern(
  { type, verticalSize, slashSize }: SearchCandidate,
  budget: SearchRequest['budget'],
): PatternRequest {
  switch (type) {
    case 'stream_llm':
      return { name: 'a_shape', set: { init: verticalSize, local: slashSize, fallback: 'off' } };
    case 'block_sparse':
      return { name: 'block_sparse', set: { budget, fallback: 'off' } };
    case 'vertical_and_slash':
      return { name: 'vertical_slash', set: { verticalSize, slashSize, budget, fallback: 'off' } };
  }
}

/**
 * For each head the candidate that keeps the most attention among those whose measured cost is allowed; of equals the one
 * with the smaller output error. Where none is allowed, the cheapest.
 */
export function chooseHeads(
  figures: readonly HeadFigures[],
  candidates: readonly SearchCandidate[],
  shape: { layers: number; heads: number },
  density: number,
): HeadChoice[] {
  return Array.from({ length: shape.layers * shape.heads }, (_, at) => {
    const choices = candidates.map((candidate, index): HeadChoice => {
      const measured = figures[index];
      return {
        ...candidate,
        layer: Math.floor(at / shape.heads),
        head: at % shape.heads,
        recall: measured?.recall[at] ?? NaN,
        outputError: measured?.outputError[at] ?? NaN,
        density: measured?.density[at] ?? NaN,
        met: (measured?.density[at] ?? NaN) <= density * slack,
      };
    });
    const allowed = choices.filter(({ met }) => met);
    const [best] =
      allowed.length > 0
        ? allowed.toSorted((a, b) => b.recall - a.recall || a.outputError - b.outputError)
        : choices.toSorted((a, b) => a.density - b.density);
    if (!best) throw new RangeError('a search without candidates');
    return best;
  });
}

function checkSearch({ density, budget }: SearchRequest, tokens: number): void {
  if (!(density >= 0.01 && density <= 0.7))
    throw new UserError('bad-setting', `density is ${density}.`, 'Give a share from 0.01 to 0.7.');
  if (budget !== 'classic' && budget !== 'scaled')
    throw new UserError('bad-setting', `budget is '${String(budget)}'.`, 'Use classic or scaled.');
  if (tokens < 256)
    throw new UserError(
      'bad-document',
      `The sample has ${tokens} tokens.`,
      'Search on a text of the length you mean to read, at least 256 tokens.',
    );
}

/** Candidates measured in one pass: each has scratch of its own. */
const together = 4;

export async function searchHeads(
  model: SearchModel,
  ids: Uint32Array<ArrayBuffer>,
  request: SearchRequest,
  hooks: SearchHooks,
): Promise<SearchResult> {
  checkSearch(request, ids.length);
  const { gpu } = model.transformer;
  const candidates = searchCandidates(ids.length, request);
  const cache = new KvCache(gpu, model.config, ids.length);
  const figures: HeadFigures[] = [];
  try {
    for (let first = 0; first < candidates.length; first += together) {
      const group = candidates.slice(first, first + together);
      cache.length = 0;
      const geometry = geometryOf(model, ids.length, 0, cache.stride);
      const patterns = group.map((candidate) => candidatePattern(candidate, request.budget));
      figures.push(
        ...(await measureCandidates(model, ids, cache, geometry, patterns, hooks.signal, (fraction) => {
          hooks.onProgress((first + fraction * group.length) / candidates.length);
        })),
      );
    }
  } finally {
    cache.destroy();
  }
  const heads = chooseHeads(figures, candidates, model.config, request.density);
  return { tokens: ids.length, candidates, heads };
}

async function measureCandidates(
  model: SearchModel,
  ids: Uint32Array<ArrayBuffer>,
  cache: KvCache,
  geometry: Geometry,
  requests: readonly PatternRequest[],
  signal: AbortSignal,
  onProgress: (fraction: number) => void,
): Promise<HeadFigures[]> {
  const { gpu } = model.transformer;
  const owned: { destroy(): void }[] = [];
  try {
    const patterns: Pattern[] = [];
    for (const request of requests) {
      const pattern = await createPattern(gpu, request, geometry);
      owned.push(pattern);
      patterns.push(pattern);
    }
    const measure = await HeadMeasure.create(gpu, geometry, patterns);
    owned.push(measure);
    const dense = await createPattern(gpu, { name: 'dense', set: {} }, geometry);
    owned.push(dense);
    await prefill(model.transformer, ids, cache, dense, {
      signal,
      observer: measure,
      onProgress: ({ fraction }) => {
        onProgress(fraction);
      },
    });
    return await measure.read();
  } finally {
    for (const item of owned.toReversed()) item.destroy();
  }
}

/** MInference's own JSON, what `minference` takes as `config`. */
export function minferenceJson({ heads }: Pick<SearchResult, 'heads'>): string {
  const layers: HeadEntry[][] = [];
  for (const { layer, head, recall, ...candidate } of heads)
    (layers[layer] ??= [])[head] = { ...candidate, score: Math.round(recall * 10_000) / 10_000 };
  return formatHeadConfig(layers);
}

/** What crosses to the page. */
export function searchReport(
  model: string,
  { density, budget }: SearchRequest,
  { tokens, heads }: Pick<SearchResult, 'tokens' | 'heads'>,
): HeadSearchReport {
  const mean = (of: 'recall' | 'density'): number =>
    heads.reduce((sum, choice) => sum + choice[of], 0) / heads.length;
  const chosen: Record<string, number> = {};
  for (const { type, verticalSize, slashSize } of heads) {
    const name = type === 'block_sparse' ? type : `${type} ${verticalSize}, ${slashSize}`;
    chosen[name] = (chosen[name] ?? 0) + 1;
  }
  return {
    model,
    tokens,
    density,
    budget,
    meanRecall: mean('recall'),
    meanDensity: mean('density'),
    unmetHeads: heads.filter(({ met }) => !met).length,
    chosen,
    config: minferenceJson({ heads }),
  };
}
