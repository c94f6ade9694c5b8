import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/antidiagonal_sums.wgsl';
import { groupsOf, rowTilesOf, unitRows, type AntidiagonalShape } from './antidiagonalScores';

export const antidiagonalSums = defineKernel({
  shader,
  bindings: { scores: 'read', sums: 'read_write' },
  variants: [],
});

/** Rows and keys of a block. */
export const blockSize = 128;

/** Softmax sums of blocks of 128 rows and 128 keys into sums [units][stride / 2][ceil(keys / 128)]. */
export function recordAntidiagonalSums(
  recorder: Recorder,
  pipeline: Pipeline<'scores' | 'sums'>,
  buffers: { scores: Binding; sums: Binding },
  shape: AntidiagonalShape,
): void {
  const { stride, rows, rowPosition, firstUnit, units } = shape;
  const groups = groupsOf(rowPosition + rows, stride);
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      first_unit: firstUnit,
      row_tiles: rowTilesOf(rows, stride),
      stride,
      rows,
      row_position: rowPosition,
      groups,
      blocks: Math.ceil((rowPosition + rows) / blockSize),
    },
    workgroups: [stride / 2, units],
    phase: 'estimate',
    flops: units * unitRows * groups * 8,
  });
}
