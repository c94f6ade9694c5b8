import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UserError } from '../errors';
import { densePattern } from './dense';
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
    expect(refusal({ name: 'flexprefill', set: {} }).sentence).toContain('flexprefill');
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
