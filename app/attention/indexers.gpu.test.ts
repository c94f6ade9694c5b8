/** Tile indexes built on the GPU against their references, for given and for random selections. */
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import { downloadU32, seeded, testGpu, uploadU32 } from '../gpu/testing';
import { aShapeIndexReference } from '../reference/aShapeIndex';
import { bandIndexReference } from '../reference/bandIndex';
import type { RowIndex } from '../reference/rowIndex';
import { slashIndexReference } from '../reference/slashIndex';
import { createBandIndexer, createSlashIndexer } from './indexers';
import { createPattern } from './pattern';
import { readTileIndex } from './readTileIndex';
import { causalTiles, denseAbove, neverDense, rowBlocksOf } from './tiles';
import type { Geometry } from './types';

function geometryOf(keys: number, past: number, heads: number, chunkRows: number): Geometry {
  return {
    heads,
    kvHeads: 1,
    headDim: 64,
    layers: 2,
    keys,
    past,
    rows: keys - past,
    chunkRows,
    keyStride: keys,
  };
}

interface Chosen {
  columns: number[];
  /** Bands, or offsets. Ascending. */
  diagonals: number[];
}

/** Builds the whole prompt's index by chunks, as many at once as the indexer takes; [head][row block]. */
async function build(
  gpu: Gpu,
  kind: 'band' | 'slash',
  geometry: Geometry,
  chosen: readonly Chosen[],
  options: { denseAbove?: number; last?: number } = {},
): Promise<{ index: (RowIndex | 'dense')[][]; statistics: Uint32Array }> {
  const { heads, keys, past, rows, chunkRows } = geometry;
  const capacities = [
    Math.max(...chosen.map(({ columns }) => columns.length)),
    Math.max(...chosen.map(({ diagonals }) => diagonals.length)),
  ] as const;
  const lists = new Uint32Array(heads * (capacities[0] + capacities[1]));
  const counts = new Uint32Array(2 * heads);
  chosen.forEach(({ columns, diagonals }, head) => {
    // Diagonals are kept by j = keys - 1 - offset, ascending.
    const second = kind === 'band' ? diagonals : diagonals.map((offset) => keys - 1 - offset).toReversed();
    lists.set(columns, head * capacities[0]);
    lists.set(second, heads * capacities[0] + head * capacities[1]);
    counts[head] = columns.length;
    counts[heads + head] = diagonals.length;
  });
  const inputs = {
    chosen: uploadU32(gpu, lists),
    chosen_counts: uploadU32(gpu, counts),
    statistics: uploadU32(gpu, new Uint32Array(2 * heads * 2)),
  };
  const indexer = await (kind === 'band' ? createBandIndexer : createSlashIndexer)(
    gpu,
    {
      geometry,
      capacities,
      rowBlocks: rowBlocksOf(chunkRows),
      denseAbove: options.denseAbove ?? neverDense,
      last: options.last ?? 0,
    },
    inputs,
  );
  const index: (RowIndex | 'dense')[][] = chosen.map(() => []);
  const layer = 1;
  for (let first = 0; first < rows; first += chunkRows) {
    const recorder = new Recorder(gpu);
    if (first === 0) indexer.plan(recorder, layer);
    const count = Math.min(chunkRows, rows - first);
    const following = Math.max(0, Math.floor((rows - first) / chunkRows) - 1);
    const built = indexer.rows(recorder, layer, { first, count, following });
    await recorder.drain();
    const read = await readTileIndex(gpu, built, heads);
    read.forEach((blocks, head) => index[head]?.push(...blocks));
    await recorder.destroy();
  }
  const statistics = (await downloadU32(gpu, inputs.statistics, 4 * heads)).slice(2 * heads);
  indexer.destroy();
  for (const buffer of Object.values(inputs)) gpu.memory.release(buffer);
  expect(past + rows).toBe(keys);
  return { index, statistics };
}

function expectedIndex(kind: 'band' | 'slash', geometry: Geometry, chosen: Chosen): RowIndex[] {
  const { keys, past, rows } = geometry;
  return Array.from({ length: rowBlocksOf(rows) }, (_, block) => {
    const start = past + block * 64;
    return kind === 'band'
      ? bandIndexReference(start, keys, chosen.columns, chosen.diagonals)
      : slashIndexReference(start, chosen.columns, chosen.diagonals.toReversed());
  });
}

function work(index: RowIndex[]): number {
  return index.reduce((sum, { tiles, columns }) => sum + tiles.length + Math.ceil(columns.length / 64), 0);
}

const ascending = (values: Iterable<number>) => [...new Set(values)].toSorted((a, b) => a - b);

/** Columns and diagonals as a head has them: some scattered, some in runs. */
function randomChosen(keys: number, kind: 'band' | 'slash', seed: number, budget: number): Chosen {
  const random = seeded(seed);
  const pick = (count: number, below: number) =>
    Array.from({ length: count }, () => Math.floor(random() * below));
  const diagonals =
    kind === 'band'
      ? [0, 1, ...pick(budget / 16, keys / 64)]
      : [
          ...Array.from({ length: 100 }, (_, near) => near),
          ...pick(budget / 4, keys),
          ...pick(4, keys).flatMap((first) => Array.from({ length: 70 }, (_, i) => first + i)),
        ];
  const limit = kind === 'band' ? Math.ceil(keys / 64) : keys;
  return {
    columns: ascending(pick(budget, keys)),
    diagonals: ascending(diagonals.filter((diagonal) => diagonal < limit)),
  };
}

