/** What a sparse run itself tells of its heads: tiles computed and skipped, without any further measurement. */
import { causalTiles } from '../../attention/tiles';
import type { CompareResult, RunResult } from '../../engine/types';
import { count, counted, percent } from '../format';
import { densityMeasure, headName, type HeadRow } from './measures';

/** Tiles of 64 by 64 over all layers, query heads and rows that were read; a gathered key counts as 1/64 of one. */
export interface TileCounts {
  computed: number;
  skipped: number;
  /** What dense computes. */
  causal: number;
}

export function tileCounts(
  { model, prompt }: Pick<CompareResult, 'model' | 'prompt'>,
  { density, pastTokens }: Pick<RunResult, 'density' | 'pastTokens'>,
): TileCounts {
  const rows = prompt.tokens - pastTokens;
  const causal = model.layers * model.heads * causalTiles({ past: pastTokens, rows });
  const computed = Math.round(density * causal);
  // Tiles of a wide window and gathered keys together may come to more than dense computes.
  return { computed, skipped: Math.max(0, causal - computed), causal };
}

/**
 * Whether every head computed all that dense does. By the heads where they are told: one that computes more than dense,
 * with its gathered keys, does not make up for another that skips.
 */
export function skippedNothing(
  { skipped }: TileCounts,
  { headDensity, note }: Pick<RunResult, 'headDensity' | 'note'>,
): boolean {
  return note !== undefined || (skipped === 0 && headDensity.every((density) => density >= 1));
}

/** "2,310 of 9,216 tiles computed (25%), 6,906 skipped." */
export function tileLine({ computed, skipped, causal }: TileCounts): string {
  if (skipped === 0) return `All ${counted(causal, 'tile')} of dense attention computed, none skipped.`;
  return `${count(computed)} of ${counted(causal, 'tile')} computed (${percent(computed / causal)}), ${count(skipped)} skipped.`;
}

/** Densities by layer; null where a file does not have them, or not for this model. */
export function densityRows(
  { layers, heads }: Pick<CompareResult['model'], 'layers' | 'heads'>,
  { headDensity }: Pick<RunResult, 'headDensity'>,
): HeadRow[] | null {
  if (headDensity.length !== layers * heads) return null;
  return Array.from({ length: layers }, (_, layer) => ({
    layer,
    cells: headDensity.slice(layer * heads, (layer + 1) * heads).map((value, head) => ({ head, value })),
  }));
}

/** What the picture shows, in a sentence; the first of equal heads is named. */
export function densitySentence(rows: readonly HeadRow[]): string {
  const heads = rows
    .flatMap(({ layer, cells }) => cells.map(({ head, value }) => ({ layer, head, value })))
    .toSorted((a, b) => a.value - b.value);
  const values = heads.map(({ value }) => value);
  const [least = NaN, most = NaN] = [values[0], values.at(-1)];
  const { words } = densityMeasure;
  const where = (share: number): string => {
    const found = heads.find(({ value }) => value === share);
    return `${words(share)}${found ? ` (${headName(found).toLowerCase()})` : ''}`;
  };
  const full = values.filter((value) => value >= 1).length;
  const dense = full === 0 ? 'none computes' : full === 1 ? 'one computes' : `${count(full)} compute`;
  const spread =
    least === most
      ? `Each of ${counted(values.length, 'head')} computes ${words(least)} of its tiles`
      : `Of ${counted(values.length, 'head')} each computes from ${where(least)} to ${where(most)} of its tiles, ` +
        `the median head ${words(values[Math.floor((values.length - 1) / 2)] ?? NaN)}`;
  return `${spread}; ${dense} all of them.`;
}
