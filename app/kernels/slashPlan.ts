import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/slash_plan.wgsl';
import { planParams, type PlanShape } from './bandPlan';

export const slashPlan = defineKernel({
  shader,
  bindings: {
    chosen: 'read',
    chosen_counts: 'read',
    chain: 'read_write',
    chain_counts: 'read_write',
    statistics: 'read_write',
  },
  variants: [],
});

/** The chain of tiles along the chosen diagonals, and the layer's row of statistics [layers][heads] vec2u. */
export function recordSlashPlan(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof slashPlan.bindings>,
  buffers: Record<keyof typeof slashPlan.bindings, Binding>,
  shape: PlanShape & { keys: number },
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: { ...planParams(shape), keys: shape.keys, slash_capacity: shape.capacities[1] },
    workgroups: [shape.heads],
    phase: 'index',
    flops: shape.heads * (shape.capacities[0] + shape.capacities[1]) * 8,
  });
}
