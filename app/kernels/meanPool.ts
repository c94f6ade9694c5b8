import { grid } from '../gpu/grid';
import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/mean_pool.wgsl';

export const meanPool = defineKernel({
  shader,
  bindings: { source: 'read', pooled: 'read_write' },
  variants: ['f16'],
});

export interface PoolShape {
  /** Rows of each head, pooled by 64. */
  rows: number;
  /** Heads of `source`, and the head of `pooled` that the first of them is. */
  heads: number;
  headBase: number;
  /** Rows per head of `source`. */
  stride: number;
  headDim: number;
}

/** Means of 64 rows each into pooled f32 [head][ceil(rows / 64)][headDim]. */
export function recordMeanPool(
  recorder: Recorder,
  pipeline: Pipeline<'source' | 'pooled'>,
  buffers: { source: Binding; pooled: Binding },
  shape: PoolShape,
): void {
  const { rows, heads, headBase, stride, headDim } = shape;
  const blocks = Math.ceil(rows / 64);
  const dim4 = headDim / 4;
  recorder.dispatch(pipeline, {
    buffers,
    params: { rows, blocks, heads, stride, head_base: headBase, dim4 },
    workgroups: grid(Math.ceil((heads * blocks * dim4) / 64)),
    phase: 'estimate',
    flops: rows * heads * headDim,
  });
}
