/** Before the clock starts. */
import { settingsWithin } from '../attention/pattern';
import type { KvCache } from '../model/kvCache';
import { denseRequest, lanesOf } from './comparison';
import type { ComparisonCaches } from './comparisonCaches';
import type { LoadedModel } from './loader';
import { runLane } from './run';
import type { CompareRequest, RunProgress } from './types';

interface WarmUpHooks {
  signal: AbortSignal;
  onProgress: (progress: RunProgress) => void;
}

/** Models that have run on a software adapter. */
const warm = new WeakSet<LoadedModel>();

/**
 * A short run of each pattern: drivers finish compiling at first use, the pacer learns the adapter's rate, and the GPU its
 * clock. Software adapters get a token of it, once for a model, as their times are never performance.
 */
export async function warmUp(
  model: LoadedModel,
  caches: ComparisonCaches,
  ids: Uint32Array<ArrayBuffer>,
  request: CompareRequest,
  hooks: WarmUpHooks,
): Promise<void> {
  const { software } = model.transformer.gpu.capabilities;
  if (warm.has(model)) return;
  const length = Math.min(caches.newTokens, software ? 64 : 4_096);
  const { cache, done } = caches.forWarmUp(length + 2);
  try {
    await warmUpLanes(model, cache, ids.slice(0, length), request, hooks);
    if (software) warm.add(model);
  } finally {
    done();
  }
}

async function warmUpLanes(
  model: LoadedModel,
  cache: KvCache,
  ids: Uint32Array<ArrayBuffer>,
  request: CompareRequest,
  hooks: WarmUpHooks,
): Promise<void> {
  const { software } = model.transformer.gpu.capabilities;
  for (const lane of lanesOf(request)) {
    if (software && lane === 'sparse') continue;
    await runLane(model, cache, {
      lane,
      ids,
      past: 0,
      pattern: lane === 'dense' ? denseRequest : settingsWithin(request.pattern, ids.length),
      maxNewTokens: software ? 1 : 2,
      sampling: request.sampling,
      tailRows: 0,
      signal: hooks.signal,
      onProgress: (progress) => {
        hooks.onProgress({ ...progress, stage: 'warmup', fraction: 0, etaMs: null });
      },
      onAnswer: () => undefined,
    });
  }
}
