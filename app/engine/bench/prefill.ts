/**
 * The prefill suite: a whole model at given lengths, dense and sparse. Patterns take turns at each length, forwards and
 * backwards, so that none always runs on the warmer GPU; the run with the median time to first token is reported whole.
 */
import { createPattern, patternMemory, settingsWithin, type Geometry } from '../../attention/pattern';
import { UserError } from '../../errors';
import { activationSize } from '../../gpu/capabilities';
import type { Gpu } from '../../gpu/device';
import { denseFlops } from '../../kernels/tileAttention';
import { KvCache } from '../../model/kvCache';
import { memoryPlan } from '../../model/plan';
import { prefill } from '../../model/prefill';
import { reservePrefill } from '../../model/prefillBuffers';
import { geometryOf, phasesOf } from '../run';
import { createSampler } from '../sampling';
import type { MemoryPlan, PatternRequest } from '../types';
import { checkedLayer, checkRows } from './checkRows';
import { median } from './noise';
import type { BenchModel } from './model';
import type {
  BenchHooks,
  PrefillBenchRequest,
  PrefillBenchResult,
  PrefillMeasurement,
  PrefillSample,
} from './types';

export type PrefillResults = Pick<PrefillBenchResult, 'measurements' | 'notRun'>;

export interface PrefillHooks extends BenchHooks {
  /** Everything so far, after each length. */
  onMeasured: (results: PrefillResults) => void;
}

interface Outcome {
  sample: PrefillSample;
  settings: PrefillMeasurement['settings'];
  density: number;
  denseHeads: number;
  totalHeads: number;
  note?: string;
}

const greedy = { temperature: 0, topP: 1, seed: 0 };
/** Rows that the unrecorded runs take at most: every kernel has run, and the pacer knows the adapter's rate. */
const warmRows = { gpu: 8_192, software: 64 };

/** One token of room for the answer, as any run has. */
const newTokens = 1;

function keyStrideOf(tokens: number): number {
  return Math.ceil((tokens + newTokens) / 64) * 64;
}

function planOf(gpu: Gpu, model: BenchModel, tokens: number, pattern: PatternRequest): MemoryPlan {
  const index = (rows: number): number =>
    rows === 0
      ? 0
      : patternMemory(settingsWithin(pattern, rows), geometryOf(model, rows, 0, keyStrideOf(rows)));
  const { weightBytes } = model.report;
  const size = activationSize(gpu.tier);
  return memoryPlan(model.config, weightBytes, gpu.capabilities.limits, tokens, newTokens, size, index);
}

async function runOnce(
  gpu: Gpu,
  model: BenchModel,
  cache: KvCache,
  ids: Uint32Array<ArrayBuffer>,
  request: PatternRequest,
  hooks: BenchHooks,
  label = '',
): Promise<Outcome> {
  cache.length = 0;
  gpu.takeFailure();
  gpu.memory.resetPeak();
  const geometry: Geometry = geometryOf(model, ids.length, 0, cache.stride);
  const pattern = await createPattern(gpu, request, geometry);
  try {
    const what = `${request.name}, ${ids.length} tokens${label}`;
    const result = await prefill(model.transformer, ids, cache, pattern, {
      signal: hooks.signal,
      onProgress: ({ fraction }) => {
        hooks.onProgress(`${what}: ${Math.floor(fraction * 10) * 10}%`);
      },
    });
    const sampling = performance.now();
    createSampler(greedy)(result.logits);
    const ttftMs = result.ms + performance.now() - sampling;
    const peakBytes = gpu.memory.peakBytes;
    if (!result.logits.every(Number.isFinite)) {
      throw new UserError(
        'gpu-error',
        `The logits of ${what} are not finite.`,
        'Such a run proves nothing; please report it with the settings.',
      );
    }
    const { density, denseHeads, totalHeads, note } = await pattern.statistics();
    const sample = {
      ttftMs,
      prefillMs: result.prefillMs,
      phasesMs: result.phases && phasesOf(result.phases.totals),
      peakBytes,
    };
    return {
      sample,
      settings: pattern.settings,
      density,
      denseHeads,
      totalHeads,
      ...(note !== undefined && { note }),
    };
  } finally {
    pattern.destroy();
  }
}

