import { expect, test } from 'vitest';
import { minference } from '../attention/minference';
import { UserError } from '../errors';
import { headSummary } from './headSummary';
import { patternChoice, patternRequest } from './patterns';
import { defaultSettings } from './settings';
import { settingsOfSetup, setupOfSettings } from './setup';

const text = JSON.stringify([
  { 0: ['stream_llm', 128, 800, 0.9], 2: ['block_sparse', 0, 0, 0.9] },
  { 1: ['vertical_and_slash', 30, 800, 0.9] },
]);

test('kinds are counted for the model, or for what the file names', () => {
  expect(headSummary(text, null)).toBe(
    '2 layers × 3 heads: 4 vertical-slash, 1 A-shape, 1 block-sparse. The file names only 3 of 6 heads; the other 3 get MInference’s default, 1,000 columns and 6,096 diagonals.',
  );
  expect(headSummary(text, { layers: 3, heads: 4 })).toBe(
    '3 layers × 4 heads: 10 vertical-slash, 1 A-shape, 1 block-sparse. The file names only 3 of 12 heads and 2 of the model’s 3 layers; the other 9 get MInference’s default, 1,000 columns and 6,096 diagonals.',
  );
  expect(headSummary('[{"0": ["stream_llm", 1, 1, 1]}]', { layers: 1, heads: 1 })).toBe(
    '1 layer × 1 head: 1 A-shape.',
  );
  const none = 'The file names no head: each gets MInference’s default, 1,000 columns and 6,096 diagonals.';
  expect(headSummary('[]', { layers: 8, heads: 6 })).toBe(`8 layers × 6 heads: 48 vertical-slash. ${none}`);
  expect(headSummary('[{}]', null)).toBe(none);
  expect(headSummary('[]', null)).toBe(none);
});

test('what is no configuration, or one of another model, is refused', () => {
  expect(() => headSummary('{}', null)).toThrow(UserError);
  expect(() => headSummary(text, { layers: 1, heads: 4 })).toThrow('2 layers, and the model has 1');
  expect(() => headSummary(text, { layers: 2, heads: 2 })).toThrow("layer 0: '2'");
});

test('the file goes into the request, and comes back from a setup; a bad one does not', () => {
  const before = defaultSettings();
  const settings = {
    ...before,
    pattern: 'minference' as const,
    patternValues: { minference: { config: text } },
  };
  const setup = setupOfSettings(settings);
  expect(setup.pattern).toEqual({ name: 'minference', set: { config: text } });
  expect(settingsOfSetup(setup, before).patternValues).toEqual({ minference: { config: text } });
  const bad = { ...setup, pattern: patternRequest('minference', { config: '[5]' }) };
  expect(() => settingsOfSetup(bad, before)).toThrow('layer 0');
  const number = { ...setup, pattern: patternRequest('minference', { config: 5 }) };
  expect(() => settingsOfSetup(number, before)).toThrow('config');
});

test('what the page offers, the pattern takes', () => {
  const geometry = {
    layers: 3,
    heads: 4,
    kvHeads: 2,
    headDim: 64,
    keys: 1024,
    past: 0,
    rows: 1024,
    chunkRows: 1024,
    keyStride: 1024,
  };
  const { parameters } = patternChoice('minference');
  expect(parameters.map(({ name }) => name)).toEqual([
    'config',
    'budget',
    'startingLayer',
    'lastQ',
    'fallback',
  ]);
  for (const parameter of parameters) {
    if (parameter.kind !== 'choice') continue;
    // The first is what the engine does unasked, and is not sent.
    for (const { value } of parameter.options.slice(1))
      expect(minference.plan({ [parameter.name]: value }, geometry).settings[parameter.name]).toBe(value);
  }
});
