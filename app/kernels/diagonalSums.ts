import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/diagonal_sums.wgsl';
import { spanKeys, type TailShape } from './tailStats';

export const diagonalSums = defineKernel({
  shader,
  bindings: { pieces: 'read', scores: 'read_write' },
  variants: [],
});

export interface DiagonalRules {
  /** 1: entry j is the diagonal of offset keys - 1 - j. 64: entry b is the band of offsets 64 b and on. */
  pool: 1 | 64;
  entries: number;
  /** Distance of heads in scores, and u32s before the first. */
  stride: number;
  base: number;
  /** Offsets below this are chosen first. */
  forced: number;
}

/** Adds the pieces of each diagonal, or band of diagonals, into scores [batch][stride] from `base` on. */
export function recordDiagonalSums(
  recorder: Recorder,
  pipeline: Pipeline<'pieces' | 'scores'>,
  buffers: { pieces: Binding; scores: Binding },
  shape: TailShape,
  diagonals: DiagonalRules,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      keys: shape.keys,
      tail_rows: shape.tailRows,
      spans: Math.ceil(shape.keys / spanKeys),
      pool: diagonals.pool,
      entries: diagonals.entries,
      stride: diagonals.stride,
      base: diagonals.base,
      forced_offsets: diagonals.forced,
    },
    workgroups: [Math.ceil(diagonals.entries / 64), shape.batch],
    phase: 'estimate',
    flops: shape.keys * shape.batch * 4,
  });
}
