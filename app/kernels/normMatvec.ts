import { grid } from '../gpu/grid';
import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/model/norm_matvec.wgsl';

export const normMatvec = defineKernel({
  shader,
  bindings: { x: 'read', norm: 'read', w: 'read', bias: 'read', out: 'read_write' },
  variants: ['f16'],
});

export interface NormMatvecShape {
  /** Row of x that is normalised. */
  xRow?: number;
  rows: number;
  outFirst?: number;
  /** A multiple of 8. */
  length: number;
  hasBias?: boolean;
  epsilon: number;
}

/** out [rows] f32 = w [rows][length] half times the RMS norm of row `xRow` of x [row][length] f32, plus bias [rows] half. */
export function recordNormMatvec(
  recorder: Recorder,
  pipeline: Pipeline<'x' | 'norm' | 'w' | 'bias' | 'out'>,
  buffers: { x: Binding; norm: Binding; w: Binding; bias: Binding; out: Binding },
  shape: NormMatvecShape,
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      x_first4: ((shape.xRow ?? 0) * shape.length) / 4,
      rows: shape.rows,
      out_first: shape.outFirst ?? 0,
      length8: shape.length / 8,
      has_bias: Number(shape.hasBias ?? false),
      epsilon: shape.epsilon,
    },
    workgroups: grid(Math.ceil(shape.rows / 4)),
    phase,
    flops: 2 * shape.rows * shape.length,
  });
}
