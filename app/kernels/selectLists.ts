import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/select_lists.wgsl';
import type { MassRules } from './massBudget';
import { selectParams, type SelectShape } from './selectHistogram';

export const selectLists = defineKernel({
  shader,
  bindings: { keys: 'read', budgets: 'read', chosen: 'read_write', chosen_counts: 'read_write' },
  variants: [],
});

/** Entries of a list up to which one workgroup's passes over it take less than two dispatches of many. */
const mostEntries = 2 ** 12;

export function selectsLists({ entries }: Pick<SelectShape, 'entries'>): boolean {
  return Math.max(...entries) <= mostEntries;
}

/**
 * The chosen entries of both lists, ascending, as `recordSelectWrite` leaves them. `rules`: budgets by mass, as
 * `recordMassBudget` finds them; null: `budgets` [list][heads].
 */
export function recordSelectLists(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof selectLists.bindings>,
  buffers: Record<keyof typeof selectLists.bindings, Binding>,
  shape: SelectShape,
  rules: Pick<MassRules, 'leftOut' | 'least'> | null,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      ...selectParams(shape),
      capacity0: shape.capacities[0],
      capacity1: shape.capacities[1],
      by_mass: Number(rules !== null),
      left_out0: rules?.leftOut[0] ?? 0,
      left_out1: rules?.leftOut[1] ?? 0,
      least0: rules?.least[0] ?? 0,
      least1: rules?.least[1] ?? 0,
    },
    workgroups: [shape.batch, 2],
    phase: 'index',
    flops: (shape.entries[0] + shape.entries[1]) * shape.batch * 5,
  });
}
