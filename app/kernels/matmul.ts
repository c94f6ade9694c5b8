import { defineKernel } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import { chooseTile, type TiledPipelines } from './productTiles';
import shader from '../../shaders/model/matmul.wgsl';

export const matmul = defineKernel({
  shader,
  bindings: { a: 'read', w: 'read', bias: 'read', out: 'read_write' },
  variants: ['f16', 'subgroup_matrix', 'chromium_matrix', 'small_tile'],
});

export interface MatmulShape {
  /** Rows of a used, from `aFirst`; written from `outFirst`. */
  rows: number;
  aFirst?: number;
  outFirst?: number;
  /** Rows of w used, from `wFirst`: the columns of out. */
  cols: number;
  wFirst?: number;
  /** Length of a row of a and w, a multiple of 8: f16 tiers fetch 16 bytes at a time. */
  length: number;
  hasBias?: boolean;
  /** out += product instead of out = product. */
  accumulate?: boolean;
}

export function wholeCells(length: number): void {
  if (length % 8 !== 0) throw new RangeError(`rows of ${length} values are no whole number of 16-byte cells`);
}

/** out [row][cols] f32 = a [row][length] half times w [cols][length] half, transposed, plus bias [cols] half. */
export function recordMatmul(
  recorder: Recorder,
  pipelines: TiledPipelines<'a' | 'w' | 'bias' | 'out'>,
  buffers: { a: Binding; w: Binding; bias: Binding; out: Binding },
  shape: MatmulShape,
  phase: string,
): void {
  wholeCells(shape.length);
  const { pipeline, workgroups } = chooseTile(pipelines, shape.rows, shape.cols);
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      rows: shape.rows,
      a_first: shape.aFirst ?? 0,
      out_first: shape.outFirst ?? 0,
      cols: shape.cols,
      w_first: shape.wFirst ?? 0,
      length4: shape.length / 4,
      has_bias: Number(shape.hasBias ?? false),
      accumulate: Number(shape.accumulate ?? false),
    },
    workgroups,
    phase,
    flops: 2 * shape.rows * shape.cols * shape.length,
  });
}
