/**
 * `minference`: for each layer and head the pattern and budget that a configuration says (MInference, arXiv 2407.02490,
 * section 3.2; its `configs/*.json`). Sizes are tokens. With `budget=classic` they cover what the original covers and are
 * taken as they stand, no more than the prompt; with `scaled` diagonals are taken in bands of 64 (see verticalSlash.ts).
 *
 * `block_sparse` has a budget of its own, as there: 100 tiles a row block, with `scaled` as blockSparse.ts says.
 *
 * Heads of one kind share a pattern with budgets by head (A-shape: of one kind and size). Where a layer has several
 * kinds, each builds its index for all heads, and `merge_index` takes each head's own; kinds that no head has cost
 * nothing.
 */
import type { Gpu } from '../gpu/device';
import { aShape } from './aShape';
import { blockSparse } from './blockSparse';
import { totalBytes } from './buffers';
import { densePattern } from './dense';
import { parseHeadConfig, type HeadEntry } from './headConfig';
import { createMergedIndex, mergedSizes, partsByLayer, type MergedPart } from './mergedIndex';
import { planRanked, tooLong, tooShort } from './ranked';
import { choice, readSettings, whole, type PatternFactory, type PatternPlan } from './settings';
import { denseAbove, neverDense, rowBlocksOf } from './tiles';
import type { Geometry, Pattern, Settings } from './types';
import { rankingRules } from './verticalSlash';

function readMinference(set: Settings, { layers, rows }: Geometry) {
  const classic = set.budget !== 'scaled';
  const settings = readSettings('minference', set, {
    config: { kind: 'text', initial: '[]' },
    budget: choice(['classic', 'scaled'], 'classic'),
    // As in the original: layers below are dense; -1 and 0 are none.
    startingLayer: whole(-1, -1, layers, "the model's layers"),
    lastQ: whole(64, 1, 256),
    // As in vertical_slash: 'classic' follows the original, which has no fallback.
    fallback: choice(['auto', 'off'], classic ? 'off' : 'auto'),
  });
  settings.lastQ = Math.min(settings.lastQ, rows);
  return settings;
}

type MinferenceSettings = ReturnType<typeof readMinference>;

/** A pattern for all heads, and which heads follow it. */
interface Part extends MergedPart {
  readonly plan: PatternPlan;
  readonly owns: boolean[];
}

function keyOf({ type, verticalSize, slashSize }: HeadEntry): string {
  return type === 'stream_llm' ? `${type} ${verticalSize} ${slashSize}` : type;
}

/** `entries` of [layer][head]; those of other kinds choose nothing. */
function rankedPlan(
  entries: readonly HeadEntry[],
  settings: MinferenceSettings,
  geometry: Geometry,
): PatternPlan {
  const { keys } = geometry;
  const classic = settings.budget === 'classic';
  const budgets = entries.map(({ type, verticalSize, slashSize }, at): [number, number] => {
    if (type !== 'vertical_and_slash' || at < firstHead(settings, geometry)) return [0, 0];
    // As in vertical_slash: what is forced must fit.
    return classic
      ? [Math.min(keys, Math.max(30, verticalSize)), Math.min(keys, Math.max(50, slashSize))]
      : [Math.min(keys, verticalSize), Math.max(2, Math.ceil(Math.min(keys, slashSize) / 64))];
  });
  const most = (list: 0 | 1): number => budgets.reduce((sum, budget) => Math.max(sum, budget[list]), 0);
  return planRanked('vertical_slash', geometry, {
    settings: {},
    note: null,
    ranking: {
      tailRows: settings.lastQ,
      ...rankingRules(classic, keys),
      budgets: [most(0), most(1)],
      byHead: budgets,
    },
    denseAbove: settings.fallback === 'auto' ? denseAbove : neverDense,
    last: 0,
    index: classic ? 'slashes' : 'bands',
  });
}

/** Heads before it, in layers below `startingLayer`, are dense. */
function firstHead({ startingLayer }: MinferenceSettings, { heads }: Geometry): number {
  return Math.max(0, startingLayer) * heads;
}

function planOf(
  entry: HeadEntry,
  all: readonly HeadEntry[],
  settings: MinferenceSettings,
  geometry: Geometry,
) {
  const { keys } = geometry;
  const { budget, fallback } = settings;
  switch (entry.type) {
    case 'vertical_and_slash':
      return rankedPlan(all, settings, geometry);
    case 'stream_llm': {
      const init = Math.min(keys, entry.verticalSize);
      const local = Math.min(keys, Math.max(1, entry.slashSize));
      return aShape.plan({ init, local, fallback }, geometry);
    }
    case 'block_sparse':
      return blockSparse.plan({ budget, fallback }, geometry);
  }
}

