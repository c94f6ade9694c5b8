import { describe, expect, test } from 'vitest';
import type { Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import {
  allocateActivations,
  downloadActivations,
  normals,
  runKernel,
  seeded,
  testGpu,
  testTiers,
  uploadActivations,
  uploadF32,
  uploadHalf,
  worstError,
} from '../gpu/testing';
import { mergeSplitsReference } from '../reference/mergeSplits';
import { tileAttentionReference } from '../reference/tileAttention';
import { mergeSplits, mergeSplitsSpec, recordMergeSplits, splitBytes, splitsFor } from './mergeSplits';
import { recordTileAttention, tileAttentionPipeline } from './tileAttention';

// Parts and outputs are rounded to f16 at most, 2^-11 relative each; sums are f32.
const merged = { rtol: 2 ** -9, atol: 2e-4 };
// As in tileAttention.gpu.test.ts, and the parts' rounding.
const attendedOn = ({ tier }: Gpu): { rtol: number; atol: number } =>
  tier === 'portable' ? { rtol: 2 ** -10, atol: 2e-4 } : { rtol: 2 ** -8, atol: 3e-3 };

test.each([
  { what: 'one row in two parts', rows: 1, heads: 1, headDim: 64, splits: 2 },
  { what: 'an odd number of rows', rows: 37, heads: 3, headDim: 40, splits: 5 },
  { what: 'dim 8', rows: 5, heads: 1, headDim: 8, splits: 3 },
  { what: 'many parts of dim 256', rows: 9, heads: 2, headDim: 256, splits: 64 },
  { what: 'one part', rows: 64, heads: 2, headDim: 64, splits: 1 },
])('joins parts as its reference does: $what', async ({ rows, heads, headDim, splits }) => {
  const gpu = await testGpu();
  const splitRows = rows + 3;
  const entries = splits * splitRows * heads;
  const random = seeded(41);
  const parts = normals(entries * headDim, 42);
  // Every fifth part is empty, as where a row sees none of its keys; the first row sees no key at all.
  const stats = Float32Array.from({ length: entries * 2 }, (_, at) => {
    const empty = ((at >> 1) % 5 === 4 && splits > 1) || (at >> 1) % (splitRows * heads) < heads;
    if (at % 2 === 0) return empty ? -1e20 : 20 * random() - 10;
    return empty ? 0 : 1 + 63 * random();
  });
  const out = allocateActivations(gpu, (rows + 2) * heads * headDim);
  await runKernel(gpu, mergeSplits, mergeSplitsSpec(headDim), {
    buffers: { parts: uploadActivations(gpu, parts), stats: uploadF32(gpu, stats), out },
    params: {
      rows,
      first_row: 2,
      heads,
      head_base: 0,
      total_heads: heads,
      splits,
      split_rows: splitRows,
    },
    workgroups: [Math.ceil((rows * heads * headDim) / 4 / 64)],
  });
  const expected = mergeSplitsReference(parts, stats, { rows, heads, headDim, splits, splitRows });
  const actual = await downloadActivations(gpu, out, (rows + 2) * heads * headDim);
  const skipped = 2 * heads * headDim;
  if (rows > 1) expect(worstError(actual.subarray(skipped), expected, merged)).toBeLessThanOrEqual(1);
  expect(actual.subarray(0, skipped + heads * headDim).every((value) => value === 0)).toBe(true);
});

interface Case {
  rows: number;
  rowPosition: number;
  keys: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  splits: number;
  /** Row blocks before it are left to other dispatches. */
  firstRowBlock?: number;
  /** Parts of one dispatch; all if left out. */
  step?: number;
}

async function splitAttention(
  gpu: Gpu,
  shape: Case,
): Promise<{ actual: Float32Array; expected: Float64Array }> {
  const { rows, keys, heads, kvHeads, headDim, splits, firstRowBlock = 0 } = shape;
  const q = normals(heads * rows * headDim, 11, 1.5);
  const k = normals(kvHeads * keys * headDim, 12);
  const v = normals(kvHeads * keys * headDim, 13);
  const rowBlocks = Math.ceil(rows / 64) - firstRowBlock;
  const splitRows = rowBlocks * 64;
  const buffers = {
    q: uploadHalf(gpu, q),
    out: allocateActivations(gpu, splits * splitRows * heads * headDim),
    stats: gpu.memory.allocate('stats', splits * splitRows * heads * 8),
  };
  const joined = allocateActivations(gpu, rows * heads * headDim);
  const lists = uploadF32(gpu, new Float32Array(4));
  const attend = await tileAttentionPipeline(gpu, headDim);
  const join = await gpu.pipelines.get(mergeSplits, mergeSplitsSpec(headDim));
  const recorder = new Recorder(gpu);
  const group = heads / kvHeads;
  // Each KV head is a range of the cache with buffers of its own.
  for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
    const [keyRange, valueRange] = [k, v].map((all) =>
      uploadHalf(gpu, all.slice(kvHead * keys * headDim, (kvHead + 1) * keys * headDim)),
    );
    if (!keyRange || !valueRange) throw new Error('unreachable');
    const range = { heads: group, headBase: kvHead * group, totalHeads: heads };
    const step = shape.step ?? splits;
    for (let first = 0; first < splits; first += step) {
      recordTileAttention(
        recorder,
        attend,
        { ...buffers, k: keyRange, v: valueRange, counts: lists, tiles: lists, columns: lists },
        {
          ...shape,
          ...range,
          firstRowBlock,
          rowBlocks,
          qStride: rows,
          keyStride: keys,
          group,
          index: null,
          split: { splits, first, count: Math.min(step, splits - first), rows: splitRows },
          flops: 0,
        },
        'test',
      );
    }
    recordMergeSplits(
      recorder,
      join,
      { parts: buffers.out, stats: buffers.stats, out: joined },
      {
        ...range,
        headDim,
        splits,
        splitRows,
        rows: rows - firstRowBlock * 64,
        firstRow: firstRowBlock * 64,
      },
      'test',
    );
  }
  await recorder.drain();
  await recorder.destroy();
  const skipped = firstRowBlock * 64 * heads * headDim;
  const expected = tileAttentionReference(q, k, v, shape, () => 'dense').subarray(skipped);
  const actual = await downloadActivations(gpu, joined, rows * heads * headDim);
  expect(actual.subarray(0, skipped).every((value) => value === 0)).toBe(true);
  return { actual: actual.subarray(skipped), expected };
}

