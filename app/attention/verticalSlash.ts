/**
 * Vertical-slash (MInference, arXiv 2407.02490): columns and diagonals that the last queries attend to.
 *
 * `budget=classic` covers exactly what MInference's index builder covers, with its fixed budgets in tokens (defaults
 * 1,000 and 6,096, at least 30 and 50, never more than the prompt), 30 sink columns and 100 near diagonals forced.
 *
 * `budget=scaled` is ours. Diagonals are ranked and taken in bands of 64, because a tile is what a diagonal costs:
 * `slashSize` tokens are slashSize / 64 bands, of which the two nearest are forced; a band takes both tile diagonals
 * that it touches. Columns that forced tiles hold for every row (the first tile, the last 128 keys) spend no budget.
 * Defaults: a causal row block has n / 128 tiles on average, and longer prompts bear more sparsity, so budgets grow with
 * the square root of n: 8 bands at 8,192, 16 at 32,768, 32 at 131,072. Columns are 1/64 tile each and cheaper: n / 32,
 * from 32,768 on with the square root too (1,024 there, 2,048 at 131,072). Beyond 131,072 bands stay, as MInference's do
 * at every length: more of them cost much and saved no answer at a million tokens. Columns grow on with the power 0.4
 * (4,705 at 2^20): with the root itself a million tokens took over 12 times what 131,072 take (docs/fidelity.md).
 */
import type { Ranking } from './lastQueries';
import { planRanked, tooLong, tooShort } from './ranked';
import { choice, readSettings, whole, type PatternFactory } from './settings';
import { denseAbove, neverDense } from './tiles';
import type { Geometry, Settings } from './types';

/** Defaults of `budget=scaled`, in tokens. */
export function scaledBudgets(keys: number): { verticalSize: number; slashSize: number } {
  const verticalSize = Math.min(keys / 32, 1024 * Math.sqrt(keys / 32_768), 2048 * (keys / 131_072) ** 0.4);
  const bands = Math.ceil(8 * Math.sqrt(Math.min(keys, 131_072) / 8192));
  return {
    verticalSize: Math.min(keys, Math.max(64, Math.round(verticalSize))),
    slashSize: Math.min(keys, Math.max(2, bands) * 64),
  };
}

function readVerticalSlash(set: Settings, { keys, rows }: Geometry) {
  const classic = set.budget === 'classic';
  const budgets = classic ? { verticalSize: 1000, slashSize: 6096 } : scaledBudgets(keys);
  const length = "the prompt's length";
  const settings = readSettings('vertical_slash', set, {
    verticalSize: whole(budgets.verticalSize, 0, keys, length),
    slashSize: whole(budgets.slashSize, 0, keys, length),
    budget: choice(['scaled', 'classic'], 'scaled'),
    lastQ: whole(64, 1, 256),
    // The original has no fallback, and 'classic' follows it.
    fallback: choice(['auto', 'off'], classic ? 'off' : 'auto'),
    ...(classic ? {} : { last: whole(0, 0, keys, length) }),
  });
  settings.lastQ = Math.min(settings.lastQ, rows);
  if (classic) {
    settings.verticalSize = Math.min(keys, Math.max(30, settings.verticalSize));
    settings.slashSize = Math.min(keys, Math.max(50, settings.slashSize));
  } else {
    settings.slashSize = Math.min(keys, Math.max(2, Math.ceil(settings.slashSize / 64)) * 64);
  }
  return settings;
}

type VerticalSlashSettings = ReturnType<typeof readVerticalSlash>;

/** What may be chosen and what is forced. */
export function rankingRules(classic: boolean, keys: number): Pick<Ranking, 'columns' | 'diagonals'> {
  return classic
    ? { columns: { forced: 30, openFrom: 0, openTo: keys }, diagonals: { pool: 1, forced: 100 } }
    : {
        columns: { forced: 0, openFrom: 64, openTo: Math.max(64, keys - 128) },
        diagonals: { pool: 64, forced: 128 },
      };
}

function rankingOf(settings: VerticalSlashSettings, { keys }: Geometry): Ranking {
  const { verticalSize, slashSize, lastQ } = settings;
  const classic = settings.budget === 'classic';
  return {
    tailRows: lastQ,
    ...rankingRules(classic, keys),
    budgets: [verticalSize, classic ? slashSize : Math.ceil(slashSize / 64)],
  };
}

function noteOf(settings: VerticalSlashSettings, geometry: Geometry): string | null {
  const long = settings.budget === 'scaled' ? tooLong(geometry) : null;
  return long ?? (settings.fallback === 'off' ? null : tooShort(geometry));
}

export const verticalSlash: PatternFactory = {
  plan(set, geometry) {
    const settings = readVerticalSlash(set, geometry);
    const classic = settings.budget === 'classic';
    return planRanked('vertical_slash', geometry, {
      settings,
      note: noteOf(settings, geometry),
      ranking: rankingOf(settings, geometry),
      denseAbove: settings.fallback === 'auto' ? denseAbove : neverDense,
      last: classic ? 0 : Number(settings.last),
      index: classic ? 'slashes' : 'bands',
    });
  },
};
