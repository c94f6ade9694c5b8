/** What sampled rows keep of their softmax mass, and what that does to their output, against the references. */
import { afterEach, expect, test } from 'vitest';
import type { Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import { downloadF32, normals, testGpu, uploadF32, uploadHalf, uploadU32, worstError } from '../gpu/testing';
import { sampledErrorReference } from '../reference/sampledError';
import { recallReference, sampledMassReference } from '../reference/sampledMass';
import {
  coveredKeys,
  tileAttentionReference,
  type AttentionShape,
  type BlockList,
} from '../reference/tileAttention';
import { recordSampledError, sampledError } from './sampledError';
import { recordSampledMass, sampledMass } from './sampledMass';
import { DENSE_TILES } from './tileAttention';

let live: { gpu: Gpu; buffers: GPUBuffer[] } | null = null;
afterEach(() => {
  live?.buffers.forEach((buffer) => {
    live?.gpu.memory.release(buffer);
  });
  live = null;
});

function keep(gpu: Gpu, buffer: GPUBuffer): GPUBuffer {
  live ??= { gpu, buffers: [] };
  live.buffers.push(buffer);
  return buffer;
}

interface Case extends AttentionShape {
  lists: (head: number, block: number) => BlockList;
  block: number;
  /** Rows of the cache after the valid keys. */
  room?: number;
  /** One dispatch a query head, as where one for all would be too long. */
  split?: boolean;
  /** Parts of the dense walk. */
  parts?: number;
  values?: Float32Array;
}

interface Outcome {
  /** [head][live row] */
  recall: number[][];
  expected: number[][];
  /** [head]: mass, squared error, squared norm, tiles, added twice. */
  sums: number[][];
  expectedSums: number[][];
}

function upload(gpu: Gpu, data: Case) {
  const { heads, kvHeads, headDim, rows, keys, lists } = data;
  const rowBlocks = Math.ceil(rows / 64);
  const keyStride = keys + (data.room ?? 0);
  const q = normals(heads * rows * headDim, 21, 1.5);
  const k = normals(kvHeads * keys * headDim, 22);
  const cache = new Float32Array(kvHeads * keyStride * headDim).fill(500);
  for (let kvHead = 0; kvHead < kvHeads; kvHead++)
    cache.set(
      k.subarray(kvHead * keys * headDim, (kvHead + 1) * keys * headDim),
      kvHead * keyStride * headDim,
    );
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
  return {
    q,
    k,
    keyStride,
    index: { rowBlocks, tileCapacity, columnCapacity },
    buffers: {
      q: keep(gpu, uploadHalf(gpu, q)),
      k: keep(gpu, uploadHalf(gpu, cache)),
      counts: keep(gpu, uploadU32(gpu, counts)),
      tiles: keep(gpu, uploadU32(gpu, tiles)),
      columns: keep(gpu, uploadU32(gpu, columns)),
    },
  };
}

async function run(data: Case): Promise<Outcome> {
  const gpu = await testGpu();
  const { heads, kvHeads, headDim, rows, rowPosition, keys, block, parts = 1 } = data;
  const { q, k, keyStride, index, buffers } = upload(gpu, data);
  const group = heads / kvHeads;
  const recorder = new Recorder(gpu);
  const masses = {
    sparse: keep(gpu, gpu.memory.allocate('sparse', heads * 64 * 8)),
    dense: keep(gpu, gpu.memory.allocate('dense', parts * heads * 64 * 8)),
  };
  const massPipeline = await gpu.pipelines.get(sampledMass);
  const step = data.split ? 1 : heads;
  for (const [name, given] of [
    ['sparse', index],
    ['dense', null],
  ] as const) {
    for (let headBase = 0; headBase < heads; headBase += step) {
      const offset = Math.floor(headBase / group) * keyStride * headDim * 2;
      const bound = { ...buffers, k: { buffer: buffers.k, offset }, masses: masses[name] };
      recordSampledMass(
        recorder,
        massPipeline,
        bound,
        {
          rows,
          rowPosition,
          keys,
          keyStride,
          headBase,
          group,
          headDim,
          rowBlock: block,
          qStride: rows,
          heads: step,
          index: given,
          ...(given === null && { splits: { count: parts, stride: heads * 64 } }),
          flops: 0,
        },
        'test',
      );
    }
  }

  // Outputs from the reference, so that this kernel alone is at stake.
  const v = normals(kvHeads * keys * headDim, 23);
  const attend = (lists: Case['lists']) => Float32Array.from(tileAttentionReference(q, k, v, data, lists));
  const outputs = { sparse: attend(data.lists), dense: attend(() => 'dense') };
  const sums = keep(gpu, uploadF32(gpu, new Float32Array((heads + 1) * 4)));
  const error = await gpu.pipelines.get(sampledError);
  const causalTiles = Math.ceil(Math.min(keys, rowPosition + Math.min(rows, (block + 1) * 64)) / 64);
  const outBuffers = {
    sparse_out: keep(gpu, uploadF32(gpu, outputs.sparse)),
    dense_out: keep(gpu, uploadF32(gpu, outputs.dense)),
  };
  // Twice: the sums are added to.
  for (let time = 0; time < 2; time++) {
    recordSampledError(
      recorder,
      error,
      {
        sparse_masses: masses.sparse,
        dense_masses: masses.dense,
        ...outBuffers,
        counts: buffers.counts,
        sums,
      },
      { rows, rowBlock: block, causalTiles, heads, headDim, firstSum: 1, index, splits: parts },
      'test',
    );
  }
  await recorder.drain();
  await recorder.destroy();

  const seen = (lists: Case['lists']) => (head: number, row: number) =>
    coveredKeys(lists(head, Math.floor(row / 64)), Math.min(rowPosition + row, keys - 1));
  const sparse = sampledMassReference(q, k, data, seen(data.lists));
  const dense = sampledMassReference(
    q,
    k,
    data,
    seen(() => 'dense'),
  );
  const actual = {
    sparse: await downloadF32(gpu, masses.sparse, heads * 128),
    dense: await downloadF32(gpu, masses.dense, parts * heads * 128),
  };
  const liveRows = Math.min(64, rows - block * 64);
  const massOf = (values: Float32Array, head: number, row: number) => {
    const at = (head * 64 + row) * 2;
    return { largest: values[at] ?? NaN, sum: values[at + 1] ?? NaN };
  };
  const wholeOf = (head: number, row: number) => {
    const all = Array.from({ length: parts }, (_, part) => massOf(actual.dense, part * heads + head, row));
    const largest = Math.max(...all.map((one) => one.largest));
    return { largest, sum: all.reduce((sum, one) => sum + one.sum * 2 ** (one.largest - largest), 0) };
  };
  const each = (of: (head: number, row: number) => number): number[][] =>
    Array.from({ length: heads }, (_, head) => Array.from({ length: liveRows }, (__, row) => of(head, row)));
  const expected = each((head, row) => {
    const at = block * 64 + row;
    const none = { largest: NaN, sum: NaN };
    return recallReference(sparse[head]?.[at] ?? none, dense[head]?.[at] ?? none);
  });
  const allSums = await downloadF32(gpu, sums, (heads + 1) * 4);
  // What stands before `firstSum` is another layer's.
  expect([...allSums.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
  return {
    recall: each((head, row) => recallReference(massOf(actual.sparse, head, row), wholeOf(head, row))),
    expected,
    sums: Array.from({ length: heads }, (_, head) => [...allSums.subarray((head + 1) * 4, (head + 2) * 4)]),
    expectedSums: Array.from({ length: heads }, (_, head) => {
      const shape = { firstRow: block * 64, rows: liveRows, heads, headDim };
      const { error: squared, norm } = sampledErrorReference(outputs.sparse, outputs.dense, shape, head);
      const list = data.lists(head, block);
      const tiles = list === 'dense' ? causalTiles : list.tiles.length + Math.ceil(list.columns.length / 64);
      const mass = expected[head]?.reduce((total, value) => total + value, 0) ?? NaN;
      return [mass, squared, norm, tiles].map((value) => value * 2);
    }),
  };
}

// Scores of magnitude 5 in f32 are right to about 1e-6, and so are the ratios of their sums.
const tolerance = { rtol: 2e-5, atol: 1e-6 };

const mixed = (head: number, block: number): BlockList => {
  if (head === 1) return 'dense';
  const last = block * 64;
  const columns = Array.from({ length: 140 }, (_, at) => 64 + at * 2 + (at % 3 === 0 ? 1 : 0));
  return {
    tiles: head === 0 ? [0, last] : [last],
    columns: (head === 0 ? columns : [3, 5]).filter((key) => key < last),
  };
};

test.each([
  { what: 'the last block of an odd length', rows: 330, heads: 2, kvHeads: 1, headDim: 64, block: 5 },
  { what: 'a first block, three heads a group', rows: 70, heads: 6, kvHeads: 2, headDim: 32, block: 0 },
  { what: 'dim 40, seven heads a group', rows: 200, heads: 7, kvHeads: 1, headDim: 40, block: 2 },
  { what: 'a dispatch a head', rows: 200, heads: 4, kvHeads: 2, headDim: 8, block: 2, room: 56, split: true },
  { what: 'all keys in three parts', rows: 460, heads: 2, kvHeads: 1, headDim: 64, block: 6, parts: 3 },
  { what: 'more parts than steps', rows: 200, heads: 3, kvHeads: 1, headDim: 16, block: 1, parts: 5 },
  { what: 'dim 256 and room', rows: 131, heads: 1, kvHeads: 1, headDim: 256, block: 2, room: 61 },
])('tiles, columns and dense heads: $what', async (shape) => {
  const got = await run({ rowPosition: 0, keys: shape.rows, lists: mixed, ...shape });
  if (shape.rows > 70) expect(Math.min(...got.expected.flat())).toBeLessThan(0.9);
  got.recall.forEach((rows, head) => {
    rows.forEach((value, row) => {
      const wanted = got.expected[head]?.[row] ?? NaN;
      expect(Math.abs(value - wanted)).toBeLessThan(tolerance.atol + tolerance.rtol * wanted);
    });
  });
  expect(worstError(got.sums.flat(), got.expectedSums.flat(), tolerance)).toBeLessThan(1);
});

test('a past: unaligned tiles and columns before it', async () => {
  const lists = (): BlockList => ({ tiles: [100, 164, 250], columns: [0, 7, 99] });
  const shape = { rows: 90, rowPosition: 200, keys: 290, heads: 2, kvHeads: 2, headDim: 64, block: 1 };
  const got = await run({ ...shape, lists });
  expect(worstError(got.recall.flat(), got.expected.flat(), tolerance)).toBeLessThan(1);
  expect(worstError(got.sums.flat(), got.expectedSums.flat(), tolerance)).toBeLessThan(1);
});

test('a full index keeps all, exactly, and errs by nothing', async () => {
  const lists = (_: number, block: number): BlockList => ({
    tiles: Array.from({ length: block + 1 }, (__, tile) => tile * 64),
    columns: [],
  });
  const shape = { rows: 199, rowPosition: 0, keys: 199, heads: 2, kvHeads: 1, headDim: 64 };
  const { recall, sums } = await run({ ...shape, lists, block: 3 });
  expect(recall.flat().every((value) => value === 1)).toBe(true);
  for (const [mass, error, norm, tiles] of sums) {
    expect([mass, error, tiles]).toEqual([2 * 7, 0, 2 * 4]);
    expect(norm).toBeGreaterThan(0);
  }
});

test('a row that sees no key keeps nothing', async () => {
  const lists = (): BlockList => ({ tiles: [32], columns: [] });
  const shape = { rows: 64, rowPosition: 0, keys: 64, heads: 1, kvHeads: 1, headDim: 16 };
  const { recall, expected } = await run({ ...shape, lists, block: 0 });
  expect(recall[0]?.slice(0, 32).every((value) => value === 0)).toBe(true);
  expect(worstError(recall.flat(), expected.flat(), tolerance)).toBeLessThan(1);
});
