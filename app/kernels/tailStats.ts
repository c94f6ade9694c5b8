import { defineKernel, type Pipeline, type Specialisation } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/tail_stats.wgsl';

export const tailStats = defineKernel({
  shader,
  bindings: { tail: 'read', k: 'read', partials: 'read_write', weights: 'read_write' },
  variants: ['f16'],
});

/** With the exponents of the scores kept for `tail_bands`, of at most 64 rows; or without. */
export function tailStatsSpec(keep: boolean): Specialisation {
  return { constants: { KEEP: Number(keep) } };
}

/** Keys that one workgroup of both passes takes. */
export const spanKeys = 128;

/** What both passes of the estimate need to know. */
export interface TailShape {
  keys: number;
  /** Rows of the tail; the last of them is the last key's. */
  tailRows: number;
  headDim: number;
  /** Query heads per KV head. */
  group: number;
  /** Query heads [headBase, headBase + batch). */
  headBase: number;
  batch: number;
  /** First KV head of the binding k, and its rows per KV head. */
  kvHeadBase: number;
  keyStride: number;
}

/** Spans of a pass in several dispatches of at most `dispatchFlops`: [first, count, flops]. */
export function spanParts(shape: TailShape, dispatchFlops: number): [number, number, number][] {
  const spans = Math.ceil(shape.keys / spanKeys);
  const rows = Math.ceil(shape.tailRows / 64) * 64;
  const spanFlops = 2 * rows * spanKeys * shape.headDim * shape.batch;
  const most = Math.max(1, Math.min(spans, Math.floor(dispatchFlops / spanFlops)));
  const parts: [number, number, number][] = [];
  for (let first = 0; first < spans; first += most) {
    const count = Math.min(most, spans - first);
    parts.push([first, count, count * spanFlops]);
  }
  return parts;
}

/** Fields of `Params` that both passes have. */
export function tailParams(shape: TailShape, firstSpan: number): Record<string, number> {
  return {
    keys: shape.keys,
    tail_rows: shape.tailRows,
    first_span: firstSpan,
    spans: Math.ceil(shape.keys / spanKeys),
    head_base: shape.headBase,
    kv_head_base: shape.kvHeadBase,
    group: shape.group,
    dim4: shape.headDim / 4,
    key_stride: shape.keyStride,
    scale: Math.LOG2E / Math.sqrt(shape.headDim),
  };
}

/** Bytes of the exponents that are kept of one head: [span][128 keys][64 rows] halves. */
export function weightBytes(keys: number): number {
  return Math.ceil(keys / spanKeys) * spanKeys * 64 * 2;
}

/**
 * Softmax statistics of each span of keys into partials [batch][tailRows][spans] vec2f, and with weights
 * exp2(score - the span's largest) into them.
 */
export function recordTailStats(
  recorder: Recorder,
  pipeline: Pipeline<'tail' | 'k' | 'partials' | 'weights'>,
  buffers: { tail: Binding; k: Binding; partials: Binding; weights?: Binding },
  shape: TailShape,
  dispatchFlops: number,
): void {
  for (const [first, count, flops] of spanParts(shape, dispatchFlops)) {
    recorder.dispatch(pipeline, {
      buffers: { ...buffers, weights: buffers.weights ?? recorder.unused },
      params: tailParams(shape, first),
      workgroups: [count, shape.batch],
      phase: 'estimate',
      flops,
    });
  }
}
