import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/band_plan.wgsl';

export const bandPlan = defineKernel({
  shader,
  bindings: { chosen: 'read', chosen_counts: 'read', bands: 'read_write', statistics: 'read_write' },
  variants: [],
});

/** What both plans (bands, slashes) need to know of a layer. */
export interface PlanShape {
  heads: number;
  layer: number;
  /** Room of a head in `chosen`: columns, then bands or diagonals. */
  capacities: readonly [number, number];
  past: number;
  /** Row blocks of the whole prompt, and the tiles that a dense head computes. */
  rowBlocks: number;
  causalTiles: number;
  /** A head that would compute more than this share of them is dense. */
  denseAbove: number;
}

/** Words of a head's bitmask of bands. */
export function maskWords(keys: number): number {
  return Math.ceil(keys / 64 / 32);
}

export function planParams(shape: PlanShape): Record<string, number> {
  return {
    heads: shape.heads,
    layer: shape.layer,
    column_capacity: shape.capacities[0],
    past: shape.past,
    row_blocks: shape.rowBlocks,
    causal_tiles: shape.causalTiles,
    dense_above: shape.denseAbove,
  };
}

/** Bitmask of the chosen bands, and the layer's row of statistics [layers][heads] vec2u. */
export function recordBandPlan(
  recorder: Recorder,
  pipeline: Pipeline<'chosen' | 'chosen_counts' | 'bands' | 'statistics'>,
  buffers: { chosen: Binding; chosen_counts: Binding; bands: Binding; statistics: Binding },
  shape: PlanShape & { keys: number },
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      ...planParams(shape),
      band_capacity: shape.capacities[1],
      mask_words: maskWords(shape.keys),
    },
    workgroups: [shape.heads],
    phase: 'index',
    flops: shape.heads * (shape.capacities[0] + shape.keys / 64) * 8,
  });
}
