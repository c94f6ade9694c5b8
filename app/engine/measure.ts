/** Figures by layer and head of one pattern on one prompt: a prefill that is measured, and therefore never timed. */
import { createPattern, type PatternRequest } from '../attention/pattern';
import { HeadMeasure, sampledPositions } from '../model/headMeasure';
import { KvCache } from '../model/kvCache';
import { prefill } from '../model/prefill';
import type { LoadedModel } from './loader';
import { etaMs, geometryOf } from './run';
import type { HeadReport, RunProgress } from './types';

export interface MeasureOptions {
  ids: Uint32Array<ArrayBuffer>;
  pattern: PatternRequest;
  signal: AbortSignal;
  onProgress: (progress: RunProgress) => void;
}

/** Prefills a cache of its own with the pattern, measuring its heads as it goes. */
export async function measureHeads(
  model: Pick<LoadedModel, 'config' | 'transformer'>,
  { ids, pattern: request, signal, onProgress }: MeasureOptions,
): Promise<HeadReport> {
  const { layers, heads } = model.config;
  const { gpu } = model.transformer;
  const cache = new KvCache(gpu, model.config, ids.length);
  const owned: { destroy(): void }[] = [cache];
  try {
    const geometry = geometryOf(model, ids.length, 0, cache.stride);
    const pattern = await createPattern(gpu, request, geometry);
    owned.push(pattern);
    const observer = await HeadMeasure.create(gpu, geometry);
    owned.push(observer);
    const start = performance.now();
    await prefill(model.transformer, ids, cache, pattern, {
      signal,
      observer,
      onProgress: (progress) => {
        const elapsedMs = performance.now() - start;
        onProgress({
          ...progress,
          lane: request.name === 'dense' ? 'dense' : 'sparse',
          stage: 'measure',
          elapsedMs,
          etaMs: etaMs(progress.fraction, elapsedMs),
        });
      },
    });
    const [figures] = await observer.read();
    const { headDensity } = await pattern.statistics();
    const byLayer = (values: readonly number[]): number[][] =>
      Array.from({ length: layers }, (_, layer) => values.slice(layer * heads, (layer + 1) * heads));
    return {
      layers,
      heads,
      sampledRows: sampledPositions(geometry),
      density: byLayer(headDensity),
      recall: byLayer(figures?.recall ?? []),
      outputError: byLayer(figures?.outputError ?? []),
    };
  } finally {
    for (const item of owned) item.destroy();
  }
}
