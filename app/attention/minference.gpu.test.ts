/** Each head of a mixed configuration gets exactly what its own pattern gives it. */
import { expect, test } from 'vitest';
import type { Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import { normals, testGpu, uploadHalf } from '../gpu/testing';
import { createPattern, patternMemory, type Pattern } from './pattern';
import { readTileIndex } from './readTileIndex';
import type { Geometry, PatternRequest } from './types';

const [heads, kvHeads, headDim, keys] = [4, 2, 16, 700];
const geometry: Geometry = {
  heads,
  kvHeads,
  headDim,
  layers: 2,
  keys,
  past: 0,
  rows: keys,
  chunkRows: 256,
  keyStride: 704,
};

function inputs(gpu: Gpu) {
  const k = { buffer: uploadHalf(gpu, normals(kvHeads * geometry.keyStride * headDim, 1, 1.5)) };
  const queries = uploadHalf(gpu, normals(heads * 256 * headDim, 2, 1.5));
  const tail = uploadHalf(gpu, normals(heads * 64 * headDim, 3, 1.5));
  return { caches: [{ headBase: 0, heads, kvHeadBase: 0, k, v: k }], queries, tail };
}

/** The index of a layer, [head][row block]. */
async function indexOf(
  gpu: Gpu,
  pattern: Pattern,
  layer: number,
  given: ReturnType<typeof inputs>,
  shape = geometry,
) {
  const { rows, chunkRows } = shape;
  const all: Awaited<ReturnType<typeof readTileIndex>>[number][] = Array.from(
    { length: shape.heads },
    () => [],
  );
  for (let first = 0; first < rows; first += chunkRows) {
    const recorder = new Recorder(gpu);
    const { caches, queries, tail } = given;
    if (first === 0) pattern.prepareLayer(recorder, { layer, caches, tail });
    const count = Math.min(chunkRows, rows - first);
    const built = pattern.indexRows(recorder, layer, {
      first,
      count,
      queries,
      queryStride: chunkRows,
      caches,
    });
    await recorder.drain();
    const read = built === null ? null : await readTileIndex(gpu, built, shape.heads);
    all.forEach((blocks, head) => {
      blocks.push(...(read?.[head] ?? Array.from({ length: Math.ceil(count / 64) }, () => 'dense' as const)));
    });
    await recorder.destroy();
  }
  return all;
}

async function single(gpu: Gpu, request: PatternRequest, given: ReturnType<typeof inputs>) {
  const pattern = await createPattern(gpu, request, geometry);
  const index = await indexOf(gpu, pattern, 0, given);
  const { headDensity } = await pattern.statistics();
  pattern.destroy();
  return { index, headDensity };
}

test('a mixed layer, a layer of one kind, and dense layers below the first', async () => {
  const gpu = await testGpu();
  const given = inputs(gpu);
  const layer = {
    0: ['vertical_and_slash', 40, 120, 0.9],
    1: ['stream_llm', 70, 130, 0.9],
    2: ['vertical_and_slash', 100, 64, 0.9],
    3: ['block_sparse', 0, 0, 0.9],
  };
  const config = JSON.stringify([layer, Object.fromEntries([0, 1, 2, 3].map((head) => [head, layer[0]]))]);
  const pattern = await createPattern(gpu, { name: 'minference', set: { config } }, geometry);
  expect(pattern.tailRows).toBe(64);

  const slash = (verticalSize: number, slashSize: number): PatternRequest => ({
    name: 'vertical_slash',
    set: { budget: 'classic', verticalSize, slashSize },
  });
  const first = await single(gpu, slash(40, 120), given);
  const third = await single(gpu, slash(100, 64), given);
  const window = await single(
    gpu,
    { name: 'a_shape', set: { init: 70, local: 130, fallback: 'off' } },
    given,
  );
  const blocks = await single(
    gpu,
    { name: 'block_sparse', set: { budget: 'classic', fallback: 'off' } },
    given,
  );
  // Not degenerate: the patterns differ.
  expect(first.index[0]).not.toEqual(third.index[0]);
  expect(first.index[0]).not.toEqual(window.index[0]);

  const mixed = await indexOf(gpu, pattern, 0, given);
  expect(mixed[0]).toEqual(first.index[0]);
  expect(mixed[1]).toEqual(window.index[1]);
  expect(mixed[2]).toEqual(third.index[2]);
  expect(mixed[3]).toEqual(blocks.index[3]);
  expect(await indexOf(gpu, pattern, 1, given)).toEqual(first.index);
  const { headDensity } = await pattern.statistics();
  expect(headDensity[0]).toBeCloseTo(first.headDensity[0] ?? NaN, 9);
  expect(headDensity[1]).toBeCloseTo(window.headDensity[1] ?? NaN, 9);
  expect(headDensity[2]).toBeCloseTo(third.headDensity[2] ?? NaN, 9);
  expect(headDensity.slice(4)).toEqual(first.headDensity.slice(0, 4));
  pattern.destroy();

  const late = await createPattern(gpu, { name: 'minference', set: { config, startingLayer: 1 } }, geometry);
  expect((await indexOf(gpu, late, 0, given)).flat().every((list) => list === 'dense')).toBe(true);
  expect(await indexOf(gpu, late, 1, given)).toEqual(first.index);
  const statistics = await late.statistics();
  expect(statistics.headDensity.slice(0, 4)).toEqual([1, 1, 1, 1]);
  expect(statistics.denseHeads).toBe(4);
  late.destroy();
});

test('scaled: bands by head, as vertical_slash takes them', async () => {
  const gpu = await testGpu();
  const given = inputs(gpu);
  const config = JSON.stringify([
    { 0: ['vertical_and_slash', 50, 128, 1], 1: ['vertical_and_slash', 20, 256, 1] },
  ]);
  const set = { config, budget: 'scaled', fallback: 'off' };
  const pattern = await createPattern(gpu, { name: 'minference', set }, geometry);
  const index = await indexOf(gpu, pattern, 0, given);
  const alone = (verticalSize: number, slashSize: number) =>
    single(gpu, { name: 'vertical_slash', set: { verticalSize, slashSize, fallback: 'off' } }, given);
  expect(index[0]).toEqual((await alone(50, 128)).index[0]);
  expect(index[1]).toEqual((await alone(20, 256)).index[1]);
  pattern.destroy();
});

test('scaled: bands, tiles and a window in one layer, after a past, each as alone', async () => {
  const gpu = await testGpu();
  const given = inputs(gpu);
  const later: Geometry = { ...geometry, past: 100, rows: keys - 100 };
  const config = JSON.stringify([
    {},
    {
      0: ['block_sparse', 0, 0, 1],
      1: ['vertical_and_slash', 20, 128, 1],
      2: ['stream_llm', 64, 64, 1],
      3: ['stream_llm', 0, 192, 1],
    },
  ]);
  const of = async (request: PatternRequest) => {
    const pattern = await createPattern(gpu, request, later);
    const index = await indexOf(gpu, pattern, 1, given, later);
    const { headDensity } = await pattern.statistics();
    expect(pattern.indexBytes).toBe(patternMemory(request, later));
    pattern.destroy();
    return { index, densities: headDensity.slice(heads) };
  };
  const off = { fallback: 'off' };
  const mixed = await of({ name: 'minference', set: { config, budget: 'scaled', ...off } });
  const alone = [
    await of({ name: 'block_sparse', set: off }),
    await of({ name: 'vertical_slash', set: { verticalSize: 20, slashSize: 128, ...off } }),
    await of({ name: 'a_shape', set: { init: 64, local: 64, ...off } }),
    await of({ name: 'a_shape', set: { init: 0, local: 192, ...off } }),
  ];
  alone.forEach(({ index, densities }, head) => {
    expect(mixed.index[head]).toEqual(index[head]);
    expect(mixed.densities[head]).toBeCloseTo(densities[head] ?? NaN, 9);
  });
  expect(new Set(mixed.index.map((rows) => JSON.stringify(rows))).size).toBe(4);
});

test('with fallback a kind that would be nearly dense is, and counts so; the others stay sparse', async () => {
  const gpu = await testGpu();
  const long: Geometry = {
    ...geometry,
    heads: 2,
    kvHeads: 1,
    headDim: 8,
    layers: 1,
    keys: 4160,
    rows: 4160,
    chunkRows: 2048,
    keyStride: 4160,
  };
  const k = { buffer: uploadHalf(gpu, normals(4160 * 8, 4, 1.5)) };
  const queries = uploadHalf(gpu, normals(2 * 2048 * 8, 5, 1.5));
  const tail = uploadHalf(gpu, normals(2 * 64 * 8, 6, 1.5));
  const given = { caches: [{ headBase: 0, heads: 2, kvHeadBase: 0, k, v: k }], queries, tail };
  const config = JSON.stringify([{ 0: ['stream_llm', 64, 256, 1], 1: ['stream_llm', 64, 3000, 1] }]);
  const run = async (fallback: string) => {
    const pattern = await createPattern(gpu, { name: 'minference', set: { config, fallback } }, long);
    const index = await indexOf(gpu, pattern, 0, given, long);
    const { headDensity, denseHeads } = await pattern.statistics();
    pattern.destroy();
    return { dense: index.map((rows) => rows.every((row) => row === 'dense')), headDensity, denseHeads };
  };
  const auto = await run('auto');
  expect(auto).toMatchObject({ dense: [false, true], denseHeads: 1 });
  expect(auto.headDensity[1]).toBe(1);
  expect(auto.headDensity[0]).toBeLessThan(0.3);
  const off = await run('off');
  expect(off).toMatchObject({ dense: [false, false], denseHeads: 0 });
  expect(off.headDensity[1]).toBeGreaterThan(0.7);
});

test('with fallback a head whose diagonals would compute most tiles is dense, its neighbour not', async () => {
  const gpu = await testGpu();
  const long: Geometry = {
    ...geometry,
    heads: 2,
    kvHeads: 1,
    headDim: 8,
    layers: 1,
    keys: 4160,
    rows: 4160,
    chunkRows: 4160,
    keyStride: 4160,
  };
  const k = { buffer: uploadHalf(gpu, normals(4160 * 8, 4, 1.5)) };
  const queries = uploadHalf(gpu, normals(2 * 4160 * 8, 5, 1.5));
  const tail = uploadHalf(gpu, normals(2 * 64 * 8, 6, 1.5));
  const given = { caches: [{ headBase: 0, heads: 2, kvHeadBase: 0, k, v: k }], queries, tail };
  const config = JSON.stringify([
    { 0: ['vertical_and_slash', 1000, 6096, 1], 1: ['vertical_and_slash', 30, 50, 1] },
  ]);
  const set = { config, fallback: 'auto' };
  const pattern = await createPattern(gpu, { name: 'minference', set }, long);
  const index = await indexOf(gpu, pattern, 0, given, long);
  expect(index.map((rows) => rows.every((row) => row === 'dense'))).toEqual([true, false]);
  expect(await pattern.statistics()).toMatchObject({
    denseHeads: 1,
    headDense: [true, false],
    totalHeads: 2,
  });
  pattern.destroy();
});
