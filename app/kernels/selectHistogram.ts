import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/select_histogram.wgsl';

export const selectHistogram = defineKernel({
  shader,
  bindings: { keys: 'read', budgets: 'read', histogram: 'read_write', picks: 'read_write' },
  variants: [],
});

/** Digits of eight bits in a u32 key. */
export const digits = 4;
/** Entries that one workgroup takes. */
const segmentEntries = 4096;

/** Two lists of selection keys for each head of a batch: columns, then diagonals or bands. */
export interface SelectShape {
  /** Query heads [headBase, headBase + batch) of `heads`. */
  heads: number;
  headBase: number;
  batch: number;
  /** Entries of each list; distance of heads; where each list starts in `keys`, the first at 0. */
  entries: readonly [number, number];
  strides: readonly [number, number];
  base1: number;
  /** Largest budget of each list. */
  capacities: readonly [number, number];
}

export function segmentsOf(shape: Pick<SelectShape, 'entries'>): number {
  return Math.ceil(Math.max(...shape.entries) / segmentEntries);
}

/** Fields of `Params` that all parts of the selection have. */
export function selectParams(shape: SelectShape): Record<string, number> {
  return {
    entries0: shape.entries[0],
    entries1: shape.entries[1],
    stride0: shape.strides[0],
    stride1: shape.strides[1],
    base1: shape.base1,
    batch: shape.batch,
    head_base: shape.headBase,
    heads: shape.heads,
  };
}

/** u32s of the buffers between the parts, for a batch of at most `batch` heads. */
export function selectScratch(batch: number, segments: number) {
  return {
    histogram: digits * 2 * batch * 256,
    picks: (digits + 1) * 2 * batch * 2,
    segments: 2 * batch * segments * 2,
  };
}

/** One digit of the selection; `histogram` is zeroed before the first. */
export function recordSelectHistogram(
  recorder: Recorder,
  pipeline: Pipeline<'keys' | 'budgets' | 'histogram' | 'picks'>,
  buffers: { keys: Binding; budgets: Binding; histogram: Binding; picks: Binding },
  shape: SelectShape,
  digit: number,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: { ...selectParams(shape), digit },
    workgroups: [segmentsOf(shape), shape.batch, 2],
    phase: 'index',
    flops: (shape.entries[0] + shape.entries[1]) * shape.batch,
  });
}
