import { describe, expect, test } from 'vitest';
import type { Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import {
  allocateActivations,
  downloadActivations,
  normals,
  testTiers,
  uploadHalf,
  uploadU32,
  worstError,
} from '../gpu/testing';
import { tileAttentionReference, type AttentionShape, type BlockList } from '../reference/tileAttention';
import {
  DENSE_TILES,
  recordTileAttention,
  tileAttention,
  tileAttentionPipeline,
  tileAttentionSpec,
  type TileAttentionPipeline,
} from './tileAttention';
import { tileAttentionMatrix, tileAttentionMatrixSpec } from './tileAttentionMatrix';
import { tileAttentionNamed, tileAttentionNamedSpec } from './tileAttentionNamed';
import { tileAttentionWhole, tileAttentionWholeSpec } from './tileAttentionWhole';

// On every tier that the adapter has. Inputs are exact f16, sums f32, the output at most rounded to f16, 2^-11 relative.
// Where there is shader-f16, products of P and V and their sums over up to 32 keys are f16: 2^-11 of partial sums of values
// around 1, a few times. Subgroup matrices round P to f16 and sum in f32.
const toleranceOf = ({ tier }: Gpu): { rtol: number; atol: number } =>
  tier === 'portable' ? { rtol: 2 ** -10, atol: 2e-4 } : { rtol: 2 ** -9, atol: 3e-3 };

interface Case extends AttentionShape {
  lists?: (head: number, block: number) => BlockList;
  /** Row blocks per dispatch; all at once if left out. */
  step?: number;
  /** Scale of q: large values make the softmax sharp. */
  sharpness?: number;
  /** Keys grow with their position, to this many times their size, and rows' largest scores with them. */
  growth?: number;
  /** Rows of the cache after the valid keys; they hold values that would show. */
  room?: number;
  /** One dispatch and one pair of K and V buffers for each KV head, instead of one for all. */
  ranges?: boolean;
}

const dense = (): BlockList => 'dense';

async function run(
  gpu: Gpu,
  shape: Case,
  /** Instead of the pipeline of the tier. */
  asked?: TileAttentionPipeline,
): Promise<{ actual: Float32Array; expected: Float64Array }> {
  const { rows, keys, heads, kvHeads, headDim } = shape;
  const q = normals(heads * rows * headDim, 11, shape.sharpness ?? 1.5);
  const growth = (at: number): number =>
    1 + (((shape.growth ?? 1) - 1) * (Math.floor(at / headDim) % keys)) / keys;
  const k = normals(kvHeads * keys * headDim, 12).map((value, at) => Math.f16round(value * growth(at)));
  const v = normals(kvHeads * keys * headDim, 13);
  const lists = shape.lists ?? dense;
  const rowBlocks = Math.ceil(rows / 64);
  const keyStride = keys + (shape.room ?? 0);
  const withRoom = (values: Float32Array): Float32Array => {
    const cache = new Float32Array(kvHeads * keyStride * headDim).fill(500);
    for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
      const part = values.subarray(kvHead * keys * headDim, (kvHead + 1) * keys * headDim);
      cache.set(part, kvHead * keyStride * headDim);
    }
    return cache;
  };
  const all = Array.from({ length: heads * rowBlocks }, (_, at) =>
    lists(Math.floor(at / rowBlocks), at % rowBlocks),
  );
  const plain = all.map((list) => (list === 'dense' ? { tiles: [], columns: [] } : list));
  const tileCapacity = Math.max(1, ...plain.map(({ tiles }) => tiles.length));
  const columnCapacity = Math.max(1, ...plain.map(({ columns }) => columns.length));
  const counts = new Uint32Array(all.length * 2);
  const tiles = new Uint32Array(all.length * tileCapacity);
  const columns = new Uint32Array(all.length * columnCapacity);
  plain.forEach((list, at) => {
    counts.set([all[at] === 'dense' ? DENSE_TILES : list.tiles.length, list.columns.length], at * 2);
    tiles.set(list.tiles, at * tileCapacity);
    columns.set(list.columns, at * columnCapacity);
  });

  const pipeline = asked ?? (await tileAttentionPipeline(gpu, headDim));
  const recorder = new Recorder(gpu);
  const out = allocateActivations(gpu, rows * heads * headDim);
  const shared = {
    q: uploadHalf(gpu, q),
    counts: uploadU32(gpu, counts),
    tiles: uploadU32(gpu, tiles),
    columns: uploadU32(gpu, columns),
    out,
  };
  const cacheBuffers: GPUBuffer[] = [];
  const step = shape.step ?? rowBlocks;
  const rangeKvHeads = shape.ranges ? 1 : kvHeads;
  const rangeHeads = (heads / kvHeads) * rangeKvHeads;
  for (let kvBase = 0; kvBase < kvHeads; kvBase += rangeKvHeads) {
    const part = [kvBase * keyStride * headDim, (kvBase + rangeKvHeads) * keyStride * headDim] as const;
    const buffers = {
      ...shared,
      k: uploadHalf(gpu, withRoom(k).slice(...part)),
      v: uploadHalf(gpu, withRoom(v).slice(...part)),
    };
    cacheBuffers.push(buffers.k, buffers.v);
    for (let firstRowBlock = 0; firstRowBlock < rowBlocks; firstRowBlock += step) {
      recordTileAttention(
        recorder,
        pipeline,
        buffers,
        {
          ...shape,
          heads: rangeHeads,
          headBase: kvBase * (heads / kvHeads),
          firstRowBlock,
          rowBlocks: Math.min(step, rowBlocks - firstRowBlock),
          qStride: rows,
          keyStride,
          totalHeads: heads,
          group: heads / kvHeads,
          index: shape.lists ? { rowBlocks, tileCapacity, columnCapacity } : null,
          flops: 0,
        },
        'test',
      );
    }
  }
  await recorder.drain();
  await recorder.destroy();
  const actual = await downloadActivations(gpu, out, rows * heads * headDim);
  for (const buffer of [...Object.values(shared), ...cacheBuffers]) gpu.memory.release(buffer);
  return { actual, expected: tileAttentionReference(q, k, v, shape, lists) };
}