describe.each(['band', 'slash'] as const)('%s index', (kind) => {
  test.each([
    { keys: 1, past: 0, chunkRows: 64 },
    { keys: 65, past: 0, chunkRows: 128 },
    { keys: 1000, past: 0, chunkRows: 384 },
    { keys: 1500, past: 1024, chunkRows: 256 },
    { keys: 1333, past: 333, chunkRows: 512 },
    { keys: 2000, past: 100, chunkRows: 128 },
    // More words of tiles than one, and row blocks far from the first.
    { keys: 6000, past: 5000, chunkRows: 1024 },
  ])('$keys keys after $past', async ({ keys, past, chunkRows }) => {
    const gpu = await testGpu();
    const geometry = geometryOf(keys, past, 3, chunkRows);
    const chosen = [1, 2, 3].map((seed) => randomChosen(keys, kind, seed * keys, 32 * seed));
    const { index, statistics } = await build(gpu, kind, geometry, chosen);
    chosen.forEach((given, head) => {
      const expected = expectedIndex(kind, geometry, given);
      expect(index[head]).toEqual(expected);
      expect([...statistics.subarray(head * 2, head * 2 + 2)]).toEqual([work(expected), 0]);
    });
  });

  test('any selection', async () => {
    const gpu = await testGpu();
    const one = fc.record({
      keys: fc.integer({ min: 64, max: 900 }),
      past: fc.constantFrom(0, 64, 63, 17),
      columns: fc.uniqueArray(fc.nat(899)),
      runs: fc.array(fc.tuple(fc.nat(899), fc.integer({ min: 1, max: 140 })), { maxLength: 6 }),
    });
    await fc.assert(
      fc.asyncProperty(one, async ({ keys, past, columns, runs }) => {
        const limit = kind === 'band' ? Math.ceil(keys / 64) : keys;
        const near = kind === 'band' ? 1 : 64;
        const run = runs.flatMap(([first, length]) => Array.from({ length }, (_, i) => first + i));
        const diagonals = [...Array.from({ length: near }, (_, i) => i), ...run];
        const chosen = {
          columns: ascending(columns.filter((column) => column < keys)),
          diagonals: ascending(diagonals.filter((diagonal) => diagonal < limit)),
        };
        const geometry = geometryOf(keys, Math.min(past, keys - 1), 1, 1024);
        const { index } = await build(gpu, kind, geometry, [chosen]);
        expect(index[0]).toEqual(expectedIndex(kind, geometry, chosen));
      }),
      { numRuns: 15 },
    );
  });

  test('a head above the limit is dense, and counted', async () => {
    const gpu = await testGpu();
    const geometry = geometryOf(1000, 0, 2, 1024);
    const few = { columns: [100], diagonals: kind === 'band' ? [0, 1] : [...Array(100).keys()] };
    const every = { columns: [], diagonals: [...Array(kind === 'band' ? 16 : 1000).keys()] };
    const { index, statistics } = await build(gpu, kind, geometry, [few, every], { denseAbove });
    const expected = expectedIndex(kind, geometry, few);
    expect(index[0]).toEqual(expected);
    expect(index[1]?.every((block) => block === 'dense')).toBe(true);
    expect([...statistics]).toEqual([work(expected), 0, causalTiles(geometry), 1]);
  });
});

test('the last rows may be dense', async () => {
  const gpu = await testGpu();
  const geometry = geometryOf(1000, 0, 1, 1024);
  const chosen = [{ columns: [70], diagonals: [0, 1] }];
  const { index } = await build(gpu, 'band', geometry, chosen, { last: 100 });
  expect(index[0]?.map((block) => block === 'dense')).toEqual(
    Array.from({ length: 16 }, (_, block) => block >= 14),
  );
});

test.each([
  { keys: 1, past: 0, init: 0, local: 1 },
  { keys: 1000, past: 0, init: 30, local: 100 },
  { keys: 1000, past: 0, init: 64, local: 256 },
  { keys: 1700, past: 700, init: 200, local: 65 },
  { keys: 1100, past: 333, init: 1, local: 128 },
])('a_shape: $keys keys after $past, $init and $local', async ({ keys, past, init, local }) => {
  const gpu = await testGpu();
  const geometry = geometryOf(keys, past, 2, 512);
  const pattern = await createPattern(
    gpu,
    { name: 'a_shape', set: { init, local, fallback: 'off' } },
    geometry,
  );
  let computed = 0;
  for (let first = 0; first < geometry.rows; first += 512) {
    const recorder = new Recorder(gpu);
    const count = Math.min(512, geometry.rows - first);
    // A-shape looks at no query.
    const unused = { queries: uploadU32(gpu, new Uint32Array(4)), queryStride: count, caches: [] };
    const built = pattern.indexRows(recorder, 0, { first, count, ...unused });
    await recorder.drain();
    if (!built) throw new Error('dense');
    const expected = Array.from({ length: rowBlocksOf(count) }, (_, block) =>
      aShapeIndexReference(past + first + block * 64, keys, init, local),
    );
    expect(await readTileIndex(gpu, built, 2)).toEqual([expected, expected]);
    computed += work(expected);
    await recorder.destroy();
  }
  const { density } = await pattern.statistics();
  expect(density).toBeCloseTo(computed / causalTiles(geometry), 9);
  pattern.destroy();
});
