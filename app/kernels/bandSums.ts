import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/band_sums.wgsl';
import type { DiagonalRules } from './diagonalSums';
import { spanKeys, type TailShape } from './tailStats';

export const bandSums = defineKernel({
  shader,
  bindings: { pieces: 'read', scores: 'read_write' },
  variants: [],
});

/** Adds the pieces of each band into scores [batch][entries] from `base` on. */
export function recordBandSums(
  recorder: Recorder,
  pipeline: Pipeline<'pieces' | 'scores'>,
  buffers: { pieces: Binding; scores: Binding },
  shape: TailShape,
  bands: Pick<DiagonalRules, 'entries' | 'base' | 'forced'>,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      keys: shape.keys,
      tail_rows: shape.tailRows,
      spans: Math.ceil(shape.keys / spanKeys),
      entries: bands.entries,
      base: bands.base,
      forced_offsets: bands.forced,
    },
    workgroups: [Math.ceil(bands.entries / 64), shape.batch],
    phase: 'estimate',
    flops: bands.entries * shape.batch * 4,
  });
}
