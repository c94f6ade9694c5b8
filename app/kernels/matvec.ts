import { grid } from '../gpu/grid';
import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/model/matvec.wgsl';

export const matvec = defineKernel({
  shader,
  bindings: { a: 'read', w: 'read', bias: 'read', out: 'read_write' },
  variants: ['f16'],
});

export interface MatvecShape {
  /** Row of a that is the vector. */
  aRow?: number;
  /** Rows of w used, from `wFirst`. */
  rows: number;
  wFirst?: number;
  outFirst?: number;
  /** A multiple of 8. */
  length: number;
  hasBias?: boolean;
  accumulate?: boolean;
}

/** out [rows] f32 = w [rows][length] half times row `aRow` of a [row][length] half, plus bias [rows] half. */
export function recordMatvec(
  recorder: Recorder,
  pipeline: Pipeline<'a' | 'w' | 'bias' | 'out'>,
  buffers: { a: Binding; w: Binding; bias: Binding; out: Binding },
  shape: MatvecShape,
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      a_first4: ((shape.aRow ?? 0) * shape.length) / 4,
      rows: shape.rows,
      w_first: shape.wFirst ?? 0,
      out_first: shape.outFirst ?? 0,
      length8: shape.length / 8,
      has_bias: Number(shape.hasBias ?? false),
      accumulate: Number(shape.accumulate ?? false),
    },
    workgroups: grid(Math.ceil(shape.rows / 4)),
    phase,
    flops: 2 * shape.rows * shape.length,
  });
}
