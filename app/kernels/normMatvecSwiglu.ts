import { grid } from '../gpu/grid';
import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/model/norm_matvec_swiglu.wgsl';

export const normMatvecSwiglu = defineKernel({
  shader,
  bindings: { x: 'read', norm: 'read', w: 'read', out: 'read_write' },
  variants: ['f16'],
});

export interface NormMatvecSwigluShape {
  /** Row of x that is normalised. */
  xRow?: number;
  /** A multiple of 4. */
  rows: number;
  /** A multiple of 8. */
  length: number;
  epsilon: number;
}

/** out [rows] half = silu(gate v) * (up v) with v the RMS norm of row `xRow` of x [row][length] f32; w [gate, up][rows][length] half. */
export function recordNormMatvecSwiglu(
  recorder: Recorder,
  pipeline: Pipeline<'x' | 'norm' | 'w' | 'out'>,
  buffers: { x: Binding; norm: Binding; w: Binding; out: Binding },
  shape: NormMatvecSwigluShape,
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      x_first4: ((shape.xRow ?? 0) * shape.length) / 4,
      rows: shape.rows,
      length8: shape.length / 8,
      epsilon: shape.epsilon,
    },
    workgroups: grid(Math.ceil(shape.rows / 4)),
    phase,
    flops: 4 * shape.rows * shape.length,
  });
}