const square = (rows: number, heads: number, kvHeads: number, headDim: number): AttentionShape => ({
  rows,
  rowPosition: 0,
  keys: rows,
  heads,
  kvHeads,
  headDim,
});

const tiers = await testTiers();

describe.each(tiers.map((gpu) => ({ tier: gpu.tier, gpu })))('$tier', ({ gpu }) => {
  const tolerance = toleranceOf(gpu);

  test.each([
    { what: 'one row and one key', ...square(1, 1, 1, 64) },
    { what: 'an odd length', ...square(77, 2, 1, 64) },
    { what: 'dim 8', ...square(65, 1, 1, 8) },
    { what: 'dim 40', ...square(70, 2, 2, 40) },
    { what: 'dim 128 and three queries a group', ...square(100, 3, 1, 128) },
    { what: 'dim 256', ...square(33, 1, 1, 256) },
    { what: 'seven queries a group', ...square(67, 7, 1, 64) },
    { what: '256 tokens', ...square(256, 1, 1, 64) },
    { what: 'a past of 45 keys', ...square(60, 2, 1, 64), rowPosition: 45, keys: 105 },
    { what: 'room in the cache', ...square(70, 2, 2, 64), room: 90 },
    { what: 'keys that end before the rows', ...square(70, 2, 2, 64), keys: 40, room: 90 },
    {
      what: 'keys that end before the row block',
      ...square(70, 1, 1, 64),
      rowPosition: 100,
      keys: 40,
      room: 90,
    },
    { what: 'KV heads in ranges of their own', ...square(70, 6, 2, 64), ranges: true },
  ])('dense equals its reference: $what', async (shape) => {
    const { actual, expected } = await run(gpu, shape);
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
  });

  test('large scores neither overflow nor lose the sharpest key', async () => {
    const { actual, expected } = await run(gpu, { ...square(70, 1, 1, 64), sharpness: 60 });
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
  });

  test('rows whose largest score grows from tile to tile, by little and by much', async () => {
    const { actual, expected } = await run(gpu, { ...square(256, 1, 1, 64), growth: 8 });
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
  });

  test('a full index equals dense, for tiles of any dispatch split', async () => {
    const shape = square(200, 2, 1, 64);
    const full = (_: number, block: number): BlockList => ({
      tiles: Array.from({ length: block + 1 }, (__, tile) => tile * 64),
      columns: [],
    });
    const { actual, expected } = await run(gpu, { ...shape, lists: full, step: 1 });
    const whole = await run(gpu, shape);
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
    expect([...actual]).toEqual([...whole.actual]);
  });

  test('tiles of any alignment, columns and dense heads, mixed', async () => {
    const lists = (head: number, block: number): BlockList => {
      if (head === 1) return 'dense';
      const last = block * 64;
      return {
        tiles: [last + 7],
        columns: [0, 3, 5].filter((key) => key < last).concat(last > 0 ? [last - 2] : []),
      };
    };
    // The tile at +7 leaves rows 0 to 6 of the first block without any key, and reaches past the last key.
    const { actual, expected } = await run(gpu, { ...square(150, 2, 2, 64), lists });
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
    expect([...actual.subarray(0, 64)].every((value) => value === 0)).toBe(true);
  });

  test('more than 64 columns, no tiles', async () => {
    const columns = Array.from({ length: 75 }, (_, at) => at * 2 + (at % 3 === 0 ? 1 : 0));
    const lists = (_: number, block: number): BlockList => ({
      tiles: [],
      columns: columns.filter((key) => key < 180 + block * 64),
    });
    const { actual, expected } = await run(gpu, {
      ...square(70, 1, 1, 64),
      rowPosition: 180,
      keys: 250,
      lists,
    });
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
  });

  test('an empty index gives zeros, not NaN', async () => {
    const { actual } = await run(gpu, { ...square(70, 1, 1, 64), lists: () => ({ tiles: [], columns: [] }) });
    expect(actual.every((value) => value === 0)).toBe(true);
  });

  test('tiles and columns past the last key are not seen', async () => {
    // One tile holds the last key, the next lies after it, and so do 34 of the columns, which fill their group of 64.
    const columns = Array.from({ length: 64 }, (_, at) => (at < 30 ? at : at + 64));
    const lists = (): BlockList => ({ tiles: [30, 128], columns });
    const shape = { ...square(70, 2, 2, 64), rowPosition: 180, keys: 80, room: 200, lists };
    const { actual, expected } = await run(gpu, shape);
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
  });

  test('what is listed twice counts twice: the kernel sums what the lists say', async () => {
    const twice = (): BlockList => ({ tiles: [0, 32], columns: [5, 100] });
    const shape = { ...square(64, 1, 1, 64), rowPosition: 128, keys: 192 };
    const { actual, expected } = await run(gpu, { ...shape, lists: twice });
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
    const once = (): BlockList => ({ tiles: [0, 64], columns: [] });
    const { expected: different } = await run(gpu, { ...shape, lists: once });
    expect(worstError(actual, different, tolerance)).toBeGreaterThan(1);
  });
});

