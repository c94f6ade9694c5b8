/** One lane of a comparison: prefill with one pattern, then decode, everything measured. */
import { createPattern, type Geometry } from '../attention/pattern';
import { Decoder } from '../model/decode';
import type { KvCache } from '../model/kvCache';
import { chunkRowsFor } from '../model/plan';
import { prefill, type PrefillObserver } from '../model/prefill';
import type { LoadedModel } from './loader';
import { createSampler, topTokens } from './sampling';
import type { PatternRequest, Phases, RunProgress, RunResult, Sampling } from './types';

export interface LaneOptions {
  lane: 'dense' | 'sparse';
  /** The whole prompt, of which the cache holds the first `past` tokens already. */
  ids: Uint32Array<ArrayBuffer>;
  past: number;
  pattern: PatternRequest;
  maxNewTokens: number;
  sampling: Sampling;
  tailRows: number;
  /** Looks on; what it records is in the run's time. */
  observer?: PrefillObserver | undefined;
  signal: AbortSignal;
  onProgress: (progress: RunProgress) => void;
  onAnswer: (text: string) => void;
}

/** What the fidelity figures need besides the result. */
export interface LaneOutcome {
  run: RunResult;
  logits: Float32Array;
  tailLogits: Float32Array;
}

export function geometryOf(
  model: Pick<LoadedModel, 'config'>,
  rows: number,
  past: number,
  keyStride: number,
): Geometry {
  const { heads, kvHeads, headDim, layers, hidden } = model.config;
  const chunkRows = Math.min(chunkRowsFor(rows, hidden), Math.ceil(rows / 64) * 64);
  return { heads, kvHeads, headDim, layers, keys: past + rows, past, rows, chunkRows, keyStride };
}

const phaseNames = ['projections', 'estimate', 'index', 'attention', 'mlp', 'head'] as const;

export function phasesOf(measured: Record<string, number>): Phases {
  return Object.fromEntries(phaseNames.map((name) => [name, measured[name] ?? 0])) as Phases;
}

/** Remaining time from work done so far: `fraction` counts work, so dense attention's growth is in it. */
export function etaMs(fraction: number, elapsedMs: number): number | null {
  if (fraction < 0.02 || elapsedMs < 200) return null;
  return (elapsedMs * (1 - fraction)) / fraction;
}

export async function runLane(
  model: LoadedModel,
  cache: KvCache,
  options: LaneOptions,
): Promise<LaneOutcome> {
  const { lane, past, signal } = options;
  const ids = options.ids.slice(past);
  const { gpu } = model.transformer;
  cache.length = past;
  gpu.memory.resetPeak();
  const geometry = geometryOf(model, ids.length, past, cache.stride);
  const pattern = await createPattern(gpu, options.pattern, geometry);
  try {
    const start = performance.now();
    const result = await prefill(model.transformer, ids, cache, pattern, {
      signal,
      tailRows: options.tailRows,
      observer: options.observer,
      onProgress: ({ layer, layers, chunk, chunks, fraction }) => {
        const elapsedMs = performance.now() - start;
        const eta = etaMs(fraction, elapsedMs);
        options.onProgress({
          lane,
          stage: 'prefill',
          layer,
          layers,
          chunk,
          chunks,
          fraction,
          elapsedMs,
          etaMs: eta,
        });
      },
    });
    const sample = createSampler(options.sampling);
    const samplingStart = performance.now();
    const first = sample(result.logits);
    const ttftMs = result.ms + performance.now() - samplingStart;
    const statistics = await pattern.statistics();
    const decoded = await decode(model, cache, first, sample, options);
    const run: RunResult = {
      pattern: options.pattern.name,
      settings: pattern.settings,
      prefillMs: result.prefillMs,
      ttftMs,
      tokensPerSecond: (ids.length / result.prefillMs) * 1000,
      pastTokens: past,
      phasesMs: result.phases && phasesOf(result.phases.totals),
      layersMs: result.phases?.sections.map(phasesOf) ?? [],
      density: statistics.density,
      denseHeads: statistics.denseHeads,
      totalHeads: statistics.totalHeads,
      ...(statistics.note !== undefined && { note: statistics.note }),
      answer: decoded.text,
      answerIds: decoded.ids,
      decodeMs: decoded.ms,
      topTokens: topTokens(result.logits, 20).map(({ id, logprob }) => ({
        id,
        logprob,
        token: model.tokenizer.tokenText(id),
      })),
      stopReason: decoded.stopReason,
      peakBytes: gpu.memory.peakBytes,
      headDensity: statistics.headDensity,
    };
    return { run, logits: result.logits, tailLogits: result.tailLogits };
  } finally {
    pattern.destroy();
  }
}

interface Decoded {
  ids: number[];
  text: string;
  ms: number;
  stopReason: RunResult['stopReason'];
}

async function decode(
  model: LoadedModel,
  cache: KvCache,
  first: number,
  sample: (logits: Float32Array) => number,
  options: LaneOptions,
): Promise<Decoded> {
  const { eosIds } = model.config;
  const stream = model.tokenizer.stream();
  const ids: number[] = [];
  let text = '';
  const emit = (piece: string): void => {
    if (piece === '') return;
    text += piece;
    options.onAnswer(piece);
  };
  const start = performance.now();
  const decoder = new Decoder(model.transformer, cache);
  try {
    let id = first;
    let stopReason: RunResult['stopReason'] = 'length';
    while (ids.length < options.maxNewTokens) {
      if (eosIds.includes(id)) {
        stopReason = 'eos';
        break;
      }
      ids.push(id);
      emit(stream.push(id));
      if (ids.length === options.maxNewTokens) break;
      options.signal.throwIfAborted();
      id = sample(await decoder.step(id, options.signal));
    }
    emit(stream.end());
    return { ids, text, ms: performance.now() - start, stopReason };
  } finally {
    await decoder.destroy();
  }
}
