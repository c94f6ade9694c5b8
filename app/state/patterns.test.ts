import { expect, it } from 'vitest';
import { patternMemory, settingsWithin, type Geometry } from '../attention/pattern';
import type { PatternName } from '../engine/types';
import { patternChoice, type SettingValue } from './patterns';

/** Long enough for classic block-sparse, which is dense below its 100 tiles, with few of them; short for all else. */
const geometry: Geometry = {
  heads: 2,
  kvHeads: 1,
  headDim: 64,
  layers: 2,
  keys: 1_024,
  past: 0,
  rows: 1_024,
  chunkRows: 2_048,
  keyStride: 1_024,
};

/** Only what runs sparse has an index. */
function isSparse(name: PatternName, set: Record<string, SettingValue>): boolean {
  return patternMemory(settingsWithin({ name, set }, geometry.keys), geometry) > 0;
}

it.each([
  ['vertical_slash', {}, 'As the scaled budget: dense where sparse cannot pay'],
  ['vertical_slash', { budget: 'classic' }, 'As the classic budget: sparse at every length'],
  ['block_sparse', { budget: 'scaled' }, 'As the scaled budget: dense where sparse cannot pay'],
  ['block_sparse', { budget: 'classic', topK: 4 }, 'As the classic budget: sparse at every length'],
  ['minference', {}, 'As the classic budget: sparse at every length'],
  ['minference', { budget: 'scaled' }, 'As the scaled budget: dense where sparse cannot pay'],
] as const)('%s with %j says what the engine does with short prompts', (name, values, label) => {
  const parameter = patternChoice(name).parameters.find((each) => each.name === 'fallback');
  const first = parameter?.kind === 'choice' ? parameter.options[0]?.label : undefined;
  expect(typeof first === 'function' ? first(values) : first).toBe(label);
  expect(isSparse(name, values)).toBe(label.endsWith('sparse at every length'));
});
