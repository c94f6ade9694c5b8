/**
 * The caches of one comparison: one that serves its lanes in turn or, where keys and values are to be kept for a further
 * question, one a lane. What cannot be kept is not, with a sentence; the comparison goes on.
 */
import { isAbort } from '../errors';
import type { Gpu } from '../gpu/device';
import { formatBytes } from '../gpu/memory';
import type { ModelConfig } from '../model/config';
import { KvCache } from '../model/kvCache';
import { denseRequest, lanesOf } from './comparison';
import type { LaneCaches } from './laneCaches';
import type { CompareRequest, KeptReport, MemoryPlan, PatternRequest } from './types';

type Lane = 'dense' | 'sparse';

export interface TakenCache {
  cache: KvCache;
  /** Tokens of the prompt that are in it. */
  past: number;
}

/** Why a run that should keep its keys and values will not; null where it will. */
export function keepRefusal({ keepLimit }: CompareRequest, plan: MemoryPlan): string | null {
  const { keeping, total } = plan;
  if (!keeping.fits)
    return 'Keys and values are not kept: with room for further questions they need larger GPU buffers than this adapter allows.';
  if (keepLimit !== undefined && total + keeping.bytes > keepLimit)
    return `Keys and values are not kept: the run would need ${formatBytes(total + keeping.bytes)} with them, more than the ${formatBytes(keepLimit)} that it may count on.`;
  return null;
}

export class ComparisonCaches {
  private readonly lanes: LaneCaches | null;
  private shared: KvCache | null = null;

  /** `kept` is what earlier runs left; `note` is why nothing shall be kept although it was asked for. */
  constructor(
    private readonly gpu: Gpu,
    private readonly config: ModelConfig,
    private readonly kept: LaneCaches,
    private readonly request: CompareRequest,
    private readonly ids: Uint32Array,
    private note: string | null,
  ) {
    const keeps = request.keepCache === true && note === null;
    if (!keeps || request.wholePrompt === true) kept.destroy();
    this.lanes = keeps ? kept : null;
    // Memory that this comparison cannot use is free before it asks for its own.
    const wanted = lanesOf(request);
    for (const lane of ['dense', 'sparse'] as const)
      if (!wanted.includes(lane) || this.usable(lane) === 0) kept.drop(lane);
    if (!this.lanes) this.shared = this.single();
  }

  /** Most tokens that a lane has to prefill. */
  get newTokens(): number {
    return Math.max(...lanesOf(this.request).map((lane) => this.ids.length - this.usable(lane)));
  }

  /** For runs that nobody times: the lanes' own where it is empty, else one for `tokens` that `done` frees. */
  forWarmUp(tokens: number): { cache: KvCache; done: () => void } {
    if (this.shared) return { cache: this.shared, done: () => undefined };
    const cache = new KvCache(this.gpu, this.config, tokens);
    return {
      cache,
      done: () => {
        cache.destroy();
      },
    };
  }

  async take(lane: Lane): Promise<TakenCache> {
    if (this.shared) return { cache: this.shared, past: 0 };
    const { maxNewTokens } = this.request;
    const taken = await this.lanes?.take(lane, this.ids, maxNewTokens, this.patternOf(lane));
    if (taken) return taken;
    this.note =
      'Keys and values are not kept: this GPU had no memory left for them. A shorter context makes room.';
    this.kept.destroy();
    this.shared = this.single();
    await this.shared.settle();
    return { cache: this.shared, past: 0 };
  }

  /** Bytes that other lanes keep while one runs: no need of that run. */
  get beside(): number {
    return this.lanes?.report().bytes ?? 0;
  }

  /** A lane has ended well. */
  keep(lane: Lane, { cache, past }: TakenCache): void {
    if (cache === this.shared) return;
    const asBefore = this.request.keepQuestion === false && past > 0;
    const ids = asBefore ? this.ids.slice(0, past) : this.ids;
    this.kept.keep(lane, cache, ids, this.patternOf(lane));
  }

  /** A lane has not: a cancelled further question leaves the document's keys and values as they were. */
  fail(lane: Lane, { cache, past }: TakenCache, error: unknown): void {
    if (cache === this.shared) return;
    if (isAbort(error) && past > 0) {
      this.kept.keep(lane, cache, this.ids.slice(0, past), this.patternOf(lane));
      return;
    }
    cache.destroy();
    this.kept.destroy();
  }

  /** After the last lane, however it ended. */
  end(): void {
    this.shared?.destroy();
    this.shared = null;
  }

  /** Null where nothing was to be kept. */
  report(): KeptReport | null {
    if (this.request.keepCache !== true) return null;
    return this.note === null ? this.kept.report() : { tokens: 0, bytes: 0, note: this.note };
  }

  private usable(lane: Lane): number {
    const { ids, request } = this;
    return this.kept.usable(lane, ids, request.maxNewTokens, this.patternOf(lane));
  }

  private patternOf(lane: Lane): PatternRequest {
    return lane === 'dense' ? denseRequest : this.request.pattern;
  }

  private single(): KvCache {
    return new KvCache(this.gpu, this.config, this.ids.length + this.request.maxNewTokens);
  }
}
