import { expect, test } from 'vitest';
import { Recorder } from '../gpu/recorder';
import { downloadU32, seeded, testGpu, uploadU32 } from '../gpu/testing';
import { keyCoverageReference } from '../reference/keyCoverage';
import { coveredKeys, type BlockList } from '../reference/tileAttention';
import { keyBins, keyCoverage, recordKeyCoverage } from './keyCoverage';
import { DENSE_TILES } from './tileAttention';

test('bins are single keys where there is room, then powers of two', () => {
  expect(keyBins(1)).toEqual({ keysPerBin: 1, bins: 1 });
  expect(keyBins(2_048)).toEqual({ keysPerBin: 1, bins: 2_048 });
  expect(keyBins(2_049)).toEqual({ keysPerBin: 2, bins: 1_025 });
  expect(keyBins(2 ** 20)).toEqual({ keysPerBin: 512, bins: 2_048 });
});

interface Case {
  rows: number;
  rowPosition?: number;
  most?: number;
  lists: readonly ((block: number) => BlockList)[];
}

/** Sums of two layers, of which the second is counted, in chunks of five row blocks; and what the reference counts. */
async function count({ rows, rowPosition = 0, most = 2_048, lists }: Case) {
  const gpu = await testGpu();
  const bins = keyBins(rowPosition + rows, most);
  const sums = uploadU32(gpu, new Uint32Array(bins.bins * 2));
  const pipeline = await gpu.pipelines.get(keyCoverage);
  const recorder = new Recorder(gpu);
  const buffers: GPUBuffer[] = [sums];
  for (let first = 0; first < rows; first += 320) {
    const chunk = Math.min(320, rows - first);
    const rowBlocks = Math.ceil(chunk / 64);
    const all = lists.flatMap((of) =>
      Array.from({ length: rowBlocks }, (_, block) => of(first / 64 + block)),
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
    const bound = {
      counts: uploadU32(gpu, counts),
      tiles: uploadU32(gpu, tiles),
      columns: uploadU32(gpu, columns),
      sums,
    };
    buffers.push(bound.counts, bound.tiles, bound.columns);
    recordKeyCoverage(
      recorder,
      pipeline,
      bound,
      {
        ...bins,
        rows: chunk,
        rowPosition: rowPosition + first,
        heads: lists.length,
        firstSum: 1,
        index: { rowBlocks, tileCapacity, columnCapacity },
      },
      'test',
    );
  }
  await recorder.drain();
  await recorder.destroy();
  const all = await downloadU32(gpu, sums, bins.bins * 2);
  for (const buffer of buffers) gpu.memory.release(buffer);
  expect(all.subarray(0, bins.bins).every((value) => value === 0)).toBe(true);
  const expected = Array.from({ length: bins.bins }, () => 0);
  for (const of of lists) {
    const last = (block: number): number => rowPosition + Math.min(block * 64 + 64, rows) - 1;
    keyCoverageReference(Math.ceil(rows / 64), bins, (block) => coveredKeys(of(block), last(block))).forEach(
      (value, bin) => {
        expected[bin] = (expected[bin] ?? NaN) + value;
      },
    );
  }
  return { actual: [...all.subarray(bins.bins)], expected };
}

const random = seeded(3);
/** The block's own tile, some before it at any alignment, and single keys. */
const scattered = (block: number): BlockList => ({
  tiles: [
    ...Array.from({ length: Math.max(0, block - 1) }, (_, tile) => tile * 64 + 17).filter(
      () => random() < 0.3,
    ),
    block * 64,
  ],
  columns: Array.from({ length: 17 }, (_, key) => key).filter((key) => key < block * 64 && key % 3 === 0),
});
const fixed = Array.from({ length: 40 }, (_, block) => scattered(block));
const given = (block: number): BlockList => fixed[block] ?? 'dense';

test.each<{ what: string; data: Case }>([
  { what: 'one row', data: { rows: 1, lists: [given] } },
  {
    what: 'an odd length, a bin a key, dense heads',
    data: { rows: 331, lists: [given, () => 'dense', given] },
  },
  { what: 'bins of 8 keys', data: { rows: 700, most: 100, lists: [given, given] } },
  {
    what: 'bins wider than a tile, more row blocks than a workgroup takes',
    data: { rows: 2_500, most: 20, lists: [given] },
  },
  {
    what: 'a past',
    data: { rows: 90, rowPosition: 200, lists: [() => ({ tiles: [100, 190, 254], columns: [0, 7] })] },
  },
])('$what: as the reference', async ({ data }) => {
  const { actual, expected } = await count(data);
  expect(actual).toEqual(expected);
  expect(Math.max(...actual)).toBeGreaterThan(0);
});

test('an empty index covers nothing; a full one as much as none', async () => {
  const empty = await count({ rows: 130, lists: [() => ({ tiles: [], columns: [] })] });
  expect(empty.actual.every((value) => value === 0)).toBe(true);
  const tiles = (block: number): number[] => Array.from({ length: block + 1 }, (_, tile) => tile * 64);
  const full = await count({ rows: 200, lists: [(block) => ({ tiles: tiles(block), columns: [] })] });
  const dense = await count({ rows: 200, lists: [() => 'dense'] });
  expect(full.actual).toEqual(dense.actual);
  // Key 0 is before all four row blocks, the last key in the last alone.
  expect([dense.actual[0], dense.actual[199]]).toEqual([4, 1]);
});
