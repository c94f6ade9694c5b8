import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../errors';
import { densePattern } from './dense';
import { flexPrefill } from './flexPrefill';
import { createPattern, patternMemory } from './pattern';
import type { Geometry, PatternRequest } from './types';
import { scaledBudgets, verticalSlash } from './verticalSlash';

function geometryOf(keys: number, past = 0, heads = 14): Geometry {
  return {
    heads,
    kvHeads: 2,
    headDim: 64,
    layers: 24,
    keys,
    past,
    rows: keys - past,
    chunkRows: Math.min(4096, keys - past),
    keyStride: keys,
  };
}

function refusal(request: PatternRequest, keys = 8192): UserError {
  try {
    patternMemory(request, geometryOf(keys));
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('was accepted');
}

describe('settings are refused by name', () => {
  test.each([
    ['vertical_slash', { verticalSize: -1 }, 'verticalSize'],
    ['vertical_slash', { verticalSize: 9000 }, 'verticalSize'],
    ['vertical_slash', { slashSize: NaN }, 'slashSize'],
    ['vertical_slash', { slashSize: 'many' }, 'slashSize'],
    ['vertical_slash', { slashSize: '' }, 'slashSize'],
    ['vertical_slash', { slashSize: 1.5 }, 'slashSize'],
    ['vertical_slash', { slashSize: true }, 'slashSize'],
    ['vertical_slash', { lastQ: 0 }, 'lastQ'],
    ['vertical_slash', { lastQ: 257 }, 'lastQ'],
    ['vertical_slash', { budget: 'huge' }, 'budget'],
    ['vertical_slash', { budget: 'classic', last: 64 }, 'last'],
    ['vertical_slash', { gamma: 0.9 }, 'gamma'],
    ['vertical_slash', { fallback: 'maybe' }, 'fallback'],
    ['adaptive', { fidelity: NaN }, 'fidelity'],
    ['adaptive', { fidelity: 1 }, 'fidelity'],
    ['adaptive', { fidelity: -0.1 }, 'fidelity'],
    ['adaptive', { fidelity: 'high' }, 'fidelity'],
    ['adaptive', { budget: 'scaled' }, 'budget'],
    ['flexprefill', { gamma: NaN }, 'gamma'],
    ['flexprefill', { gamma: 1.5 }, 'gamma'],
    ['flexprefill', { gamma: '' }, 'gamma'],
    ['flexprefill', { gamma: Infinity }, 'gamma'],
    ['flexprefill', { tau: -0.1 }, 'tau'],
    ['flexprefill', { tau: 'low' }, 'tau'],
    ['flexprefill', { minBudget: 1.5 }, 'minBudget'],
    ['flexprefill', { minBudget: -1 }, 'minBudget'],
    ['flexprefill', { block: 96 }, 'block'],
    ['flexprefill', { block: '32' }, 'block'],
    ['flexprefill', { fallback: true }, 'fallback'],
    ['flexprefill', { lastQ: 64 }, 'lastQ'],
    ['a_shape', { init: -5 }, 'init'],
    ['a_shape', { local: 0 }, 'local'],
    ['a_shape', { local: 8193 }, 'local'],
    ['dense', { local: 64 }, 'local'],
  ] as const)('%s %o', (name, set, field) => {
    const { code, sentence } = refusal({ name, set });
    expect(code).toBe('bad-setting');
    expect(sentence).toContain(field);
  });

  test('unknown patterns', () => {
    const name = 'no_such_pattern' as PatternRequest['name'];
    expect(refusal({ name, set: {} }).sentence).toContain('no_such_pattern');
  });

  test('numbers may be text', () => {
    const plan = verticalSlash.plan({ verticalSize: '40', slashSize: '100' }, geometryOf(8192));
    expect(plan.settings).toMatchObject({ verticalSize: 40, slashSize: 128, budget: 'scaled', lastQ: 64 });
  });
});

describe('vertical_slash', () => {
  test('classic has the budgets of the original, clamped as there, and no fallback', () => {
    const of = (set: PatternRequest['set'], keys: number) => verticalSlash.plan(set, geometryOf(keys));
    expect(of({ budget: 'classic' }, 32_768).settings).toEqual({
      verticalSize: 1000,
      slashSize: 6096,
      budget: 'classic',
      lastQ: 64,
      fallback: 'off',
    });
    const small = of({ budget: 'classic', verticalSize: 10, slashSize: 20 }, 700);
    expect(small.settings).toMatchObject({ verticalSize: 30, slashSize: 50 });
    expect(small.note).toBeNull();
    expect(of({ budget: 'classic' }, 20).settings).toMatchObject({
      verticalSize: 20,
      slashSize: 20,
      lastQ: 20,
    });
  });

  test('scaled budgets grow with length, and slower than it', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 20 }), (keys) => {
        const { verticalSize, slashSize } = scaledBudgets(keys);
        expect(verticalSize).toBeLessThanOrEqual(keys);
        expect(slashSize).toBeLessThanOrEqual(keys);
        const more = scaledBudgets(keys * 2);
        expect(more.verticalSize).toBeGreaterThanOrEqual(verticalSize);
        if (keys > 8192) expect(more.slashSize / slashSize).toBeLessThan(1.5);
      }),
    );
    expect(scaledBudgets(8192)).toEqual({ verticalSize: 256, slashSize: 512 });
    expect(scaledBudgets(131_072)).toEqual({ verticalSize: 2048, slashSize: 2048 });
    // Columns grow on from there; bands stay.
    expect(scaledBudgets(262_144)).toEqual({ verticalSize: 2702, slashSize: 2048 });
    expect(scaledBudgets(2 ** 20)).toEqual({ verticalSize: 4705, slashSize: 2048 });
  });

  test('is dense by itself where it cannot pay, unless that is off', () => {
    const note = (keys: number, past: number, set: PatternRequest['set'] = {}) =>
      verticalSlash.plan(set, geometryOf(keys, past)).note;
    expect(note(2048, 0)).toContain('4,096');
    expect(note(20_000, 19_900)).toContain('100 new tokens');
    expect(note(8192, 0)).toBeNull();
    expect(note(2048, 0, { fallback: 'off' })).toBeNull();
  });

  test('memory is bounded by the chunk and a batch of heads', () => {
    const million = geometryOf(2 ** 20);
    const bytes = patternMemory({ name: 'vertical_slash', set: {} }, million);
    expect(bytes).toBeLessThan(120 * 2 ** 20);
    expect(bytes).toBeGreaterThan(20 * 2 ** 20);
    expect(patternMemory({ name: 'vertical_slash', set: {} }, geometryOf(1024))).toBe(0);
  });
});

