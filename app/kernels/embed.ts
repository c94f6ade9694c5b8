import { grid } from '../gpu/grid';
import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/model/embed.wgsl';

export const embed = defineKernel({
  shader,
  bindings: { ids: 'read', weight: 'read', out: 'read_write' },
  variants: ['f16'],
});

/** out [token][width] f32 = the rows of weight [row][width] half that ids [first…] name, for ids in this piece of the table. */
export function recordEmbed(
  recorder: Recorder,
  pipeline: Pipeline<'ids' | 'weight' | 'out'>,
  buffers: { ids: Binding; weight: Binding; out: Binding },
  shape: { tokens: number; first: number; width: number; rowFirst: number; rows: number },
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      tokens: shape.tokens,
      first: shape.first,
      width4: shape.width / 4,
      row_first: shape.rowFirst,
      rows: shape.rows,
    },
    workgroups: grid(shape.tokens),
    phase,
    flops: shape.tokens * shape.width,
  });
}
