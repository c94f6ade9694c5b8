import { expect, test } from 'vitest';
import { halfToFloat } from '../../model/dtypes';
import { spreadTiles } from './attention';
import { indexDifference } from './indexing';
import { median, noise, noiseValues, worst } from './noise';
import { sampleIds } from './model';
import { summarise } from './prefill';
import { configOfShape, modelShape, modelShapes } from './shapes';
import { stepBytes } from './step';
import { deviationOf, randomIds, syntheticSlices } from './synthetic';
import needle from '../../../public/models/needle/config.json';
import { parseConfig } from '../../model/config';
import type { ModelReport } from '../types';

test('the median is one that was measured', () => {
  expect(median([5, 1, 9])).toBe(5);
  expect(median([4, 1, 3, 2])).toBe(2);
  expect(median([7])).toBe(7);
  expect(median([])).toBeNaN();
});

test('noise can be made in parts, is never tiny, and takes both signs', () => {
  const all = noise(1000, 7);
  expect(noise(300, 7, 650)).toEqual(all.slice(650, 950));
  expect(noise(1000, 8)).not.toEqual(all);
  const values = Array.from(all, halfToFloat);
  expect([...noiseValues(1000, 7)]).toEqual(values);
  expect(values.every((value) => Math.abs(value) >= 0.25 && Math.abs(value) < 1)).toBe(true);
  const positive = values.filter((value) => value > 0).length;
  expect(positive).toBeGreaterThan(400);
  expect(positive).toBeLessThan(600);
});

test('an error is relative to the largest value, and NaN is the worst', () => {
  expect(worst([1, 2.5], [1, 2])).toBe(0.25);
  expect(worst([1, NaN], [1, 2])).toBe(Number.MAX_VALUE);
  expect(worst([1], [1, 2])).toBe(Number.MAX_VALUE);
  expect(worst([0], [0])).toBe(Number.MAX_VALUE);
});

test('spread tiles have the density asked for, the first tile and the diagonal', () => {
  expect(spreadTiles(0, 0.1)).toEqual([0]);
  const tiles = spreadTiles(999, 0.1);
  expect(tiles).toHaveLength(100);
  expect([tiles[0], tiles.at(-1)]).toEqual([0, 999]);
});

test('an index differs by what is in one list only', () => {
  const index = { tiles: [0, 64, 128], columns: [3] };
  expect(indexDifference(index, index)).toBe(0);
  expect(indexDifference(index, { tiles: [0, 64], columns: [3, 5] })).toBe(2 / 5);
});

test('random weights: same seed same values, right spread, no slice above a million', () => {
  const tensors = [
    { name: 'model.layers.0.mlp.down_proj.weight', shape: [1_100, 1_000] },
    { name: 'model.norm.weight', shape: [16] },
  ];
  const make = (seed: number) => [...syntheticSlices(tensors, 2, seed)];
  const slices = make(5);
  expect(slices.map(({ offset, half: part }) => [offset, part.length])).toEqual([
    [0, 2 ** 20],
    [2 ** 20, 1_100_000 - 2 ** 20],
    [0, 16],
  ]);
  const second = slices[1]?.half;
  expect(make(5)[1]?.half).toEqual(second);
  expect(make(6)[1]?.half).not.toEqual(second);
  const values = Array.from(second ?? [], halfToFloat);
  const variance = values.reduce((sum, value) => sum + value ** 2, 0) / values.length;
  // 1 / sqrt(2 layers x 2 x 1000); the table's own 65,536 draws bound how near that comes.
  expect(Math.sqrt(variance * 4_000)).toBeCloseTo(1, 1.7);
  expect(Array.from(slices[2]?.half ?? [], halfToFloat)).toEqual(Array.from({ length: 16 }, () => 1));
  expect(deviationOf('model.layers.0.self_attn.q_proj.weight', [64, 100], 2)).toBe(0.1);
});

test('random ids are within the vocabulary, and a shorter prompt begins a longer one', () => {
  const ids = randomIds(500, 96, 1);
  expect(ids.every((id) => id < 96)).toBe(true);
  expect(new Set(ids).size).toBeGreaterThan(80);
  expect(randomIds(100, 96, 1)).toEqual(ids.slice(0, 100));
});

test('sample ids are as many as asked for, whatever the tokenizer makes of a character', () => {
  const encode = (text: string): number[] => Array.from({ length: Math.ceil(text.length / 6) }, () => 1);
  expect(sampleIds({ encode }, 20_000, 1)).toEqual(new Uint32Array(20_000).fill(1));
});

test('every shape is one that the engine takes, and the built-in one is what its file says', () => {
  for (const shape of Object.values(modelShapes)) expect(configOfShape(shape).hidden).toBe(shape.hidden);
  const file = parseConfig(needle);
  expect(configOfShape(modelShape('builtin'))).toEqual({ ...file, eosIds: [] });
  expect(() => modelShape('gpt')).toThrow("There is no shape 'gpt'.");
});

test('a step reads its weights once and the cache; of an embedding of its own a row', () => {
  const report = { parameters: 10_000 } as ModelReport;
  const config = configOfShape(modelShape('tiny'));
  // 2 layers, keys and values of 2 heads of 16, 16 bits each.
  const cache = 2 * 2 * 2 * 16 * 2 * 1_000;
  expect(stepBytes({ config, report }, 1_000)).toBe(20_000 + cache);
  const untied = configOfShape({ ...modelShape('tiny'), tiedEmbeddings: false });
  expect(stepBytes({ config: untied, report }, 1_000)).toBe(20_000 - 2 * 511 * 64 + cache);
});

test('the run with the median time is reported whole', () => {
  const phases = { projections: 10, estimate: 0, index: 0, attention: 20, mlp: 10, head: 1 };
  const outcome = (ttftMs: number, peakBytes: number) => ({
    sample: { ttftMs, prefillMs: ttftMs - 1, phasesMs: phases, peakBytes },
    settings: {},
    density: 0.5,
    denseHeads: 0,
    totalHeads: 8,
  });
  const config = configOfShape(modelShape('tiny'));
  const runs = [outcome(90, 300), outcome(50, 100), outcome(70, 200)];
  const measured = summarise({ config }, 1_000, 'a_shape', runs, 250);
  expect(measured).toMatchObject({
    ttftMs: 70,
    prefillMs: 69,
    wallOverPhases: 69 / 41,
    peakBytes: 300,
    memoryRatio: 1.2,
    beyondContext: false,
  });
  // 4 x 16 dims x 4 heads x 1000 rows x (1064 / 2) keys, 2 layers, half of it, in 20 ms.
  expect(measured.attentionRate).toBeCloseTo((4 * 16 * 4 * 1000 * 532 * 2 * 0.5) / 20 / 1e9, 12);
  expect(measured.samples.map(({ ttftMs }) => ttftMs)).toEqual([90, 50, 70]);
});
