import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/key_mass.wgsl';
import type { KeyBins } from './keyCoverage';
import type { SampledMassShape } from './sampledMass';

export const keyMass = defineKernel({
  shader,
  bindings: {
    q: 'read',
    k: 'read',
    counts: 'read',
    tiles: 'read',
    columns: 'read',
    masses: 'read',
    sums: 'read_write',
  },
  variants: ['f16'],
});

export interface KeyMassShape extends SampledMassShape, KeyBins {
  /** First row of the row block that counts, 0..63. */
  firstRow: number;
}

/** Values of each (head, bin) in `sums`: mass, mass on covered keys, covered (row, key) pairs, and nothing. */
export const keyMassValues = 4;

/**
 * Adds to sums vec4f [all heads][bins], of the row block's rows from `firstRow` on: dense softmax mass on the bin's keys
 * (a row's mass is 1 over all bins), the part of it on keys that the index covers, and the covered (row, key) pairs that
 * causality allows. `masses` [all heads][64] are what `sampled_mass` leaves without an index; q, k and the index as there.
 */
export function recordKeyMass(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof keyMass.bindings>,
  buffers: Record<keyof typeof keyMass.bindings, Binding>,
  shape: KeyMassShape,
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      rows: shape.rows,
      row_block: shape.rowBlock,
      first_row: shape.firstRow,
      row_position: shape.rowPosition,
      keys: shape.keys,
      q_stride: shape.qStride,
      key_stride: shape.keyStride,
      head_base: shape.headBase,
      group: shape.group,
      indexed: Number(shape.index !== null),
      index_row_blocks: shape.index?.rowBlocks ?? 0,
      tile_capacity: shape.index?.tileCapacity ?? 0,
      column_capacity: shape.index?.columnCapacity ?? 0,
      dim4: shape.headDim / 4,
      scale: Math.LOG2E / Math.sqrt(shape.headDim),
      bin_shift: Math.log2(shape.keysPerBin),
      bins: shape.bins,
    },
    workgroups: [shape.heads, Math.ceil(shape.keys / Math.max(128, shape.keysPerBin))],
    phase,
    flops: shape.flops,
  });
}