describe.each((await testTiers()).map((gpu) => ({ tier: gpu.tier, gpu })))('$tier', ({ gpu }) => {
  test.each([
    { what: 'more parts than tiles', rows: 3, rowPosition: 0, keys: 3, heads: 1, kvHeads: 1, headDim: 64 },
    { what: 'an odd length', rows: 77, rowPosition: 0, keys: 77, heads: 2, kvHeads: 1, headDim: 64 },
    {
      what: 'a long past',
      rows: 20,
      rowPosition: 490,
      keys: 510,
      heads: 2,
      kvHeads: 2,
      headDim: 64,
      step: 2,
    },
    { what: 'dim 40 in ranges', rows: 70, rowPosition: 130, keys: 200, heads: 6, kvHeads: 2, headDim: 40 },
    { what: 'dim 128', rows: 33, rowPosition: 200, keys: 233, heads: 1, kvHeads: 1, headDim: 128, step: 1 },
    {
      what: 'the last row block alone',
      rows: 150,
      rowPosition: 0,
      keys: 150,
      heads: 2,
      kvHeads: 1,
      headDim: 64,
    },
    {
      what: 'keys that end before the rows',
      rows: 70,
      rowPosition: 0,
      keys: 40,
      heads: 1,
      kvHeads: 1,
      headDim: 64,
    },
  ])('split attention equals dense: $what', async ({ what, ...shape }) => {
    const firstRowBlock = what === 'the last row block alone' ? 2 : 0;
    const { actual, expected } = await splitAttention(gpu, { ...shape, splits: 3, firstRowBlock });
    expect(worstError(actual, expected, attendedOn(gpu))).toBeLessThanOrEqual(1);
  });
});

test('parts fill the GPU where row blocks are few, and never outgrow their buffers', () => {
  expect(splitsFor(1, 6, 131_072)).toBe(86);
  expect(splitsFor(64, 6, 4096)).toBe(1);
  expect(splitsFor(1, 6, 200)).toBe(1);
  expect(splitsFor(0, 6, 131_072)).toBe(1);
  for (const heads of [1, 6, 14, 32, 128]) {
    for (let blocks = 1; blocks <= 300; blocks++) {
      const splits = splitsFor(blocks, heads, 2 ** 20);
      if (splits > 1)
        expect(splits * blocks * 64 * heads * 64 * 4).toBeLessThanOrEqual(splitBytes(64, 4).parts);
    }
  }
});
