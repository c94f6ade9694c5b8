/** Plans of `minference`: settings, notes and memory, without a GPU. */
import { describe, expect, test } from 'vitest';
import { UserError } from '../errors';
import { minference } from './minference';
import { patternMemory } from './pattern';
import type { Geometry, Settings } from './types';

function geometryOf(keys: number, layers = 3, heads = 4): Geometry {
  const chunkRows = Math.min(4096, keys);
  return { heads, kvHeads: 2, headDim: 64, layers, keys, past: 0, rows: keys, chunkRows, keyStride: keys };
}

const slashes = { 0: ['vertical_and_slash', 30, 800, 1], 1: ['vertical_and_slash', 500, 700, 1] };
const slashesAll = { ...slashes, 2: slashes[0], 3: slashes[1] };
const windows = (local: number) =>
  Object.fromEntries([0, 1, 2, 3].map((head) => [head, ['stream_llm', 128, local, 1]]));

function plan(config: unknown, set: Settings = {}, keys = 16_384) {
  return minference.plan({ config: JSON.stringify(config), ...set }, geometryOf(keys));
}

describe('settings', () => {
  test('defaults are the original: classic, no fallback, every layer, heads that are not named', () => {
    const { settings, note } = minference.plan({}, geometryOf(700));
    expect(settings).toEqual({
      config: '[]',
      budget: 'classic',
      startingLayer: -1,
      lastQ: 64,
      fallback: 'off',
    });
    expect(note).toBeNull();
    expect(plan([], { budget: 'scaled' }).settings.fallback).toBe('auto');
  });

  test.each([
    [{ startingLayer: 4 }, 'startingLayer'],
    [{ startingLayer: -2 }, 'startingLayer'],
    [{ budget: 'huge' }, 'budget'],
    [{ lastQ: 0 }, 'lastQ'],
    [{ fallback: 'maybe' }, 'fallback'],
    [{ gamma: 0.9 }, 'gamma'],
    [{ config: 5 }, 'config'],
    [{ config: '[{}, {}, {}, {}]' }, '4 layers, and the model has 3'],
    [{ config: '[{}, {"4": ["stream_llm", 1, 1, 1]}]' }, "layer 1: '4'"],
    [{ config: '[{}, {"3": ["stream_llm", 1, -5, 1]}]' }, 'layer 1, head 3: slash_size is -5'],
  ])('%j', (set, words) => {
    const attempt = () => minference.plan(set, geometryOf(16_384));
    expect(attempt).toThrow(UserError);
    expect(attempt).toThrow(words);
  });
});

describe('notes', () => {
  test('dense by itself where nothing could pay, and only then', () => {
    expect(plan([slashes], { fallback: 'auto' }, 2048).note).toContain('4,096');
    expect(plan([slashes], {}, 2048).note).toBeNull();
    expect(plan([slashes], { startingLayer: 3 }).note).toContain('no layer');
    const wide = [windows(16_384), windows(16_384), windows(16_384)];
    expect(plan(wide, { fallback: 'auto' }).note).toContain('A-shape');
    expect(plan(wide).note).toBeNull();
    expect(plan([windows(512), ...wide.slice(1)], { fallback: 'auto' }).note).toBeNull();
  });
});

describe('memory', () => {
  const bytes = (config: unknown, set: Settings = {}, keys = 16_384) =>
    patternMemory({ name: 'minference', set: { config: JSON.stringify(config), ...set } }, geometryOf(keys));
  const every = (entry: unknown) =>
    Array.from({ length: 3 }, () => ({ 0: entry, 1: entry, 2: entry, 3: entry }));

  test('kinds that no head has cost nothing', () => {
    const set = { verticalSize: 500, slashSize: 800, budget: 'classic', fallback: 'off' };
    const alone = patternMemory({ name: 'vertical_slash', set }, geometryOf(16_384));
    // Budgets of three layers instead of one set.
    expect(bytes(every(['vertical_and_slash', 500, 800, 1])) - alone).toBe(3 * 256 - 2 * 4 * 4);
    const aShape = { init: 128, local: 512, fallback: 'off' };
    expect(bytes([windows(512), windows(512), windows(512)])).toBe(
      patternMemory({ name: 'a_shape', set: aShape }, geometryOf(16_384)),
    );
  });

  test('a layer of several kinds pays for the merged index; dense layers and budgets in them for nothing', () => {
    const apart = bytes([slashesAll, slashesAll, windows(512)]);
    const mixed = bytes([slashesAll, slashesAll, { ...slashesAll, 3: ['stream_llm', 128, 512, 1] }]);
    expect(mixed).toBeGreaterThan(apart);
    const late = { startingLayer: 1 };
    expect(bytes([windows(512), slashesAll, slashesAll], late)).toBe(
      bytes([{ 0: ['vertical_and_slash', 9000, 9000, 1] }, slashesAll, slashesAll], late),
    );
  });
});