// Adapters without subgroup matrices have none of these cases; the tiers above show which ones they have.
const sharings = [
  { what: 'half the keys and dims a subgroup', headDim: 40, sharing: { subCols: 2 } },
  { what: 'two rows of fragments a subgroup', headDim: 24, sharing: { subRows: 4 } },
  { what: '16 keys a step', headDim: 16, sharing: { stepKeys: 16 } },
].flatMap(({ sharing, ...rest }) =>
  tiers
    .filter(({ tier }) => tier === 'subgroup-matrix')
    .flatMap((gpu) => {
      const spec = tileAttentionMatrixSpec(rest.headDim, gpu.capabilities, sharing);
      return spec ? [{ ...rest, gpu, spec }] : [];
    }),
);

test.each(sharings)('subgroup matrices: $what', async ({ gpu, headDim, spec }) => {
  const lists = (head: number, block: number): BlockList =>
    head === 1 ? 'dense' : { tiles: [block * 64 + 7], columns: [0, 3, 5] };
  const pipeline = await gpu.pipelines.get(tileAttentionMatrix, spec);
  const { actual, expected } = await run(gpu, { ...square(150, 2, 1, headDim), lists }, pipeline);
  expect(worstError(actual, expected, toleranceOf(gpu))).toBeLessThanOrEqual(1);
});

