import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/antidiagonal_index.wgsl';
import { rowTilesOf, type AntidiagonalShape } from './antidiagonalScores';
import { blockSize } from './antidiagonalSums';
import type { IndexShape } from './bandIndex';

export const antidiagonalIndex = defineKernel({
  shader,
  bindings: { sums: 'read', counts: 'read_write', tiles: 'read_write', statistics: 'read_write' },
  variants: [],
});

export interface AntidiagonalIndexShape
  extends AntidiagonalShape, Pick<IndexShape, 'heads' | 'layer' | 'rowBlocks' | 'tileCapacity'> {
  /** Share of a row block's sums that is kept. */
  threshold: number;
  /** Rows of this chunk in the first part of the original, which keeps one block more. */
  lateRows: number;
  /** Blocks that are sorted by the original's network, 32 at most; 0: equal sums go by their index. */
  networkBlocks: number;
  /** Lists above this share of the causal tiles are dense. */
  denseAbove: number;
}

/** The tile index of the row blocks of some units; adds to statistics [layers][heads] vec2u. */
export function recordAntidiagonalIndex(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof antidiagonalIndex.bindings>,
  buffers: Record<keyof typeof antidiagonalIndex.bindings, Binding>,
  shape: AntidiagonalIndexShape,
): void {
  const { stride, rows, rowPosition, units } = shape;
  const blocks = Math.ceil((rowPosition + rows) / blockSize);
  const scaled = shape.threshold * 2 ** 32;
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      heads: shape.heads,
      layer: shape.layer,
      head_base: shape.headBase,
      first_unit: shape.firstUnit,
      row_tiles: rowTilesOf(rows, stride),
      stride,
      rows,
      row_position: rowPosition,
      row_blocks: shape.rowBlocks,
      blocks,
      tile_capacity: shape.tileCapacity,
      late_rows: shape.lateRows,
      network_blocks: shape.networkBlocks,
      threshold_high: shape.threshold === 1 ? 0xffffffff : Math.floor(scaled),
      threshold_low: shape.threshold === 1 ? 0xffffffff : Math.floor((scaled % 1) * 2 ** 32),
      dense_above: shape.denseAbove,
    },
    workgroups: [stride / 2, units],
    phase: 'index',
    flops: units * (stride / 2) * blocks * 64,
  });
}
