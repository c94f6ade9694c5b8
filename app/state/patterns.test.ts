import { expect, it } from 'vitest';
import { patternMemory, planOf, settingsWithin, type Geometry } from '../attention/pattern';
import type { PatternName } from '../engine/types';
import { patternChoice, patterns, type NumberParameter, type SettingValue } from './patterns';
import { refusalOf } from './refusals';

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
  ['vertical_slash', {}, 'As the scaled budget: where sparse cannot pay'],
  ['vertical_slash', { budget: 'classic' }, 'As the classic budget: never'],
  ['block_sparse', { budget: 'scaled' }, 'As the scaled budget: where sparse cannot pay'],
  ['block_sparse', { budget: 'classic', topK: 4 }, 'As the classic budget: never'],
  ['minference', {}, 'As the classic budget: never'],
  ['minference', { budget: 'scaled' }, 'As the scaled budget: where sparse cannot pay'],
] as const)('%s with %j says what the engine does with short prompts', (name, values, label) => {
  const parameter = patternChoice(name).parameters.find((each) => each.name === 'fallback');
  const first = parameter?.kind === 'choice' ? parameter.options[0]?.label : undefined;
  expect(typeof first === 'function' ? first(values) : first).toBe(label);
  expect(isSparse(name, values)).toBe(label.endsWith('never'));
});

function of(keys: number): Geometry {
  return { ...geometry, keys, rows: keys, keyStride: keys };
}

const numbers = patterns.flatMap(({ name, parameters }) =>
  parameters
    .filter((parameter): parameter is NumberParameter => parameter.kind === 'number')
    .map((parameter) => [name, parameter.name, parameter] as const),
);

it.each(numbers)('%s %s: the default that is shown is the engine’s', (name, key, { initial }) => {
  const hasBudget = patternChoice(name).parameters.some((parameter) => parameter.name === 'budget');
  for (const set of hasBudget ? [{ budget: 'classic' }, { budget: 'scaled' }] : [{}]) {
    const [short, long] = [8_192, 2 ** 19].map((keys) => planOf({ name, set }, of(keys)).settings[key]);
    const shown = typeof initial === 'function' ? initial(set) : initial;
    expect(shown, JSON.stringify(set)).toBe(short === long ? short : undefined);
  }
});

it.each(numbers)('%s %s: the page refuses what the engine refuses', (name, key, parameter) => {
  const { min, max } = parameter;
  // Of a prompt that is as long as any, and a model with as many layers as the page takes.
  const longest = { ...of(2 ** 20), layers: key === 'startingLayer' ? max : 2 };
  const engineRefuses = (value: number): boolean => {
    try {
      planOf({ name, set: { [key]: value } }, longest);
      return false;
    } catch {
      return true;
    }
  };
  for (const value of [min, min + 0.5, max, min - 1, max + 1])
    expect(refusalOf(name, parameter, value) !== null, String(value)).toBe(engineRefuses(value));
});

it('the help of the fallback has the numbers that the engine goes by', () => {
  const helpOf = (name: PatternName) =>
    patternChoice(name).parameters.find((parameter) => parameter.name === 'fallback')?.help;
  for (const name of ['adaptive', 'vertical_slash', 'xattention', 'minference', 'flexprefill'] as const)
    expect(helpOf(name)).toMatch(/up to 4,096 tokens, .* 512 new .* more than 70% of its tiles/);
  for (const name of ['a_shape', 'tri_shape'] as const) {
    expect(helpOf(name)).toMatch(/more than 70% of its tiles.* no rule for short prompts/);
    expect(isSparse(name, { init: 64, local: 64 })).toBe(true);
    expect(isSparse(name, { init: 64, local: 1_024 })).toBe(false);
    expect(isSparse(name, { init: 64, local: 1_024, fallback: 'off' })).toBe(true);
  }
});
