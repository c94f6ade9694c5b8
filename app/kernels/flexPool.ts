import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/flex_pool.wgsl';

export const flexPool = defineKernel({
  shader,
  bindings: { x: 'read', means: 'read_write' },
  variants: ['f16'],
});

export interface PoolShape {
  /** Heads of x, and the first of them in means. */
  heads: number;
  headBase: number;
  headDim: number;
  block: number;
  /** Rows of each head of x, `stride` apart, that stand at `position` and on. */
  count: number;
  position: number;
  stride: number;
  /** All positions that there will be: [from, to). */
  range: readonly [number, number];
}

/** First block that positions [from, to) touch, and how many. */
export function blocksOf([from, to]: readonly [number, number], block: number): [number, number] {
  const first = Math.floor(from / block);
  return [first, Math.ceil(to / block) - first];
}

/** Means by block of rows of x half [head][stride][dim] into means [head][block of the range][dim] f32. */
export function recordFlexPool(
  recorder: Recorder,
  pipeline: Pipeline<'x' | 'means'>,
  buffers: { x: Binding; means: Binding },
  shape: PoolShape,
): void {
  const { count, position, block, headDim, heads } = shape;
  const [, blocks] = blocksOf([position, position + count], block);
  const [blockBase, blockStride] = blocksOf(shape.range, block);
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      count,
      position,
      stride: shape.stride,
      from_position: shape.range[0],
      to_position: shape.range[1],
      block,
      dim4: headDim / 4,
      block_base: blockBase,
      block_stride: blockStride,
      head_base: shape.headBase,
      blocks,
    },
    workgroups: [Math.ceil((blocks * headDim) / 4 / 64), heads],
    phase: 'estimate',
    flops: count * headDim * heads,
  });
}