describe('flexprefill', () => {
  const plan = (set: PatternRequest['set'], keys: number, past = 0) =>
    flexPrefill.plan(set, geometryOf(keys, past));

  test('defaults are those of the paper; numbers may be text, and block a number', () => {
    const { settings, note } = plan({}, 8192);
    expect(settings).toEqual({ gamma: 0.9, tau: 0.1, minBudget: 512, block: 128, fallback: 'auto' });
    expect(note).toBeNull();
    expect(plan({ gamma: '0.95', tau: '0', block: '64', minBudget: '128' }, 8192).settings).toMatchObject({
      gamma: 0.95,
      tau: 0,
      block: 64,
      minBudget: 128,
    });
    expect(plan({ block: 64 }, 8192).settings.block).toBe(64);
  });

  test('short prompts are dense as in the original, whatever the fallback; longer ones where sparse cannot pay', () => {
    const off = { fallback: 'off' };
    expect(plan(off, 512).note).toContain('512');
    expect(plan(off, 513).note).toBeNull();
    expect(plan({ ...off, minBudget: 100 }, 256).note).toContain('256');
    expect(plan({ ...off, minBudget: 100, block: 64 }, 129).note).toBeNull();
    expect(plan({ ...off, minBudget: 1000 }, 1024).note).toContain('1,024');
    expect(plan({}, 2048).note).toContain('4,096');
    expect(plan({}, 20_000, 19_900).note).toContain('100 new tokens');
    expect(plan(off, 2 ** 20 + 1).note).toContain('1,048,576');
  });

  test('memory is bounded: a million tokens, with and without query-aware heads', () => {
    const million = geometryOf(2 ** 20);
    const bytes = (set: PatternRequest['set']) => patternMemory({ name: 'flexprefill', set }, million);
    // Without: scratch of the estimate, tile lists of a chunk. With: 64 MiB of map, and the means.
    expect(bytes({ tau: 0 })).toBeLessThan(160 * 2 ** 20);
    expect(bytes({})).toBeLessThan(300 * 2 ** 20);
    expect(bytes({ block: 64 })).toBeLessThan(380 * 2 ** 20);
    expect(bytes({})).toBeGreaterThan(bytes({ tau: 0 }) + 64 * 2 ** 20);
  });
});

test('a_shape is dense where its window is the prompt', () => {
  expect(patternMemory({ name: 'a_shape', set: {} }, geometryOf(1024))).toBe(0);
  expect(patternMemory({ name: 'a_shape', set: {} }, geometryOf(32_768))).toBeGreaterThan(0);
});

test('a dense pattern says why', async () => {
  const pattern = densePattern(geometryOf(100), { name: 'vertical_slash', settings: {}, note: 'Because.' });
  expect(await pattern.statistics()).toMatchObject({
    density: 1,
    denseHeads: 336,
    totalHeads: 336,
    note: 'Because.',
  });
  // No GPU is touched for it.
  const made = await createPattern(null as never, { name: 'vertical_slash', set: {} }, geometryOf(100));
  expect(made.note).toContain('4,096');
});
