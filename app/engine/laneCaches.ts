/**
 * Keys and values of the last prompt, one set a lane, kept for a further question about the same document: only what
 * follows the common beginning is prefilled again. A sparse lane's keys and values depend on its pattern.
 */
import type { Gpu } from '../gpu/device';
import type { ModelConfig } from '../model/config';
import { KvCache } from '../model/kvCache';
import { cacheBytes, keptTokens } from '../model/plan';
import { commonLength } from './ids';
import type { PatternRequest } from './types';

type Lane = 'dense' | 'sparse';

interface Kept {
  cache: KvCache;
  ids: Uint32Array;
  pattern: string;
}

/** A shorter common beginning is not worth keeping: the template alone. */
const leastCommon = 64;

export class LaneCaches {
  private readonly kept = new Map<Lane, Kept>();

  constructor(
    private readonly gpu: Gpu,
    private readonly config: ModelConfig,
  ) {}

  /**
   * A cache with room for `ids` and `newTokens`, and how many tokens of `ids` it already holds: 0 for a new one. At
   * least one token is left to prefill. The caller gives it back with `keep` or destroys it. Null where the GPU has no
   * memory for one.
   */
  async take(
    lane: Lane,
    ids: Uint32Array,
    newTokens: number,
    pattern: PatternRequest,
  ): Promise<{ cache: KvCache; past: number } | null> {
    const kept = this.kept.get(lane);
    const past = this.usable(lane, ids, newTokens, pattern);
    this.kept.delete(lane);
    if (kept && past > 0) return { cache: kept.cache, past };
    kept?.cache.destroy();
    const cache = await this.allocate(keptTokens(ids.length, newTokens));
    return cache && { cache, past: 0 };
  }

  /** Tokens of `ids` that the lane's cache holds and a run with this pattern could start from; 0 where it is of no use. */
  usable(lane: Lane, ids: Uint32Array, newTokens: number, pattern: PatternRequest): number {
    const kept = this.kept.get(lane);
    if (!kept || kept.cache.stride < ids.length + newTokens || kept.pattern !== JSON.stringify(pattern))
      return 0;
    const past = Math.min(commonLength(kept.ids, ids), ids.length - 1);
    return past >= leastCommon ? past : 0;
  }

  /** Keeps a lane's cache, which holds `ids` and perhaps an answer after them. */
  keep(lane: Lane, cache: KvCache, ids: Uint32Array, pattern: PatternRequest): void {
    this.drop(lane);
    this.kept.set(lane, { cache, ids, pattern: JSON.stringify(pattern) });
  }

  /** What each lane holds at least, in tokens, and bytes in all. */
  report(): { tokens: number; bytes: number } {
    const all = [...this.kept.values()];
    return {
      tokens: all.length === 0 ? 0 : Math.min(...all.map(({ ids }) => ids.length)),
      bytes: all.reduce((sum, { cache }) => sum + cacheBytes(this.config, cache.stride), 0),
    };
  }

  /** Frees one lane's. */
  drop(lane: Lane): void {
    this.kept.get(lane)?.cache.destroy();
    this.kept.delete(lane);
  }

  destroy(): void {
    for (const { cache } of this.kept.values()) cache.destroy();
    this.kept.clear();
  }

  private async allocate(tokens: number): Promise<KvCache | null> {
    const { device } = this.gpu;
    device.pushErrorScope('out-of-memory');
    let cache: KvCache | null = null;
    try {
      cache = new KvCache(this.gpu, this.config, tokens);
    } finally {
      if ((await device.popErrorScope()) !== null) {
        cache?.destroy();
        cache = null;
      }
    }
    if (cache && !(await cache.settle())) {
      cache.destroy();
      return null;
    }
    return cache;
  }
}
