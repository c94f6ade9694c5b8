/** A prefill that is checked instead of timed: sampled rows of one layer's attention against f64 (`model/rowCheck.ts`). */
import { createPattern, type PatternRequest } from '../../attention/pattern';
import { Random } from '../../documents/random';
import { UserError } from '../../errors';
import type { Gpu } from '../../gpu/device';
import type { KvCache } from '../../model/kvCache';
import { prefill } from '../../model/prefill';
import { RowCheck, type RowCheckReport } from '../../model/rowCheck';
import { geometryOf } from '../run';
import type { BenchModel } from './model';
import type { BenchHooks, PrefillBenchRequest } from './types';

/** One row in each of `count` equal parts of a prompt, drawn with `seed`; of the last part the very last row. */
export function sampledRows(rows: number, count: number, seed: number): number[] {
  const random = new Random(seed);
  const parts = Math.min(rows, count);
  return Array.from({ length: parts }, (_, part) => {
    const first = Math.floor((part * rows) / parts);
    const end = Math.floor(((part + 1) * rows) / parts);
    return part === parts - 1 ? rows - 1 : random.whole(first, end - 1);
  });
}

/** The layer that is asked for, or one in the middle. Throws 'bad-setting' where the model has no such layer. */
export function checkedLayer(layers: number, asked: number | undefined): number {
  const layer = asked ?? Math.floor(layers / 2);
  if (Number.isInteger(layer) && layer >= 0 && layer < layers) return layer;
  throw new UserError(
    'bad-setting',
    `checkLayer: the model has no layer ${layer}.`,
    `Layers go from 0 to ${layers - 1}.`,
  );
}

/** Runs the prompt once more, untimed, and compares. The cache must have room for it. */
export async function checkRows(
  gpu: Gpu,
  model: BenchModel,
  cache: KvCache,
  ids: Uint32Array<ArrayBuffer>,
  request: PatternRequest,
  { checkRows: count = 0, checkLayer, seed }: Pick<PrefillBenchRequest, 'checkRows' | 'checkLayer' | 'seed'>,
  { signal, onProgress }: BenchHooks,
): Promise<RowCheckReport> {
  cache.length = 0;
  const geometry = geometryOf(model, ids.length, 0, cache.stride);
  const layer = checkedLayer(model.config.layers, checkLayer);
  const check = new RowCheck(gpu, geometry, layer, sampledRows(ids.length, count, seed));
  const pattern = await createPattern(gpu, request, geometry);
  const what = `${request.name}, ${ids.length} tokens`;
  const percent = (fraction: number): string => `${Math.floor(fraction * 10) * 10}%`;
  try {
    await prefill(model.transformer, ids, cache, pattern, {
      signal,
      observer: check,
      onProgress: ({ fraction }) => {
        onProgress(`${what} to be checked: ${percent(fraction)}`);
      },
    });
    return await check.compare(cache, (fraction) => {
      onProgress(`${what}, ${count} rows against f64: ${percent(fraction)}`);
    });
  } finally {
    pattern.destroy();
  }
}
