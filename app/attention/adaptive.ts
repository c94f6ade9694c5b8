/**
 * `adaptive`, the default: vertical-slash by bands of 64 (see verticalSlash.ts) with budgets that each head finds for
 * itself. `fidelity` is the share of the last queries' attention that columns, and likewise bands, must keep; a head
 * that looks at few places pays for few. The idea of a cumulative budget is FlexPrefill's (arXiv 2502.20766, section
 * 3.3); the unit, the bins without a sort, and the bounds are ours. `verticalSize` and `slashSize` bound the budgets, in
 * tokens: those of `vertical_slash` with budget=scaled at a fidelity of 0.9, and inversely to what may be left out.
 */
import type { Ranking } from './lastQueries';
import { planRanked, tooLong, tooShort } from './ranked';
import { choice, readSettings, real, whole, type PatternFactory } from './settings';
import { denseAbove, neverDense } from './tiles';
import type { Geometry, Settings } from './types';
import { scaledBudgets } from './verticalSlash';

/** Half the density of `vertical_slash` at the same order of KL with the built-in model: docs/fidelity.md. */
const defaultFidelity = 0.9;
/**
 * Rows at the end that are dense by default: the answer is read off them, and they cost next to nothing. At 32,768 tokens KL
 * fell twentyfold (docs/fidelity.md).
 */
const lastRows = 64;
/** Columns that a head keeps at least. */
const leastColumns = 32;

function readAdaptive(set: Settings, { keys, rows }: Geometry) {
  const scaled = scaledBudgets(keys);
  const given = Number(set.fidelity ?? defaultFidelity);
  const share = Number.isFinite(given) ? (1 - defaultFidelity) / Math.max(1 - given, 0.001) : 1;
  const length = "the prompt's length";
  const settings = readSettings('adaptive', set, {
    fidelity: real(defaultFidelity, 0.5, 0.999),
    verticalSize: whole(share * scaled.verticalSize, 0, keys, length),
    slashSize: whole(share * scaled.slashSize, 0, keys, length),
    lastQ: whole(64, 1, 256),
    last: whole(Math.min(lastRows, rows), 0, keys, length),
    fallback: choice(['auto', 'off'], 'auto'),
  });
  settings.lastQ = Math.min(settings.lastQ, rows);
  settings.slashSize = Math.min(keys, Math.max(2, Math.ceil(settings.slashSize / 64)) * 64);
  return settings;
}

function rankingOf(settings: ReturnType<typeof readAdaptive>, { keys }: Geometry): Ranking {
  const { fidelity, verticalSize, slashSize, lastQ } = settings;
  const leftOut = (1 - fidelity) * lastQ;
  return {
    tailRows: lastQ,
    // The first tile and the last 128 keys are in forced tiles of every row that sees them.
    columns: { forced: 0, openFrom: 64, openTo: Math.max(64, keys - 128) },
    diagonals: { pool: 64, forced: 128 },
    budgets: [verticalSize, Math.ceil(slashSize / 64)],
    mass: { leftOut: [leftOut, leftOut], least: [Math.min(leastColumns, verticalSize), 2] },
  };
}

export const adaptive: PatternFactory = {
  plan(set, geometry) {
    const settings = readAdaptive(set, geometry);
    const auto = settings.fallback === 'auto';
    return planRanked('adaptive', geometry, {
      settings,
      note: tooLong(geometry) ?? (auto ? tooShort(geometry) : null),
      ranking: rankingOf(settings, geometry),
      denseAbove: auto ? denseAbove : neverDense,
      last: settings.last,
      index: 'bands',
    });
  },
};