test('the inputs are not degenerate: rows neither uniform nor one-hot', () => {
  // With the identity for V the reference gives the softmax itself.
  const v = Float32Array.from({ length: 64 * 64 }, (_, at) => Number(at % 65 === 0));
  const shape = square(64, 1, 1, 64);
  const rows = tileAttentionReference(normals(4096, 11, 1.5), normals(4096, 12), v, shape, dense);
  const largest = Array.from({ length: 32 }, (_, row) =>
    Math.max(...rows.subarray((row + 32) * 64, (row + 33) * 64)),
  );
  expect(Math.min(...largest)).toBeGreaterThan(2 / 64);
  expect(largest.filter((share) => share < 0.9).length).toBeGreaterThan(24);
});

// The tiers choose by adapter; these must be right on every adapter that has room for them, the first two in f32 too.
const mixed = (head: number, block: number): BlockList =>
  head === 1
    ? 'dense'
    : {
        tiles: block > 0 ? [0, block * 64 + 7] : [7],
        columns: Array.from({ length: 75 }, (_, at) => 64 + at).filter((key) => key < block * 64),
      };
const shapes = [
  { what: 'one row and one key', ...square(1, 1, 1, 32) },
  { what: 'dim 8, an odd length', ...square(77, 2, 1, 8) },
  { what: 'dim 32, past and room', ...square(60, 2, 1, 32), rowPosition: 45, keys: 105, room: 30 },
  { what: 'dim 32, scores that grow', ...square(256, 1, 1, 32), growth: 8 },
  { what: 'dim 32, large scores', ...square(70, 1, 1, 32), sharpness: 60 },
  { what: 'dim 32, lists', ...square(330, 2, 2, 32), lists: mixed },
  { what: 'dim 64, lists', ...square(330, 2, 1, 64), lists: mixed },
  { what: 'dim 40, keys that end before the rows', ...square(70, 2, 2, 40), keys: 40, room: 90 },
];
const whole = { kernel: 'whole', of: tileAttentionWhole, specOf: tileAttentionWholeSpec };
const sliced = { kernel: 'sliced', of: tileAttention, specOf: tileAttentionSpec };
const byMatrices = [
  { kernel: 'matrices', of: tileAttentionMatrix, specOf: tileAttentionMatrixSpec },
  { kernel: 'named matrices', of: tileAttentionNamed, specOf: tileAttentionNamedSpec },
];
// The portable tier's kernel is the sliced one, above.
const kernels = tiers.flatMap((gpu) =>
  [
    whole,
    ...(gpu.tier === 'portable' ? [] : [sliced]),
    ...(gpu.tier === 'subgroup-matrix' ? byMatrices : []),
  ].map(({ kernel, of, specOf }) => ({ kernel, of, specOf, gpu, tier: gpu.tier })),
);

describe.each(kernels)('$kernel, $tier', ({ gpu, of, specOf }) => {
  test.each(shapes.filter(({ headDim }) => specOf(headDim, gpu.capabilities)))('$what', async (shape) => {
    const pipeline = await gpu.pipelines.get(of, specOf(shape.headDim, gpu.capabilities) ?? {});
    const { actual, expected } = await run(gpu, shape, pipeline);
    // Here f32 kernels, too, may keep P as f16: 2^-11 of values around 1.
    const tolerance = of === tileAttentionWhole ? { rtol: 2 ** -9, atol: 3e-3 } : toleranceOf(gpu);
    expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
  });
});
