import { grid } from '../gpu/grid';
import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/tail_normalise.wgsl';
import { spanKeys, type TailShape } from './tailStats';

export const tailNormalise = defineKernel({
  shader,
  bindings: { partials: 'read', stats: 'read_write' },
  variants: [],
});

/** Joins the spans' statistics into stats [batch][tailRows] vec2f: largest score, 1 / sum. */
export function recordTailNormalise(
  recorder: Recorder,
  pipeline: Pipeline<'partials' | 'stats'>,
  buffers: { partials: Binding; stats: Binding },
  shape: TailShape,
): void {
  const rows = shape.batch * shape.tailRows;
  const spans = Math.ceil(shape.keys / spanKeys);
  recorder.dispatch(pipeline, {
    buffers,
    params: { rows, spans },
    workgroups: grid(rows),
    phase: 'estimate',
    flops: rows * spans * 8,
  });
}
