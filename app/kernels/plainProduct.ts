import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/bench/plain_product.wgsl';

/** For benchmarks only. Its f32 variant is asked for by `{ without: ['f16'] }`. */
export const plainProduct = defineKernel({
  shader,
  bindings: { a: 'read', w: 'read', out: 'read_write' },
  variants: ['f16'],
});

/**
 * out [rows][cols] = a [length][rows] transposed times w [length][cols], all f32 or all f16. `rows` and `cols` are
 * multiples of 128 and `length` of 16; nothing checks that.
 */
export function recordPlainProduct(
  recorder: Recorder,
  pipeline: Pipeline<'a' | 'w' | 'out'>,
  buffers: { a: Binding; w: Binding; out: Binding },
  shape: { rows: number; cols: number; length: number },
  phase: string,
): void {
  const { rows, cols, length } = shape;
  recorder.dispatch(pipeline, {
    buffers,
    params: { rows4: rows / 4, cols4: cols / 4, length },
    workgroups: [cols / 128, rows / 128],
    phase,
    flops: 2 * rows * cols * length,
  });
}
