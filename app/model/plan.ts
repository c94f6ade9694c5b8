/** How a prompt is cut into chunks, and the one place that states what memory a run needs. */
import { splitBytes } from '../kernels/splits';
import type { ModelConfig } from './config';
import { cacheStride, kvHeadsEach } from './kvCache';

/** The part of a config that memory hangs on: enough to plan for a model that has not been downloaded. */
export type PlanShape = Pick<
  ModelConfig,
  'layers' | 'hidden' | 'heads' | 'kvHeads' | 'headDim' | 'intermediate'
>;

/** What a run would need and whether it fits, before it starts. All bytes. */
export interface MemoryPlan {
  weights: number;
  cache: number;
  residual: number;
  activations: number;
  index: number;
  total: number;
  /** What keeping keys and values for further questions takes beside `total`, and whether limits admit its buffers. */
  keeping: { bytes: number; fits: boolean };
  /** Largest single buffer and storage binding the plan needs, against the adapter's limits. */
  largestBuffer: number;
  largestBinding: number;
  fits: boolean;
  /** Longest prompt that the limits admit. */
  longestPrompt: number;
}

export interface Chunk {
  /** First row of this prefill, a multiple of 64, and number of rows. */
  first: number;
  count: number;
}

/** The last chunk holds at least this many rows, if the prompt has them: the last queries are estimated from it. */
export const leastLastChunk = 256;

/**
 * Rows a chunk has at most, of a prompt of `rows`, for a model whose hidden size is `width`. A chunk's narrowest products
 * are `width` wide and in tiles of 128 x 128, and a large GPU wants some hundreds of them at a time; wide models need
 * fewer rows for that, and their activations are larger.
 */
export function chunkRowsFor(rows: number, width: number): number {
  if (rows <= 2_048) return 2_048;
  return width <= 1_024 ? 8_192 : 4_096;
}

/** Chunks of `chunkRows` (a multiple of 64, at least twice `leastLastChunk`) that cover `rows`. */
export function planChunks(rows: number, chunkRows: number): Chunk[] {
  const chunks: Chunk[] = [];
  for (let first = 0; first < rows;) {
    const left = rows - first;
    let count = Math.min(chunkRows, left);
    // Shorten the last but one, so that the last is not a stub.
    if (left > chunkRows && left - chunkRows < leastLastChunk) count = chunkRows - leastLastChunk;
    chunks.push({ first, count });
    first += count;
  }
  return chunks;
}

/** How many chunks of as many rows lie right behind chunk `at`, without the last one, whose turn comes first in a layer. */
export function followingChunks(chunks: readonly Pick<Chunk, 'count'>[], at: number): number {
  const behind = chunks.slice(at + 1, -1);
  const other = behind.findIndex(({ count }) => count !== chunks[at]?.count);
  return other < 0 ? behind.length : other;
}

/** Bytes of a chunk's activations, by buffer; `Activations` allocates just these. `size` is `activationSize(tier)`. */
export function activationBytes(config: PlanShape, chunkRows: number, size: number): Record<string, number> {
  const { hidden, heads, kvHeads, headDim, intermediate } = config;
  const widest = Math.max(heads * headDim, 2 * kvHeads * headDim);
  return {
    normed: chunkRows * hidden * size,
    projected: chunkRows * widest * 4,
    queries: chunkRows * heads * headDim * 2,
    attended: chunkRows * heads * headDim * size,
    gated: chunkRows * intermediate * size,
    ...splitBytes(headDim, size),
  };
}

/** Bytes of residual chunk buffers, f32. */
export function residualBytes(config: PlanShape, rows: number): number {
  return rows * config.hidden * 4;
}

/** Bytes of keys and values of all layers. */
export function cacheBytes(config: PlanShape, tokens: number): number {
  return config.layers * 2 * config.kvHeads * config.headDim * 2 * cacheStride(tokens);
}

/** Tokens of room that a kept cache has beyond the prompt and its answer, so that longer questions fit. */
export const spareTokens = 2_048;

/** Tokens that a cache kept for further questions has room for. */
export function keptTokens(tokens: number, newTokens: number): number {
  return Math.max(tokens + newTokens, Math.min(2 ** 20 + spareTokens, tokens + newTokens + spareTokens));
}

/**
 * The memory formula: weights + cache(prompt + new) + residual(prompt) + activations(one chunk) + index.
 * `size` is `activationSize(tier)`; `indexBytes` is the pattern's own figure for the prompt. `lanes` is how many runs
 * there are: one cache serves them in turn, but each needs one of its own if keys and values are kept.
 */
export function memoryPlan(
  config: PlanShape,
  weightBytes: number,
  limits: { maxBufferSize: number; maxStorageBufferBindingSize: number },
  tokens: number,
  newTokens: number,
  size: number,
  indexBytes: (tokens: number) => number,
  lanes = 2,
): MemoryPlan {
  const cacheBuffer = (length: number): number => {
    const stride = cacheStride(length);
    return kvHeadsEach(config, stride, limits) * stride * config.headDim * 2;
  };
  const smallEnough = (bytes: number): boolean =>
    bytes <= limits.maxBufferSize && bytes <= limits.maxStorageBufferBindingSize;
  const at = (length: number): Omit<MemoryPlan, 'fits' | 'longestPrompt'> => {
    const rows = chunkRowsFor(length, config.hidden);
    const cache = cacheBytes(config, length + newTokens);
    const residual = residualBytes(config, length);
    const activations = Object.values(
      activationBytes(config, Math.min(rows, Math.ceil(length / 64) * 64), size),
    );
    const kept = keptTokens(length, newTokens);
    const largest = Math.max(
      cacheBuffer(length + newTokens),
      Math.min(rows, length) * config.hidden * 4,
      ...activations,
      2 * config.intermediate * config.hidden * 2,
    );
    const index = indexBytes(length);
    const sum = activations.reduce((total, bytes) => total + bytes, 0);
    return {
      weights: weightBytes,
      cache,
      residual,
      activations: sum,
      index,
      total: weightBytes + cache + residual + sum + index,
      keeping: {
        bytes: lanes * cacheBytes(config, kept) - cache,
        fits: smallEnough(cacheBuffer(kept)),
      },
      largestBuffer: largest,
      largestBinding: largest,
    };
  };
  const admits = (length: number): boolean => {
    const { largestBuffer } = at(length);
    return smallEnough(largestBuffer);
  };
  // First, so that a bad setting is refused in terms of this prompt and not of a longer one.
  const plan = at(tokens);
  let longest = 0;
  // Bisection over 64-token steps; the index kernels are u32-safe to 2^20 tokens.
  for (let step = 2 ** 20; step >= 64; step /= 2) {
    if (longest + step <= 2 ** 20 && admits(longest + step)) longest += step;
  }
  return { ...plan, fits: tokens <= 2 ** 20 && admits(tokens), longestPrompt: longest };
}
