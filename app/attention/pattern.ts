/** From a request to a pattern. A new pattern is one module that exports a `PatternFactory`, and one line below. */
import { UserError } from '../errors';
import type { Gpu } from '../gpu/device';
import { adaptive } from './adaptive';
import { aShape, triShape } from './aShape';
import { blockSparse } from './blockSparse';
import { densePattern } from './dense';
import { flexPrefill } from './flexPrefill';
import { readSettings, type PatternFactory } from './settings';
import type { Geometry, Pattern, PatternName, PatternRequest } from './types';
import { minference } from './minference';
import { verticalSlash } from './verticalSlash';
import { xattention } from './xattention';

export type {
  CacheRange,
  Geometry,
  LayerInput,
  Pattern,
  PatternName,
  PatternRequest,
  PatternStatistics,
  RowsInput,
} from './types';

const dense: PatternFactory = {
  plan: (set) => {
    readSettings('dense', set, {});
    return {
      settings: {},
      note: null,
      bytes: 0,
      create: (_gpu, geometry) => Promise.resolve(densePattern(geometry)),
    };
  },
};

const factories: Partial<Record<PatternName, PatternFactory>> = {
  dense,
  a_shape: aShape,
  tri_shape: triShape,
  vertical_slash: verticalSlash,
  block_sparse: blockSparse,
  xattention,
  flexprefill: flexPrefill,
  adaptive,
  minference,
};

/** Names that `createPattern` accepts. */
export const patternNames = Object.keys(factories) as PatternName[];

/** Throws as `createPattern` does; the settings have their defaults filled in. */
export function planOf(request: PatternRequest, geometry: Geometry) {
  const factory = factories[request.name];
  if (!factory) {
    throw new UserError(
      'bad-setting',
      `The pattern '${request.name}' is not known here.`,
      `Choose one of ${patternNames.join(', ')}.`,
    );
  }
  return factory.plan(request.set, geometry);
}

/** Sizes of a method, not of the prompt. */
const fixedSizes = new Set(['block', 'stride']);

/** Settings that suit a long prompt may not fit a short one (a budget above its length): numbers are brought within it. */
export function settingsWithin(request: PatternRequest, keys: number): PatternRequest {
  const set = Object.fromEntries(
    Object.entries(request.set).map(([name, value]) => [
      name,
      typeof value === 'number' && value > keys && !fixedSizes.has(name) ? keys : value,
    ]),
  );
  return { ...request, set };
}

/** Bytes of index and scratch that a run of this pattern allocates. Throws as `createPattern` does on bad settings. */
export function patternMemory(request: PatternRequest, geometry: Geometry): number {
  const plan = planOf(request, geometry);
  return plan.note === null ? plan.bytes : 0;
}

/**
 * Validates the settings (`UserError` 'bad-setting' naming the field), compiles the pipelines and allocates, so that
 * recording is synchronous. Answers a dense pattern with a note where the one asked for can't pay.
 */
export async function createPattern(gpu: Gpu, request: PatternRequest, geometry: Geometry): Promise<Pattern> {
  const plan = planOf(request, geometry);
  if (plan.note !== null)
    return densePattern(geometry, { name: request.name, settings: plan.settings, note: plan.note });
  return plan.create(gpu, geometry);
}
