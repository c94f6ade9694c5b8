import { grid } from '../gpu/grid';
import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/model/matvec_swiglu.wgsl';

export const matvecSwiglu = defineKernel({
  shader,
  bindings: { a: 'read', w: 'read', out: 'read_write' },
  variants: ['f16'],
});

/** out [rows] half = silu(gate a) * (up a); a [length] half, w [gate, up][rows][length] half. `length` is a multiple of 8. */
export function recordMatvecSwiglu(
  recorder: Recorder,
  pipeline: Pipeline<'a' | 'w' | 'out'>,
  buffers: { a: Binding; w: Binding; out: Binding },
  shape: { rows: number; length: number },
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: { rows: shape.rows, length8: shape.length / 8 },
    workgroups: grid(Math.ceil(shape.rows / 4)),
    phase,
    flops: 4 * shape.rows * shape.length,
  });
}
