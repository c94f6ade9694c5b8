/**
 * Keys and values of the last prompt, one set a lane, kept for a further question about the same document: only what
 * follows the common beginning is prefilled again. A sparse lane's keys and values depend on its pattern.
 */
import type { Gpu } from '../gpu/device';
import type { ModelConfig } from '../model/config';
import { KvCache } from '../model/kvCache';
import type { PatternRequest } from './types';

type Lane = 'dense' | 'sparse';

interface Kept {
  cache: KvCache;
  ids: Uint32Array;
  pattern: string;
}

/** Tokens of room beyond the prompt, so that further questions and answers fit. */
const spareTokens = 2_048;
/** A shorter common beginning is not worth keeping: the template alone. */
const leastCommon = 64;

/** Length of the common beginning of two prompts. */
export function commonLength(a: Uint32Array, b: Uint32Array): number {
  const length = Math.min(a.length, b.length);
  let at = 0;
  while (at < length && a[at] === b[at]) at++;
  return at;
}

export class LaneCaches {
  private readonly kept = new Map<Lane, Kept>();

  constructor(
    private readonly gpu: Gpu,
    private readonly config: ModelConfig,
  ) {}

  /**
   * A cache with room for `ids` and `newTokens`, and how many tokens of `ids` it already holds: 0 for a new one. At
   * least one token is left to prefill. The caller gives it back with `keep` or destroys it.
   */
  take(
    lane: Lane,
    ids: Uint32Array,
    newTokens: number,
    pattern: PatternRequest,
  ): { cache: KvCache; past: number } {
    const kept = this.kept.get(lane);
    if (kept) {
      const past = Math.min(commonLength(kept.ids, ids), ids.length - 1);
      const fits = kept.cache.stride >= ids.length + newTokens;
      this.kept.delete(lane);
      if (fits && past >= leastCommon && kept.pattern === JSON.stringify(pattern))
        return { cache: kept.cache, past };
      kept.cache.destroy();
    }
    const most = Math.min(2 ** 20 + spareTokens, ids.length + newTokens + spareTokens);
    return { cache: new KvCache(this.gpu, this.config, Math.max(ids.length + newTokens, most)), past: 0 };
  }

  /** Keeps a lane's cache, which holds `ids` and perhaps an answer after them. */
  keep(lane: Lane, cache: KvCache, ids: Uint32Array, pattern: PatternRequest): void {
    this.kept.get(lane)?.cache.destroy();
    this.kept.set(lane, { cache, ids, pattern: JSON.stringify(pattern) });
  }

  destroy(): void {
    for (const { cache } of this.kept.values()) cache.destroy();
    this.kept.clear();
  }
}
