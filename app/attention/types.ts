/** What a pattern is to the forward pass. `PatternName` and `PatternRequest` are structurally those of the engine. */
import type { Binding, Recorder } from '../gpu/recorder';
import type { TileIndex } from './tileIndex';

export type PatternName =
  | 'dense'
  | 'a_shape'
  | 'tri_shape'
  | 'vertical_slash'
  | 'block_sparse'
  | 'minference'
  | 'flexprefill'
  | 'xattention'
  | 'adaptive';

export type SettingValue = string | number | boolean;
export type Settings = Readonly<Record<string, SettingValue>>;

export interface PatternRequest {
  readonly name: PatternName;
  readonly set: Settings;
}

/** Sizes of one prefill; everything that a pattern allocates follows from them. */
export interface Geometry {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
  readonly layers: number;
  /** All keys, the past included. */
  readonly keys: number;
  /** Keys cached before this prefill. */
  readonly past: number;
  /** Rows of this prefill: keys - past. */
  readonly rows: number;
  /** Rows of one `indexRows` call at most. */
  readonly chunkRows: number;
  /** Rows per KV head in the cache. */
  readonly keyStride: number;
}

/** A range of query heads and the cache bindings that hold their KV heads. */
export interface CacheRange {
  readonly headBase: number;
  readonly heads: number;
  readonly kvHeadBase: number;
  /** half [kvHead - kvHeadBase][keyStride][dim] */
  readonly k: GPUBufferBinding;
  readonly v: GPUBufferBinding;
}

export interface LayerInput {
  readonly layer: number;
  /** Several ranges where one binding would overflow the adapter's limit. */
  readonly caches: readonly CacheRange[];
  /** The last `tailRows` queries with RoPE, half [head][tailRows][dim]. */
  readonly tail: Binding;
}

/** Rows [first, first + count) of this prefill, at positions past + first and on, with their queries. */
export interface RowsInput {
  readonly first: number;
  readonly count: number;
  /** Calls for as many rows each that follow this one directly, so that their index may be built with this one. */
  readonly following?: number;
  /** With RoPE, half [head][queryStride][dim]; row 0 is `first`. */
  readonly queries: Binding;
  readonly queryStride: number;
  /** K of these rows and all before is written. */
  readonly caches: readonly CacheRange[];
}

export interface PatternStatistics {
  /** Computed over causal tiles, all layers and heads. */
  readonly density: number;
  /**
   * layer by head, row-major: computed over causal tiles, columns in groups of 64 as computed. Under
   * `budget=classic` it can pass 1: unaligned tiles overlap the diagonal twice.
   */
  readonly headDensity: number[];
  readonly denseHeads: number;
  /** layer by head: whether it fell back; absent where no head does by itself. */
  readonly headDense?: readonly boolean[];
  readonly totalHeads: number;
  readonly note?: string;
}

export interface Pattern {
  readonly name: PatternName;
  /** With defaults filled in and clamps applied. */
  readonly settings: Record<string, SettingValue>;
  /** Rows of the end of the prompt whose queries `prepareLayer` wants; 0 for static patterns. */
  readonly tailRows: number;
  /** Why it runs dense though something else was asked for; absent otherwise. */
  readonly note?: string;
  /** Bytes of index and scratch; equals `patternMemory` of the same request. */
  readonly indexBytes: number;
  /** Rows at the end of the prompt whose row blocks are dense for every head; absent for none. */
  readonly denseRows?: number;
  /** Operations that `prepareLayer` records, for progress and pacing. */
  readonly prepareFlops: number;
  /**
   * For patterns that pool the queries of the whole prompt: called for each chunk of a layer, in order, before
   * `prepareLayer`. Where it is absent those queries are not computed twice.
   */
  readonly observeRows?: (recorder: Recorder, layer: number, rows: RowsInput) => void;
  /** Records estimate and selection for a layer whose K is complete (phases 'estimate' and 'index'). */
  prepareLayer(recorder: Recorder, input: LayerInput): void;
  /** Records the index of these rows. Valid until the next call. null: every row block is dense. */
  indexRows(recorder: Recorder, layer: number, rows: RowsInput): TileIndex | null;
  /** One read-back, after the run. */
  statistics(): Promise<PatternStatistics>;
  destroy(): void;
}
