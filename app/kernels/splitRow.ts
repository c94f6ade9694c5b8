import { grid } from '../gpu/grid';
import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import { headsPerWorkgroup } from './splitHeads';
import shader from '../../shaders/model/split_row.wgsl';

export const splitRow = defineKernel({
  shader,
  bindings: {
    x: 'read',
    query_norm: 'read',
    key_norm: 'read',
    tables: 'read',
    q: 'read_write',
    k: 'read_write',
    v: 'read_write',
  },
  variants: ['f16'],
});

export interface SplitRowShape {
  heads: number;
  kvHeads: number;
  headDim: number;
  /** Heads that k and v hold, and the query heads that read them. */
  range: { headBase: number; heads: number; kvHeadBase: number; kvHeads: number };
  /** Rows a head of k and v has. */
  keyStride: number;
  /** Of the token, which is its row too. */
  position: number;
  /** RMS norm over each head of queries and keys, before RoPE (Qwen3). */
  hasNorm: boolean;
  epsilon: number;
  coarseRows: number;
}

/**
 * x [query, key and value heads][headDim] f32 of one token: queries of the range into q [heads][headDim], keys and values
 * into k and v [range.kvHeads][keyStride][headDim], all half. Compiled with `splitHeadsSpec`.
 */
export function recordSplitRow(
  recorder: Recorder,
  pipeline: Pipeline<'x' | 'query_norm' | 'key_norm' | 'tables' | 'q' | 'k' | 'v'>,
  buffers: {
    x: Binding;
    query_norm: Binding;
    key_norm: Binding;
    tables: Binding;
    q: Binding;
    k: Binding;
    v: Binding;
  },
  { heads, kvHeads, headDim, range, ...shape }: SplitRowShape,
  phase: string,
): void {
  const vectors = range.heads + 2 * range.kvHeads;
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      heads,
      head_base: range.headBase,
      range_heads: range.heads,
      kv_heads: kvHeads,
      kv_head_base: range.kvHeadBase,
      range_kv_heads: range.kvHeads,
      key_stride: shape.keyStride,
      position: shape.position,
      has_norm: Number(shape.hasNorm),
      epsilon: shape.epsilon,
      coarse_rows: shape.coarseRows,
    },
    workgroups: grid(Math.ceil(vectors / headsPerWorkgroup(headDim))),
    phase,
    flops: vectors * headDim * 8,
  });
}
