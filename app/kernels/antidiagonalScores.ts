import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/antidiagonal_scores.wgsl';

export const antidiagonalScores = defineKernel({
  shader,
  bindings: { queries: 'read', k: 'read', scores: 'read_write' },
  variants: ['f16'],
});

/** Strided rows of a unit: what one workgroup takes of a head. */
export const unitRows = 64;
/** Strided keys of a workgroup, and those that are written together. */
const spanKeys = 128;
const groupKeys = 8;

/** What all stages need to know of a chunk and of the units [firstUnit, firstUnit + units) of a cache range. */
export interface AntidiagonalShape {
  stride: number;
  /** Rows of the chunk, and the position of its first; the last key is its last row's. */
  rows: number;
  rowPosition: number;
  /** First query head of the range: unit u is strided rows 64 (u % rowTiles) and on of head headBase + u / rowTiles. */
  headBase: number;
  firstUnit: number;
  units: number;
}

export interface AntidiagonalInputs {
  /** All keys; those after the chunk complete the last strided key. */
  keys: number;
  headDim: number;
  group: number;
  kvHeadBase: number;
  queryStride: number;
  keyStride: number;
}

/** Units of a head in a chunk of `rows`. */
export function rowTilesOf(rows: number, stride: number): number {
  return Math.ceil(rows / stride / unitRows);
}

/** Groups of 8 strided keys in `keys` keys. */
export function groupsOf(keys: number, stride: number): number {
  return Math.ceil(Math.ceil(keys / stride) / groupKeys);
}

/** Bytes of a group's scores. */
export const groupBytes = groupKeys * 2;

/** Scores of strided rows and keys into scores [units][64][groups] of 8 halves, in dispatches of at most `dispatchFlops`. */
export function recordAntidiagonalScores(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof antidiagonalScores.bindings>,
  buffers: Record<keyof typeof antidiagonalScores.bindings, Binding>,
  shape: AntidiagonalShape & AntidiagonalInputs,
  dispatchFlops: number,
): void {
  const { stride, rows, rowPosition, headBase, firstUnit, units, headDim } = shape;
  const groups = groupsOf(rowPosition + rows, stride);
  const spans = Math.ceil((groups * groupKeys) / spanKeys);
  const each = 2 * unitRows * spanKeys * stride * headDim;
  const most = Math.max(1, Math.min(65_535, Math.floor(dispatchFlops / each)));
  const all = units * spans;
  for (let first = 0; first < all; first += most) {
    const count = Math.min(most, all - first);
    recorder.dispatch(pipeline, {
      buffers,
      params: {
        first_workgroup: first,
        spans,
        first_unit: firstUnit,
        row_tiles: rowTilesOf(rows, stride),
        head_base: headBase,
        kv_head_base: shape.kvHeadBase,
        group: shape.group,
        dim4: headDim / 4,
        stride,
        rows,
        query_stride: shape.queryStride,
        row_position: rowPosition,
        keys: shape.keys,
        key_stride: shape.keyStride,
        groups,
        scale: 1 / Math.fround(Math.sqrt(headDim)),
        stride_scale: 1 / stride,
      },
      workgroups: [count],
      phase: 'estimate',
      flops: count * each,
    });
  }
}