/** What the samples of one pattern at one length say together. */
export function summarise(
  model: Pick<BenchModel, 'config'>,
  tokens: number,
  pattern: PatternRequest['name'],
  outcomes: readonly Outcome[],
  plannedBytes: number,
): PrefillMeasurement {
  const middle = median(outcomes.map(({ sample }) => sample.ttftMs));
  const chosen = outcomes.find(({ sample }) => sample.ttftMs === middle);
  if (!chosen) throw new RangeError('no run to report');
  const { sample, ...facts } = chosen;
  const { layers, heads, kvHeads, headDim, hidden, intermediate, contextLength } = model.config;
  const phases = sample.phasesMs;
  const sum = phases ? Object.values(phases).reduce((total, ms) => total + ms, 0) : 0;
  const linear =
    2 * hidden * (2 * heads * headDim + 2 * kvHeads * headDim + 3 * intermediate) * tokens * layers;
  const attention = denseFlops(tokens, 0, headDim, heads) * layers * facts.density;
  const rate = (flops: number, ms: number): number | null => (ms > 0 ? flops / ms / 1e9 : null);
  const peakBytes = outcomes.reduce((most, outcome) => Math.max(most, outcome.sample.peakBytes), 0);
  return {
    tokens,
    pattern,
    ...facts,
    ttftMs: sample.ttftMs,
    prefillMs: sample.prefillMs,
    phasesMs: phases,
    wallOverPhases: sum > 0 ? sample.prefillMs / sum : null,
    tokensPerSecond: (tokens / sample.prefillMs) * 1000,
    attentionRate: phases && rate(attention, phases.attention),
    linearRate: phases && rate(linear, phases.projections + phases.mlp),
    beyondContext: tokens > contextLength,
    peakBytes,
    plannedBytes,
    memoryRatio: peakBytes / plannedBytes,
    samples: outcomes.map((outcome) => outcome.sample),
  };
}

/** Refuses settings that no pattern takes before anything is loaded or run. */
export function checkPrefillRequest(model: Pick<BenchModel, 'config'>, request: PrefillBenchRequest): void {
  if (request.checkRows) checkedLayer(model.config.layers, request.checkLayer);
  for (const tokens of request.tokens) {
    for (const pattern of request.patterns)
      patternMemory(pattern, geometryOf(model, tokens, 0, keyStrideOf(tokens)));
  }
}

/** Why this pattern can't run at this length; null where it can. */
function obstacle(
  gpu: Gpu,
  model: BenchModel,
  request: PrefillBenchRequest,
  tokens: number,
  pattern: PatternRequest,
) {
  if (pattern.name === 'dense' && request.denseUpTo !== null && tokens > request.denseUpTo)
    return `left out above ${request.denseUpTo} tokens, as asked`;
  const plan = planOf(gpu, model, tokens, pattern);
  return plan.fits ? null : `this adapter's limits end at ${plan.longestPrompt} tokens`;
}

async function measureLength(
  gpu: Gpu,
  model: BenchModel,
  request: PrefillBenchRequest,
  tokens: number,
  patterns: readonly PatternRequest[],
  hooks: PrefillHooks,
): Promise<PrefillMeasurement[]> {
  const ids = model.ids(tokens, request.seed);
  const cache = new KvCache(gpu, model.config, tokens + newTokens);
  try {
    const rows = Math.min(tokens, gpu.capabilities.software ? warmRows.software : warmRows.gpu);
    for (const pattern of patterns)
      await runOnce(
        gpu,
        model,
        cache,
        ids.slice(0, rows),
        settingsWithin(pattern, rows),
        hooks,
        ' to warm up',
      );
    await reservePrefill(model.transformer, tokens);
    const outcomes = new Map(patterns.map((pattern) => [pattern, [] as Outcome[]]));
    for (let round = 0; round < request.repeat; round++) {
      for (const pattern of round % 2 === 0 ? patterns : patterns.toReversed())
        outcomes.get(pattern)?.push(await runOnce(gpu, model, cache, ids, pattern, hooks));
    }
    const measurements: PrefillMeasurement[] = [];
    for (const [pattern, runs] of outcomes) {
      const planned = planOf(gpu, model, tokens, pattern).total;
      const measured = summarise(model, tokens, pattern.name, runs, planned);
      const check = request.checkRows && (await checkRows(gpu, model, cache, ids, pattern, request, hooks));
      measurements.push({ ...measured, ...(check && { check }) });
    }
    return measurements;
  } finally {
    cache.destroy();
    gpu.memory.trim();
  }
}

/** What the device can recover from: the length is reported as not run and the next one goes on. */
function isShortage(error: unknown): error is UserError {
  return error instanceof UserError && (error.code === 'out-of-memory' || error.code === 'limit-too-small');
}

export async function benchPrefill(
  gpu: Gpu,
  model: BenchModel,
  request: PrefillBenchRequest,
  hooks: PrefillHooks,
): Promise<PrefillResults> {
  checkPrefillRequest(model, request);
  const results: PrefillResults = { measurements: [], notRun: [] };
  const { measurements, notRun } = results;
  for (const tokens of request.tokens) {
    const possible: PatternRequest[] = [];
    for (const pattern of request.patterns) {
      const reason = obstacle(gpu, model, request, tokens, pattern);
      if (reason === null) possible.push(pattern);
      else notRun.push({ tokens, pattern: pattern.name, reason });
    }
    if (possible.length > 0) {
      try {
        measurements.push(...(await measureLength(gpu, model, request, tokens, possible, hooks)));
      } catch (error) {
        if (!isShortage(error)) throw error;
        notRun.push(...possible.map(({ name }) => ({ tokens, pattern: name, reason: error.sentence })));
      }
    }
    hooks.onMeasured(results);
  }
  return results;
}
