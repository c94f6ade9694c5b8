import { afterEach, expect, test } from 'vitest';
import type { Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import { downloadF32, normals, testGpu, uploadF32, uploadHalf, uploadU32, worstError } from '../gpu/testing';
import { keyMassReference } from '../reference/keyMass';
import { coveredKeys, type AttentionShape, type BlockList } from '../reference/tileAttention';
import { keyBins } from './keyCoverage';
import { keyMass, recordKeyMass } from './keyMass';
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
  /** First row that counts: all from it on, which may be two row blocks. */
  firstRow: number;
  most?: number;
  /** One dispatch a query head. */
  split?: boolean;
}

/** [head][bin] of mass, kept and pairs, from the kernel and the reference. */
async function run(data: Case) {
  const gpu = await testGpu();
  const { heads, kvHeads, headDim, rows, rowPosition, keys, lists, firstRow } = data;
  const rowBlocks = Math.ceil(rows / 64);
  const q = normals(heads * rows * headDim, 31, 1.5);
  const k = normals(kvHeads * keys * headDim, 32);
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
  const bins = keyBins(keys, data.most ?? 2_048);
  const bound = {
    q: keep(gpu, uploadHalf(gpu, q)),
    counts: keep(gpu, uploadU32(gpu, counts)),
    tiles: keep(gpu, uploadU32(gpu, tiles)),
    columns: keep(gpu, uploadU32(gpu, columns)),
    masses: keep(gpu, gpu.memory.allocate('masses', heads * 64 * 8)),
  };
  const kBuffer = keep(gpu, uploadHalf(gpu, k));
  const sums = keep(gpu, uploadF32(gpu, new Float32Array(heads * bins.bins * 4)));
  const [mass, byKey] = await Promise.all([gpu.pipelines.get(sampledMass), gpu.pipelines.get(keyMass)]);
  const recorder = new Recorder(gpu);
  const step = data.split ? 1 : heads;
  for (let rowBlock = Math.floor(firstRow / 64); rowBlock < rowBlocks; rowBlock++) {
    for (let headBase = 0; headBase < heads; headBase += step) {
      const offset = Math.floor(headBase / (heads / kvHeads)) * keys * headDim * 2;
      const shape = {
        rows,
        rowPosition,
        keys,
        rowBlock,
        qStride: rows,
        keyStride: keys,
        heads: step,
        headBase,
        group: heads / kvHeads,
        headDim,
        flops: 0,
      };
      const given = { ...bound, k: { buffer: kBuffer, offset } };
      recordSampledMass(recorder, mass, given, { ...shape, index: null }, 'test');
      const index = { rowBlocks, tileCapacity, columnCapacity };
      const first = Math.max(0, firstRow - rowBlock * 64);
      recordKeyMass(
        recorder,
        byKey,
        { ...given, sums },
        { ...shape, ...bins, firstRow: first, index },
        'test',
      );
    }
  }
  await recorder.drain();
  await recorder.destroy();
  const actual = await downloadF32(gpu, sums, heads * bins.bins * 4);
  const expected = keyMassReference(q, k, data, bins, (head, row) =>
    coveredKeys(lists(head, Math.floor(row / 64)), Math.min(rowPosition + row, keys - 1)),
  );
  const column = (at: number): number[] => [...actual].filter((_, index) => index % 4 === at);
  const flat = expected.flat();
  return {
    ...bins,
    actual: { mass: column(0), kept: column(1), pairs: column(2) },
    expected: {
      mass: flat.map(({ mass: value }) => value),
      kept: flat.map(({ kept }) => kept),
      pairs: flat.map(({ pairs }) => pairs),
    },
  };
}

function expectSame({ actual, expected }: Awaited<ReturnType<typeof run>>): void {
  // Exponents of magnitude 10 in f32 are right to about 1e-6, and probabilities with them.
  const tolerance = { rtol: 3e-5, atol: 1e-6 };
  expect(actual.pairs).toEqual(expected.pairs);
  expect(worstError(actual.mass, expected.mass, tolerance)).toBeLessThan(1);
  expect(worstError(actual.kept, expected.kept, tolerance)).toBeLessThan(1);
}

const mixed = (head: number, block: number): BlockList => {
  if (head === 1) return 'dense';
  const last = block * 64;
  const columns = Array.from({ length: 40 }, (_, at) => 90 + at * 3).filter((key) => key < last);
  return { tiles: last > 96 ? [5, last] : [last], columns: head === 0 ? columns : [] };
};

test.each([
  { what: 'one row', rows: 1, firstRow: 0, heads: 1, kvHeads: 1, headDim: 8 },
  { what: 'an odd length, two row blocks', rows: 217, firstRow: 153, heads: 3, kvHeads: 1, headDim: 32 },
  { what: 'bins of 4 keys', rows: 200, firstRow: 136, heads: 2, kvHeads: 2, headDim: 40, most: 60 },
  { what: 'bins wider than a step', rows: 300, firstRow: 290, heads: 2, kvHeads: 1, headDim: 16, most: 2 },
  { what: 'a dispatch a head', rows: 192, firstRow: 128, heads: 4, kvHeads: 2, headDim: 8, split: true },
])('$what: as the reference', async (shape) => {
  const got = await run({ rowPosition: 0, keys: shape.rows, lists: mixed, ...shape });
  expectSame(got);
  const rows = shape.rows - shape.firstRow;
  const total = got.actual.mass.reduce((sum, value) => sum + value, 0);
  expect(total / shape.heads).toBeCloseTo(rows, 3);
  // With several blocks something is left out, or this would prove little.
  const kept = got.actual.kept.reduce((sum, value) => sum + value, 0);
  if (shape.rows > 200) expect(kept).toBeLessThan(0.95 * total);
});

test('a past: unaligned tiles and single keys before it', async () => {
  const lists = (): BlockList => ({ tiles: [100, 164, 250], columns: [0, 7, 99] });
  const shape = { rows: 90, rowPosition: 200, keys: 290, heads: 2, kvHeads: 2, headDim: 16 };
  expectSame(await run({ ...shape, lists, firstRow: 26 }));
});

test('a full index keeps every bin’s mass, an empty one none', async () => {
  const tiles = (block: number): number[] => Array.from({ length: block + 1 }, (_, tile) => tile * 64);
  const shape = { rows: 140, rowPosition: 0, keys: 140, heads: 1, kvHeads: 1, headDim: 16, firstRow: 76 };
  const full = await run({ ...shape, lists: (_, block) => ({ tiles: tiles(block), columns: [] }) });
  const dense = await run({ ...shape, lists: () => 'dense' });
  expect(full.actual).toEqual(dense.actual);
  expect(full.actual.kept).toEqual(full.actual.mass);
  const empty = await run({ ...shape, lists: () => ({ tiles: [], columns: [] }) });
  expect(empty.actual.kept.every((value) => value === 0)).toBe(true);
  expect(empty.actual.pairs.every((value) => value === 0)).toBe(true);
  expect(empty.actual.mass).toEqual(full.actual.mass);
});
