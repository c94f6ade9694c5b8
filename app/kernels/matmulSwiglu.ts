import { defineKernel } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import { wholeCells } from './matmul';
import { chooseTile, type TiledPipelines } from './productTiles';
import shader from '../../shaders/model/matmul_swiglu.wgsl';

export const matmulSwiglu = defineKernel({
  shader,
  bindings: { a: 'read', w: 'read', out: 'read_write' },
  variants: ['f16', 'subgroup_matrix', 'chromium_matrix', 'small_tile'],
});

/** out [row][cols] half = silu(a gate^T) * (a up^T); a [row][length] half, w [gate, up][cols][length] half; `length` is a multiple of 8. */
export function recordMatmulSwiglu(
  recorder: Recorder,
  pipelines: TiledPipelines<'a' | 'w' | 'out'>,
  buffers: { a: Binding; w: Binding; out: Binding },
  shape: { rows: number; cols: number; length: number },
  phase: string,
): void {
  wholeCells(shape.length);
  const { pipeline, workgroups } = chooseTile(pipelines, shape.rows, 2 * shape.cols);
  recorder.dispatch(pipeline, {
    buffers,
    params: { rows: shape.rows, cols: shape.cols, length4: shape.length / 4 },
    workgroups,
    phase,
    flops: 4 * shape.rows * shape.cols * shape.length,
  });
}
