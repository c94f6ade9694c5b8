/** The whole of vertical_slash on the GPU: against MInference's own results, and against the references. */
import { describe, expect, test } from 'vitest';
import type { Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import { downloadF32, normals, testGpu, uploadHalf, worstError } from '../gpu/testing';
import { bandIndexReference } from '../reference/bandIndex';
import { massBudgetReference } from '../reference/massBudget';
import { selectTopReference } from '../reference/selectTop';
import { bandSumsReference, verticalSlashEstimateReference } from '../reference/verticalSlashEstimate';
import aExpected from './fixtures/a/expected.json?url';
import aK from './fixtures/a/k.f16?url';
import aQ from './fixtures/a/q.f16?url';
import bExpected from './fixtures/b/expected.json?url';
import bK from './fixtures/b/k.f16?url';
import bQ from './fixtures/b/q.f16?url';
import { createLastQueries } from './lastQueries';
import { createPattern } from './pattern';
import { readTileIndex } from './readTileIndex';
import { causalTiles } from './tiles';
import type { Geometry, LayerInput, Pattern } from './types';

interface Expected {
  vertical: {
    columnSums: number[][];
    diagonal: number[][];
    cases: { V: number; S: number; blocks: number[][][]; columns: number[][][] }[];
  };
}

const cases = [
  { name: 'a', tokens: 1000, heads: 2, headDim: 32, files: [aExpected, aQ, aK] },
  { name: 'b', tokens: 2048, heads: 2, headDim: 64, files: [bExpected, bQ, bK] },
] as const;

async function load({ tokens, heads, headDim, files }: (typeof cases)[number]) {
  const get = async (url: string) => (await fetch(url)).arrayBuffer();
  const [json, qBytes, kBytes] = await Promise.all(files.map(get));
  const expected = JSON.parse(new TextDecoder().decode(json)) as Expected;
  const half = (bytes: ArrayBuffer | undefined) =>
    Float32Array.from(new Float16Array(bytes ?? new ArrayBuffer()));
  const q = half(qBytes);
  const tail = new Float32Array(heads * 64 * headDim);
  for (let head = 0; head < heads; head++) {
    const end = (head + 1) * tokens * headDim;
    tail.set(q.subarray(end - 64 * headDim, end), head * 64 * headDim);
  }
  return { expected, tail, k: half(kBytes) };
}

function geometryOf(keys: number, heads: number, headDim: number): Geometry {
  return {
    heads,
    kvHeads: heads,
    headDim,
    layers: 1,
    keys,
    past: 0,
    rows: keys,
    chunkRows: 1024,
    keyStride: keys,
  };
}

function inputOf(gpu: Gpu, heads: number, tail: Float32Array, k: Float32Array): LayerInput {
  const cache = { buffer: uploadHalf(gpu, k) };
  return {
    layer: 0,
    caches: [{ headBase: 0, heads, kvHeadBase: 0, k: cache, v: cache }],
    tail: uploadHalf(gpu, tail),
  };
}

/** Records one layer and reads its index, [head][row block]. */
async function run(gpu: Gpu, pattern: Pattern, geometry: Geometry, input: LayerInput) {
  const index = Array.from(
    { length: geometry.heads },
    (): Awaited<ReturnType<typeof readTileIndex>>[number] => [],
  );
  for (let first = 0; first < geometry.rows; first += geometry.chunkRows) {
    const recorder = new Recorder(gpu);
    if (first === 0) pattern.prepareLayer(recorder, input);
    const count = Math.min(geometry.chunkRows, geometry.rows - first);
    // Vertical-slash looks at the tail's queries only.
    const rows = { first, count, queries: input.tail, queryStride: count, caches: input.caches };
    const built = pattern.indexRows(recorder, 0, rows);
    await recorder.drain();
    if (!built) throw new Error('dense');
    (await readTileIndex(gpu, built, geometry.heads)).forEach((blocks, head) => index[head]?.push(...blocks));
    await recorder.destroy();
  }
  return index;
}

describe.each(cases)('MInference, case $name', (given) => {
  const { tokens, heads, headDim } = given;

  test('column and diagonal sums', async () => {
    const gpu = await testGpu();
    const { expected, tail, k } = await load(given);
    const queries = await createLastQueries(gpu, geometryOf(tokens, heads, headDim), {
      tailRows: 64,
      columns: { forced: 0, openFrom: 0, openTo: tokens },
      diagonals: { pool: 1, forced: 0 },
      budgets: [0, 0],
    });
    const recorder = new Recorder(gpu);
    queries.record(recorder, inputOf(gpu, heads, tail, k));
    await recorder.drain();
    const sums = await downloadF32(gpu, queries.keys, heads * tokens * 2);
    // Six digits in the file, f32 there and here.
    const tolerance = { rtol: 2e-5, atol: 1e-6 };
    for (let head = 0; head < heads; head++) {
      const columns = sums.subarray(head * tokens, (head + 1) * tokens);
      const diagonals = sums.subarray((heads + head) * tokens, (heads + head + 1) * tokens);
      expect(worstError(columns, expected.vertical.columnSums[head] ?? [], tolerance)).toBeLessThan(1);
      expect(worstError(diagonals, expected.vertical.diagonal[head] ?? [], tolerance)).toBeLessThan(1);
    }
    await recorder.destroy();
    queries.destroy();
  });

  test('classic: blocks and columns, key for key', async () => {
    const gpu = await testGpu();
    const { expected, tail, k } = await load(given);
    const geometry = geometryOf(tokens, heads, headDim);
    for (const { V, S, blocks, columns } of expected.vertical.cases) {
      const set = { budget: 'classic', verticalSize: V, slashSize: S };
      const pattern = await createPattern(gpu, { name: 'vertical_slash', set }, geometry);
      const index = await run(gpu, pattern, geometry, inputOf(gpu, heads, tail, k));
      expect(index).toEqual(
        blocks.map((rows, head) => rows.map((tiles, row) => ({ tiles, columns: columns[head]?.[row] }))),
      );
      const work = blocks.flatMap((rows, head) =>
        rows.map((tiles, row) => tiles.length + Math.ceil((columns[head]?.[row]?.length ?? NaN) / 64)),
      );
      const { density, denseHeads } = await pattern.statistics();
      expect(density).toBeCloseTo(work.reduce((a, b) => a + b, 0) / heads / causalTiles(geometry), 9);
      expect(denseHeads).toBe(0);
      pattern.destroy();
    }
  });
});

describe('scaled', () => {
  const dim = 16;
  const planted = { columns: [70, 71, 999, 2500, 4001], offsets: [640, 2111, 2150, 3333] };

  /** Keys that all of the last queries like, and for each query the keys at planted offsets. */
  function plant(keys: number, lastQ: number) {
    const tail = normals(lastQ * dim, 5);
    const k = normals(keys * dim, 6, 0.3);
    for (let row = 0; row < lastQ; row++) {
      const query = tail.subarray(row * dim, (row + 1) * dim);
      query[0] = 4;
      for (const offset of planted.offsets) {
        const key = keys - lastQ + row - offset;
        query.forEach((value, i) => {
          k[key * dim + i] = Math.f16round((k[key * dim + i] ?? NaN) + (i === 0 ? 0 : 3 * value));
        });
      }
    }
    // Weaker than the diagonals: a column's weight adds to the bands that cross it.
    for (const column of planted.columns) k[column * dim] = 9;
    return { tail, k };
  }

  test.each([
    { keys: 4500, lastQ: 64 },
    { keys: 4201, lastQ: 80 },
  ])('$keys keys, last $lastQ: what was planted is found, and the index is the reference', async (shape) => {
    const gpu = await testGpu();
    const { keys, lastQ } = shape;
    const geometry = geometryOf(keys, 1, dim);
    const { tail, k } = plant(keys, lastQ);
    const set = { verticalSize: planted.columns.length, slashSize: 64 * 6, lastQ };
    const pattern = await createPattern(gpu, { name: 'vertical_slash', set }, geometry);
    expect(pattern.tailRows).toBe(lastQ);
    const [index] = await run(gpu, pattern, geometry, inputOf(gpu, 1, tail, k));

    const { columnSums, diagonalSums } = verticalSlashEstimateReference(tail, k, {
      tailRows: lastQ,
      keys,
      dim,
    });
    const open = columnSums.map((sum, key) => (key >= 64 && key < keys - 128 ? sum : 0));
    const columns = selectTopReference(open, planted.columns.length);
    expect(columns).toEqual(planted.columns);
    const bandSums = bandSumsReference(diagonalSums).map((sum, band) => (band < 2 ? Infinity : sum));
    const bands = selectTopReference(bandSums, 6);
    expect(bands).toEqual([0, 1, 10, 32, 33, 52]);

    const expected = Array.from({ length: Math.ceil(keys / 64) }, (_, block) =>
      bandIndexReference(block * 64, keys, columns, bands),
    );
    expect(index).toEqual(expected);
    const work = expected.reduce(
      (sum, row) => sum + row.tiles.length + Math.ceil(row.columns.length / 64),
      0,
    );
    expect(await pattern.statistics()).toEqual({
      density: work / causalTiles(geometry),
      headDensity: [work / causalTiles(geometry)],
      denseHeads: 0,
      headDense: [false],
      totalHeads: 1,
    });
    pattern.destroy();
  });

  test('adaptive: budgets by mass, and the index is the reference', async () => {
    const gpu = await testGpu();
    const [keys, lastQ] = [4500, 64];
    const geometry = geometryOf(keys, 1, dim);
    const { tail, k } = plant(keys, lastQ);
    const shape = { tailRows: lastQ, keys, dim };
    const { columnSums, diagonalSums } = verticalSlashEstimateReference(tail, k, shape);
    const open = columnSums.map((sum, key) => (key >= 64 && key < keys - 128 ? sum : 0));
    const bandSums = bandSumsReference(diagonalSums).map((sum, band) => (band < 2 ? Infinity : sum));
    const sizes: number[] = [];
    for (const fidelity of [0.6, 0.9]) {
      const set = { fidelity, verticalSize: 1000, slashSize: 64 * 20 };
      const pattern = await createPattern(gpu, { name: 'adaptive', set }, geometry);
      const [index] = await run(gpu, pattern, geometry, inputOf(gpu, 1, tail, k));
      const leftOut = (1 - fidelity) * lastQ;
      const columns = selectTopReference(open, massBudgetReference(open, leftOut, 32, 1000));
      const bands = selectTopReference(bandSums, massBudgetReference(bandSums, leftOut, 2, 20));
      // Row blocks that hold one of the last 64 rows are dense.
      expect(index).toEqual(
        Array.from({ length: Math.ceil(keys / 64) }, (_, block) =>
          (block + 1) * 64 > keys - 64 ? 'dense' : bandIndexReference(block * 64, keys, columns, bands),
        ),
      );
      expect(pattern.denseRows).toBe(64);
      expect(columns).toEqual(expect.arrayContaining(planted.columns));
      sizes.push(columns.length, bands.length);
      pattern.destroy();
    }
    // Neither bound was met, and more fidelity took more.
    const [fewColumns = 0, fewBands = 0, columns = 0, bands = 0] = sizes;
    expect(fewColumns).toBeLessThan(columns);
    expect(fewBands).toBeLessThan(bands);
    expect(columns).toBeLessThan(1000);
    expect(bands).toBeLessThanOrEqual(20);
  });

  test('with every band, the index has every tile; with auto it falls back to dense', async () => {
    const gpu = await testGpu();
    const keys = 4160;
    const geometry = geometryOf(keys, 1, dim);
    const input = inputOf(gpu, 1, normals(64 * dim, 1), normals(keys * dim, 2));
    const all = { verticalSize: keys, slashSize: keys };
    const off = await createPattern(
      gpu,
      { name: 'vertical_slash', set: { ...all, fallback: 'off' } },
      geometry,
    );
    const [index] = await run(gpu, off, geometry, input);
    expect(index).toEqual(
      Array.from({ length: keys / 64 }, (_, block) => ({
        tiles: Array.from({ length: block + 1 }, (_tile, tile) => tile * 64),
        columns: [],
      })),
    );
    expect((await off.statistics()).density).toBe(1);
    off.destroy();
    const auto = await createPattern(gpu, { name: 'vertical_slash', set: all }, geometry);
    const [dense] = await run(gpu, auto, geometry, input);
    expect(dense?.every((block) => block === 'dense')).toBe(true);
    expect(await auto.statistics()).toMatchObject({ density: 1, denseHeads: 1, totalHeads: 1 });
    auto.destroy();
  });
});
