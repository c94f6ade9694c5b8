import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/mass_budget.wgsl';
import type { SelectShape } from './selectHistogram';

export const massBudget = defineKernel({
  shader,
  bindings: { bins: 'read', budgets: 'read_write' },
  variants: [],
});

/** What a list's budget follows from; pairs are columns, then diagonals or bands. */
export interface MassRules {
  /** Attention of the last queries that may stay unlisted, in rows: 64 rows and a share of 0.05 are 3.2. */
  readonly leftOut: readonly [number, number];
  readonly least: readonly [number, number];
  readonly most: readonly [number, number];
}

/** budgets [list][heads] u32 of a batch of heads from the bins of `mass_histogram`. */
export function recordMassBudget(
  recorder: Recorder,
  pipeline: Pipeline<'bins' | 'budgets'>,
  buffers: { bins: Binding; budgets: Binding },
  shape: SelectShape,
  rules: MassRules,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      batch: shape.batch,
      head_base: shape.headBase,
      heads: shape.heads,
      left_out0: rules.leftOut[0],
      left_out1: rules.leftOut[1],
      least0: rules.least[0],
      least1: rules.least[1],
      most0: rules.most[0],
      most1: rules.most[1],
    },
    workgroups: [shape.batch, 2],
    phase: 'index',
    flops: 512 * shape.batch * 16,
  });
}
