import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/flex_mass.wgsl';

export const flexMass = defineKernel({
  shader,
  bindings: { entries: 'read', gate: 'read', bins: 'read_write', picks: 'read_write', found: 'read_write' },
  variants: [],
});

/** Passes over the entries; one more leaves the result. */
export const massDigits = 4;
/** Entries that one workgroup takes. */
const segmentEntries = 8192;
const fixedPoint = 2 ** 40;

export interface MassLists {
  lists: number;
  /** The first lists begin at 0, the others at `secondBase`. */
  firstLists: number;
  secondBase: number;
  /** Distance of lists, and entries of each. */
  stride: number;
  entries: number;
  /** Only lists whose gate is not 0; list 0 has gate `headBase`. */
  gated: boolean;
  headBase: number;
  /** Where the results of these lists begin in `found`. */
  foundBase: number;
  /** The sum that chosen entries may have. */
  target: number;
}

/**
 * `MassLists.target` for the share `gamma` of lists that add up to `total`. A share of 1 keeps everything: sums of rounded
 * entries can pass their total, which would drop the least of them.
 */
export function massTarget(gamma: number, total: number): number {
  return gamma < 1 ? gamma * total : 2 * total;
}

/** u32s of the buffers between the passes. */
export function massScratch(lists: number) {
  return { bins: massDigits * lists * 256 * 3, picks: massDigits * lists * 4 };
}

/** One pass; `bins` is zeroed before the first. Pass `massDigits` writes found [list] vec2u. */
export function recordFlexMass(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof flexMass.bindings>,
  buffers: Record<keyof typeof flexMass.bindings, Binding>,
  lists: MassLists,
  digit: number,
): void {
  const target = Math.round(lists.target * fixedPoint);
  const segments = digit === massDigits ? 1 : Math.ceil(lists.entries / segmentEntries);
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      lists: lists.lists,
      first_lists: lists.firstLists,
      second_base: lists.secondBase,
      stride: lists.stride,
      entries: lists.entries,
      digit,
      gated: lists.gated ? 1 : 0,
      head_base: lists.headBase,
      found_base: lists.foundBase,
      target_low: target % 2 ** 32,
      target_high: Math.floor(target / 2 ** 32),
    },
    workgroups: [segments, lists.lists],
    phase: 'index',
    // Gated lists may cost nothing, see recordFlexMap.
    flops: digit === massDigits || lists.gated ? 0 : lists.entries * lists.lists * 4,
  });
}
