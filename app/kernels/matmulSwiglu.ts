import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import { wholeCells } from './matmul';
import shader from '../../shaders/model/matmul_swiglu.wgsl';

export const matmulSwiglu = defineKernel({
  shader,
  bindings: { a: 'read', w: 'read', out: 'read_write' },
  variants: ['f16', 'subgroup_matrix', 'chromium_matrix'],
});

/** out [row][cols] half = silu(a gate^T) * (a up^T); a [row][length] half, w [gate, up][cols][length] half; `length` is a multiple of 8. */
export function recordMatmulSwiglu(
  recorder: Recorder,
  pipeline: Pipeline<'a' | 'w' | 'out'>,
  buffers: { a: Binding; w: Binding; out: Binding },
  shape: { rows: number; cols: number; length: number },
  phase: string,
): void {
  wholeCells(shape.length);
  recorder.dispatch(pipeline, {
    buffers,
    params: { rows: shape.rows, cols: shape.cols, length4: shape.length / 4 },
    workgroups: [Math.ceil(shape.cols / 64), Math.ceil(shape.rows / 128)],
    phase,
    flops: 4 * shape.rows * shape.cols * shape.length,
  });
}
