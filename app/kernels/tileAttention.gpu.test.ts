import { expect, test } from 'vitest';
import { Recorder } from '../gpu/recorder';
import {
  allocateActivations,
  downloadActivations,
  normals,
  testGpu,
  uploadHalf,
  uploadU32,
  worstError,
} from '../gpu/testing';
import { tileAttentionReference, type AttentionShape, type BlockList } from '../reference/tileAttention';
import { DENSE_TILES, recordTileAttention, tileAttention, tileAttentionSpec } from './tileAttention';

// Inputs are exact f16, sums f32; the output is rounded to f16, 2^-11 relative. P and V products of magnitude 1 add
// rounding of about 1e-6, far below.
const tolerance = { rtol: 2 ** -10, atol: 2e-4 };

interface Case extends AttentionShape {
  lists?: (head: number, block: number) => BlockList;
  /** Row blocks per dispatch; all at once if left out. */
  step?: number;
  /** Scale of q: large values make the softmax sharp. */
  sharpness?: number;
}

const dense = (): BlockList => 'dense';

async function run(shape: Case): Promise<{ actual: Float32Array; expected: Float64Array }> {
  const gpu = await testGpu();
  const { rows, keys, heads, kvHeads, headDim } = shape;
  const q = normals(heads * rows * headDim, 11, shape.sharpness ?? 1.5);
  const k = normals(kvHeads * keys * headDim, 12);
  const v = normals(kvHeads * keys * headDim, 13);
  const lists = shape.lists ?? dense;
  const rowBlocks = Math.ceil(rows / 64);
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

  const pipeline = await gpu.pipelines.get(tileAttention, tileAttentionSpec(headDim));
  const recorder = new Recorder(gpu);
  const out = allocateActivations(gpu, rows * heads * headDim);
  const buffers = {
    q: uploadHalf(gpu, q),
    k: uploadHalf(gpu, k),
    v: uploadHalf(gpu, v),
    counts: uploadU32(gpu, counts),
    tiles: uploadU32(gpu, tiles),
    columns: uploadU32(gpu, columns),
    out,
  };
  const step = shape.step ?? rowBlocks;
  for (let firstRowBlock = 0; firstRowBlock < rowBlocks; firstRowBlock += step) {
    recordTileAttention(
      recorder,
      pipeline,
      buffers,
      {
        ...shape,
        firstRowBlock,
        rowBlocks: Math.min(step, rowBlocks - firstRowBlock),
        qStride: rows,
        keyStride: keys,
        headBase: 0,
        totalHeads: heads,
        group: heads / kvHeads,
        index: shape.lists ? { rowBlocks, tileCapacity, columnCapacity } : null,
        flops: 0,
      },
      'test',
    );
  }
  await recorder.drain();
  await recorder.destroy();
  const actual = await downloadActivations(gpu, out, rows * heads * headDim);
  for (const buffer of Object.values(buffers)) gpu.memory.release(buffer);
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
])('dense equals its reference: $what', async (shape) => {
  const { actual, expected } = await run(shape);
  expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
});

test('large scores neither overflow nor lose the sharpest key', async () => {
  const { actual, expected } = await run({ ...square(70, 1, 1, 64), sharpness: 60 });
  expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
});

test('a full index equals dense, for tiles of any dispatch split', async () => {
  const shape = square(200, 2, 1, 64);
  const full = (_: number, block: number): BlockList => ({
    tiles: Array.from({ length: block + 1 }, (__, tile) => tile * 64),
    columns: [],
  });
  const { actual, expected } = await run({ ...shape, lists: full, step: 1 });
  const whole = await run(shape);
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
  const { actual, expected } = await run({ ...square(150, 2, 2, 64), lists });
  expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
  expect([...actual.subarray(0, 64)].every((value) => value === 0)).toBe(true);
});

test('more than 64 columns, no tiles', async () => {
  const columns = Array.from({ length: 75 }, (_, at) => at * 2 + (at % 3 === 0 ? 1 : 0));
  const lists = (_: number, block: number): BlockList => ({
    tiles: [],
    columns: columns.filter((key) => key < 180 + block * 64),
  });
  const { actual, expected } = await run({ ...square(70, 1, 1, 64), rowPosition: 180, keys: 250, lists });
  expect(worstError(actual, expected, tolerance)).toBeLessThanOrEqual(1);
});

test('an empty index gives zeros, not NaN', async () => {
  const { actual } = await run({ ...square(70, 1, 1, 64), lists: () => ({ tiles: [], columns: [] }) });
  expect(actual.every((value) => value === 0)).toBe(true);
});

test('the inputs are not degenerate: dense rows neither uniform nor one-hot', () => {
  const [q, k] = [normals(64, 11, 1.5), normals(64 * 64, 12)];
  const scores = Array.from({ length: 64 }, (_, key) => {
    let dot = 0;
    for (let d = 0; d < 64; d++) dot += (q[d] ?? NaN) * (k[key * 64 + d] ?? NaN);
    return Math.exp(dot / 8);
  });
  const share = Math.max(...scores) / scores.reduce((sum, score) => sum + score, 0);
  expect(share).toBeGreaterThan(2 / 64);
  expect(share).toBeLessThan(0.9);
});