/** Dense layers are in no part. */
function partsOf(settings: MinferenceSettings, geometry: Geometry): Part[] {
  const { layers, heads } = geometry;
  const entries = parseHeadConfig(settings.config, { layers, heads }).flat();
  const parts = new Map<string, Part>();
  entries.forEach((entry, at) => {
    if (at < firstHead(settings, geometry)) return;
    const key = keyOf(entry);
    let part = parts.get(key);
    if (!part) {
      const plan = planOf(entry, entries, settings, geometry);
      const room: Part['room'] | undefined = plan.note === null ? plan.listRoom : [0, 0];
      if (!room) throw new Error(`no room is known for ${key}`);
      part = { plan, owns: entries.map(() => false), room };
      parts.set(key, part);
    }
    part.owns[at] = true;
  });
  return [...parts.values()];
}

export const minference: PatternFactory = {
  plan(set, geometry) {
    const settings = readMinference(set, geometry);
    const parts = partsOf(settings, geometry);
    const short = settings.fallback === 'off' ? null : tooShort(geometry);
    const long = settings.budget === 'scaled' ? tooLong(geometry) : null;
    const bytes = parts.reduce((sum, { plan }) => sum + (plan.note === null ? plan.bytes : 0), 0);
    const merged = isMixed(parts, geometry) ? totalBytes(mergedSizes(geometry, parts)) : 0;
    return {
      settings: { ...settings },
      note: long ?? short ?? denseNote(parts),
      bytes: bytes + merged,
      create: (gpu) => createMinference(gpu, geometry, settings, parts, bytes + merged),
    };
  },
};

function isMixed(parts: readonly Part[], geometry: Geometry): boolean {
  return partsByLayer(parts, geometry).some((present) => present.length > 1);
}

/** Why no head is sparse, as a sentence; null where one is. */
function denseNote(parts: readonly Part[]): string | null {
  const [first] = parts;
  if (!first) return 'Dense was used: no layer is left to be sparse.';
  return parts.every(({ plan }) => plan.note !== null) ? first.plan.note : null;
}

async function createMinference(
  gpu: Gpu,
  geometry: Geometry,
  settings: MinferenceSettings,
  parts: readonly Part[],
  bytes: number,
): Promise<Pattern> {
  const patterns: Pattern[] = [];
  try {
    for (const { plan } of parts) {
      // A part that would be nearly dense is: `note` says so, and its lists then say DENSE.
      patterns.push(plan.note === null ? await plan.create(gpu, geometry) : densePattern(geometry));
    }
  } catch (error) {
    for (const pattern of patterns) pattern.destroy();
    throw error;
  }
  const inLayer = partsByLayer(parts, geometry);
  const merged = isMixed(parts, geometry) ? await createMergedIndex(gpu, geometry, parts) : null;
  const estimates = inLayer.flat().reduce((sum, at) => sum + (patterns[at]?.prepareFlops ?? 0), 0);
  return {
    name: 'minference',
    settings: { ...settings },
    tailRows: Math.max(0, ...patterns.map(({ tailRows }) => tailRows)),
    indexBytes: bytes,
    // The mean of the layers, which differ.
    prepareFlops: estimates / geometry.layers,
    prepareLayer(recorder, input) {
      for (const at of inLayer[input.layer] ?? []) patterns[at]?.prepareLayer(recorder, input);
    },
    indexRows(recorder, layer, rows) {
      const indexes = (inLayer[layer] ?? []).map(
        (at) => [at, patterns[at]?.indexRows(recorder, layer, rows) ?? null] as const,
      );
      const [first] = indexes;
      if (!first || !merged || indexes.length === 1) return first?.[1] ?? null;
      return merged.rows(recorder, layer, rowBlocksOf(rows.count), new Map(indexes));
    },
    statistics: async () => {
      const each = await Promise.all(patterns.map((pattern) => pattern.statistics()));
      const totalHeads = geometry.layers * geometry.heads;
      const headDensity = Array.from({ length: totalHeads }, (_, at) => {
        const part = parts.findIndex(({ owns }) => owns[at]);
        return each[part]?.headDensity[at] ?? 1;
      });
      const headDense = headDensity.map((_, at) => {
        const part = parts.findIndex(({ owns }) => owns[at]);
        return part < 0 || parts[part]?.plan.note !== null || each[part]?.headDense?.[at] === true;
      });
      return {
        density: headDensity.reduce((sum, value) => sum + value, 0) / totalHeads,
        headDensity,
        denseHeads: headDense.filter(Boolean).length,
        headDense,
        totalHeads,
      };
    },
    destroy() {
      for (const pattern of patterns) pattern.destroy();
      merged?.destroy();
    },
  };
}
