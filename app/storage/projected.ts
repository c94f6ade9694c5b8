/** Projected dense as results and lists of lengths keep it. */
import * as v from 'valibot';
import type { DenseTime, ProjectedDense } from '../engine/types';

const Amount = v.pipe(v.number(), v.finite(), v.minValue(0));
const Whole = v.pipe(Amount, v.integer());

type Fields<Of> = Record<keyof Of, v.GenericSchema>;

export const ProjectedSchema = v.object({
  ttftMs: Amount,
  attentionMs: Amount,
  ratio: v.object({ ttft: Amount, attention: v.nullable(Amount) }),
  method: v.pipe(v.string(), v.maxLength(2_000)),
  sampledRows: Whole,
  sampledLayers: v.array(Whole),
  spread: Amount,
  samples: v.array(
    v.object({
      layer: Whole,
      firstRow: Whole,
      rows: Whole,
      rowBlocks: Whole,
      tiles: Whole,
      ms: Amount,
    } satisfies Fields<DenseTime>),
  ),
} satisfies Fields<ProjectedDense>);
