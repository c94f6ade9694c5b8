/** block_sparse, xattention and tri_shape on the GPU: against MInference's own results, and against the references. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import { normals, testGpu, uploadHalf } from '../gpu/testing';
import { aShapeIndexReference } from '../reference/aShapeIndex';
import { blockScoresReference, blockSparseIndexReference } from '../reference/blockSparse';
import type { RowIndex } from '../reference/rowIndex';
import {
  antidiagonalSumsReference,
  xattentionBlocksReference,
  xattentionIndexReference,
} from '../reference/xattention';
import aExpected from './fixtures/a/expected.json?url';
import aK from './fixtures/a/k.f16?url';
import aQ from './fixtures/a/q.f16?url';
import bExpected from './fixtures/b/expected.json?url';
import bK from './fixtures/b/k.f16?url';
import bQ from './fixtures/b/q.f16?url';
import { createPattern } from './pattern';
import { readTileIndex } from './readTileIndex';
import { causalTiles, denseAbove, rowBlocksOf } from './tiles';
import type { CacheRange, Geometry, PatternRequest, PatternStatistics } from './types';

const owned: (() => void)[] = [];
afterEach(() => {
  for (const release of owned.splice(0)) release();
});

function keep(gpu: Gpu, buffer: GPUBuffer): GPUBuffer {
  owned.push(() => gpu.memory.release(buffer));
  return buffer;
}

interface Shape {
  keys: number;
  past?: number;
  heads: number;
  kvHeads: number;
  dim: number;
  chunkRows: number;
  /** One cache binding for each KV head. */
  split?: boolean;
}

interface Case {
  geometry: Geometry;
  /** [head][row][dim] of the prefill's rows, [kv head][key][dim]. */
  q: Float32Array;
  k: Float32Array;
  split: boolean;
}

function caseOf(shape: Shape, seed: number): Case {
  const { keys, heads, kvHeads, dim, chunkRows, split = false } = shape;
  const past = shape.past ?? 0;
  const rows = keys - past;
  const q = normals(heads * rows * dim, seed, 1.2);
  const k = normals(kvHeads * keys * dim, seed + 1, 1.2);
  // Blocks of keys that are liked more than others, so that sums are far apart.
  for (let key = 0; key < kvHeads * keys; key++) {
    const liked = Math.floor((key % keys) / 100) % 3 === 0;
    if (liked) k[key * dim] = Math.f16round((k[key * dim] ?? NaN) + 2);
  }
  for (let row = 0; row < heads * rows; row++)
    q[row * dim] = Math.f16round((q[row * dim] ?? NaN) + 0.05 * (row % 97));
  // A split cache's bindings begin at multiples of 256 bytes.
  const keyStride = Math.ceil(keys / 64) * 64 + 64;
  const sizes = { heads, kvHeads, headDim: dim, layers: 2, keys, past, rows, chunkRows, keyStride };
  return { geometry: sizes, q, k, split };
}

function cachesOf(gpu: Gpu, { geometry, k, split }: Case): CacheRange[] {
  const { heads, kvHeads, headDim, keys, keyStride } = geometry;
  const room = new Float32Array(kvHeads * keyStride * headDim).fill(9);
  for (let head = 0; head < kvHeads; head++)
    room.set(k.subarray(head * keys * headDim, (head + 1) * keys * headDim), head * keyStride * headDim);
  const buffer = keep(gpu, uploadHalf(gpu, room));
  const group = heads / kvHeads;
  const size = keyStride * headDim * 2;
  if (!split) return [{ headBase: 0, heads, kvHeadBase: 0, k: { buffer }, v: { buffer } }];
  return Array.from({ length: kvHeads }, (_, kvHeadBase) => {
    const bound = { buffer, offset: kvHeadBase * size, size };
    return { headBase: kvHeadBase * group, heads: group, kvHeadBase, k: bound, v: bound };
  });
}

type Index = (RowIndex | 'dense')[][];

/** The index [head][row block] that a pattern builds in layer 1, chunk by chunk, and its statistics of that layer. */
async function run(
  gpu: Gpu,
  request: PatternRequest,
  given: Case,
): Promise<{ index: Index; statistics: PatternStatistics }> {
  const { geometry, q } = given;
  const { heads, headDim: dim, rows, chunkRows } = geometry;
  const pattern = await createPattern(
    gpu,
    { ...request, set: { fallback: 'off', ...request.set } },
    geometry,
  );
  owned.push(() => {
    pattern.destroy();
  });
  expect(pattern.note).toBeUndefined();
  const caches = cachesOf(gpu, given);
  const index: Index = Array.from({ length: heads }, () => []);
  for (let first = 0; first < rows; first += chunkRows) {
    const count = Math.min(chunkRows, rows - first);
    // Rows that are not the chunk's lie after it.
    const queryStride = chunkRows + 5;
    const chunk = new Float32Array(heads * queryStride * dim).fill(7);
    for (let head = 0; head < heads; head++)
      chunk.set(
        q.subarray((head * rows + first) * dim, (head * rows + first + count) * dim),
        head * queryStride * dim,
      );
    const queries = keep(gpu, uploadHalf(gpu, chunk));
    const recorder = new Recorder(gpu);
    if (first === 0) pattern.prepareLayer(recorder, { layer: 1, caches, tail: queries });
    const built = pattern.indexRows(recorder, 1, { first, count, queries, queryStride, caches });
    await recorder.drain();
    if (!built) throw new Error('dense');
    (await readTileIndex(gpu, built, heads)).forEach((blocks, head) => index[head]?.push(...blocks));
    await recorder.destroy();
  }
  const statistics = await pattern.statistics();
  return {
    index,
    statistics: { ...statistics, headDensity: statistics.headDensity.slice(statistics.totalHeads / 2) },
  };
}

/** [head] of the references: queries of a head, keys of its KV head. */
function eachHead<Result>(
  { geometry, q, k }: Case,
  one: (q: Float32Array, k: Float32Array) => Result,
): Result[] {
  const { heads, kvHeads, headDim: dim, rows, keys } = geometry;
  return Array.from({ length: heads }, (_, head) => {
    const kvHead = Math.floor(head / (heads / kvHeads));
    return one(
      q.subarray(head * rows * dim, (head + 1) * rows * dim),
      k.subarray(kvHead * keys * dim, (kvHead + 1) * keys * dim),
    );
  });
}

function blockSparseOf(given: Case, topK: number, scaled: boolean): Index {
  const { past, rows, keys, headDim: dim } = given.geometry;
  return eachHead(given, (q, k) =>
    blockScoresReference(q, k, { past, rows, keys, dim }).map((scores, block) =>
      blockSparseIndexReference(past + block * 64, scores, topK, scaled),
    ),
  );
}

function xattentionOf(given: Case, stride: number, threshold: number, late: boolean): Index {
  const { past, rows, keys, headDim: dim } = given.geometry;
  return eachHead(given, (q, k) => {
    const sums = antidiagonalSumsReference(q, k, { past, rows, keys, dim, stride });
    // What the original sorts: the prompt is padded to 2,048 or 4,096 tokens, or longer than its network sorts.
    const sorted = past > 0 || keys > 4096 ? 128 : keys > 2048 ? 32 : 16;
    const blocks = sums.map((row, at) =>
      xattentionBlocksReference(past + at * 128, row, threshold, late, sorted),
    );
    return Array.from({ length: rowBlocksOf(rows) }, (_, block) =>
      xattentionIndexReference(past + block * 64, keys, blocks[Math.floor(block / 2)] ?? []),
    );
  });
}

/** Lists above 70% of the causal tiles become dense. */
function withFallback(index: Index, { past, keys }: Geometry): Index {
  return index.map((rows) =>
    rows.map((row, block) => {
      const causal = Math.ceil(Math.min(past + block * 64 + 64, keys) / 64);
      return row !== 'dense' && row.tiles.length > denseAbove * causal ? 'dense' : row;
    }),
  );
}

function checkStatistics(statistics: PatternStatistics, index: Index, geometry: Geometry): void {
  const { past, keys } = geometry;
  const computed = index.map((rows) =>
    rows.reduce(
      (sum, row, block) =>
        sum +
        (row === 'dense'
          ? Math.ceil(Math.min(past + block * 64 + 64, keys) / 64)
          : row.tiles.length + Math.ceil(row.columns.length / 64)),
      0,
    ),
  );
  statistics.headDensity.forEach((density, head) => {
    expect(density).toBeCloseTo((computed[head] ?? NaN) / causalTiles(geometry), 9);
  });
  expect(statistics.denseHeads).toBe(index.filter((rows) => rows.every((row) => row === 'dense')).length);
}

const shapes: Shape[] = [
  { keys: 1, heads: 1, kvHeads: 1, dim: 8, chunkRows: 64 },
  { keys: 65, heads: 2, kvHeads: 1, dim: 40, chunkRows: 128 },
  { keys: 1000, heads: 4, kvHeads: 2, dim: 16, chunkRows: 384, split: true },
  { keys: 1337, past: 320, heads: 2, kvHeads: 2, dim: 16, chunkRows: 512 },
  { keys: 777, past: 77, heads: 2, kvHeads: 1, dim: 16, chunkRows: 256 },
];

describe.each(shapes)('$keys keys after $past, heads $heads:$kvHeads, chunks of $chunkRows', (shape) => {
  test.each(['classic', 'scaled'] as const)('block_sparse %s', async (budget) => {
    const given = caseOf(shape, shape.keys);
    const set = { budget, topK: 5 };
    const { index, statistics } = await run(await testGpu(), { name: 'block_sparse', set }, given);
    expect(index).toEqual(blockSparseOf(given, 5, budget === 'scaled'));
    checkStatistics(statistics, index, given.geometry);
  });

  test.each([8, 16])('xattention, stride %i', async (stride) => {
    const given = caseOf(shape, shape.keys + stride);
    const set = { stride, threshold: 0.6 };
    const { index, statistics } = await run(await testGpu(), { name: 'xattention', set }, given);
    expect(index).toEqual(xattentionOf(given, stride, 0.6, shape.past === undefined));
    checkStatistics(statistics, index, given.geometry);
  });
});

describe('fallback', () => {
  const given = caseOf({ keys: 5000, heads: 2, kvHeads: 1, dim: 8, chunkRows: 2560 }, 3);
  // Head 1 looks everywhere alike, so that it needs most blocks.
  given.q.fill(0, given.q.length / 2);

  test.each([
    { request: { name: 'xattention', set: { stride: 16, threshold: 0.7 } }, denseHeads: 1 },
    { request: { name: 'xattention', set: { stride: 16, threshold: 0 } }, denseHeads: 0 },
    { request: { name: 'xattention', set: { stride: 16, threshold: 1 } }, denseHeads: 2 },
    { request: { name: 'block_sparse', set: { topK: 30 } }, denseHeads: 0 },
  ] as const)('$request lists above 70% are dense', async ({ request, denseHeads }) => {
    const set = { ...request.set, fallback: 'auto' };
    const { index, statistics } = await run(await testGpu(), { name: request.name, set }, given);
    const listed =
      request.name === 'block_sparse'
        ? blockSparseOf(given, request.set.topK, true)
        : xattentionOf(given, 16, request.set.threshold, true);
    expect(index[0]).toEqual(withFallback(listed, given.geometry)[0]);
    checkStatistics(statistics, index, given.geometry);
    expect(statistics.denseHeads).toBe(denseHeads);
    expect(statistics.totalHeads).toBe(4);
  });
});

// No query: all sums of a row block are equal but the diagonal's, and only their order decides. The original sorts 16, 32
// and more blocks here.
test.each([1000, 2300, 4200])(
  'xattention, %i keys: equal sums go as the original sorts them',
  async (keys) => {
    const given = caseOf({ keys, heads: 1, kvHeads: 1, dim: 8, chunkRows: 2560 }, keys);
    given.q.fill(0);
    const { index } = await run(
      await testGpu(),
      { name: 'xattention', set: { stride: 16, threshold: 0.5 } },
      given,
    );
    expect(index).toEqual(xattentionOf(given, 16, 0.5, true));
  },
);

test('xattention: products beyond the range of f16 are ranked like others', async () => {
  const given = caseOf({ keys: 900, heads: 2, kvHeads: 1, dim: 16, chunkRows: 1024 }, 8);
  // Sums of 256 products of about 1 and 4,000: most strided rows have some above 65,504.
  given.k.forEach((value, at) => (given.k[at] = Math.f16round(value * 4000)));
  for (const stride of [8, 16]) {
    const request = { name: 'xattention', set: { stride, threshold: 0.5 } } as const;
    const { index } = await run(await testGpu(), request, given);
    expect(index).toEqual(xattentionOf(given, stride, 0.5, true));
  }
});

test('with a threshold of 1, or every tile asked for, the index has every tile', async () => {
  const given = caseOf({ keys: 700, heads: 1, kvHeads: 1, dim: 8, chunkRows: 256 }, 9);
  const all = Array.from({ length: 11 }, (_, block) => ({
    tiles: Array.from({ length: block + 1 }, (_tile, tile) => tile * 64),
    columns: [],
  }));
  for (const request of [
    { name: 'xattention', set: { threshold: 1 } },
    { name: 'block_sparse', set: { topK: 11 } },
    { name: 'block_sparse', set: { topK: 11, budget: 'classic' } },
  ] as const)
    expect((await run(await testGpu(), request, given)).index).toEqual([all]);
});

test('an estimate larger than a submit is submitted in parts, and its dispatches are split', async () => {
  const gpu = await testGpu();
  const given = caseOf({ keys: 1100, heads: 2, kvHeads: 1, dim: 16, chunkRows: 1152 }, 5);
  const request = { name: 'xattention', set: { threshold: 0.6 } } as const;
  const submits = vi.spyOn(gpu.device.queue, 'submit');
  // A workgroup is 2 x 64 x 128 x 8 x 16 = 2.1 MFLOP, of which a head has 3 x 2.
  const submitFlops = vi.spyOn(gpu.pacer, 'submitFlops', 'get').mockReturnValue(4e6);
  const dispatchFlops = vi.spyOn(gpu.pacer, 'dispatchFlops', 'get').mockReturnValue(1e6);
  try {
    const { index } = await run(gpu, request, given);
    expect(index).toEqual(xattentionOf(given, 8, 0.6, true));
    // Twelve dispatches in six submits, two more read the index and one the statistics.
    expect(submits.mock.calls.length).toBeGreaterThanOrEqual(8);
  } finally {
    for (const spy of [submits, submitFlops, dispatchFlops]) spy.mockRestore();
  }
});

interface Expected {
  block_sparse: { topK: number; blockIndex: number[][][] }[];
  xattention: { stride: number; threshold: number; active: [number, number][][] }[];
}

describe.each([
  { name: 'a', keys: 1000, dim: 32, files: [aExpected, aQ, aK] },
  { name: 'b', keys: 2048, dim: 64, files: [bExpected, bQ, bK] },
])('MInference, case $name', ({ keys, dim, files }) => {
  async function load(): Promise<{ given: Case; expected: Expected }> {
    const [json, q, k] = await Promise.all(files.map(async (url) => (await fetch(url)).arrayBuffer()));
    const expected = JSON.parse(new TextDecoder().decode(json)) as Expected;
    const half = (bytes = new ArrayBuffer()) => Float32Array.from(new Float16Array(bytes));
    const { geometry } = caseOf({ keys, heads: 2, kvHeads: 2, dim, chunkRows: 1024 }, 0);
    return { given: { geometry, q: half(q), k: half(k), split: false }, expected };
  }

  test('block_sparse classic: the same tiles', async () => {
    const { given, expected } = await load();
    for (const { topK, blockIndex } of expected.block_sparse) {
      const set = { topK, budget: 'classic' };
      const { index } = await run(await testGpu(), { name: 'block_sparse', set }, given);
      const tiles = blockIndex.map((rows) =>
        rows
          .slice(0, rowBlocksOf(keys))
          .map((row, block) => row.slice(0, block + 1).map((tile) => tile * 64)),
      );
      expect(index).toEqual(tiles.map((rows) => rows.map((row) => ({ tiles: row, columns: [] }))));
    }
  });

  test('xattention: the same blocks', async () => {
    const { given, expected } = await load();
    for (const { stride, threshold, active } of expected.xattention) {
      const { index } = await run(await testGpu(), { name: 'xattention', set: { stride, threshold } }, given);
      const wanted = xattentionOf(given, stride, threshold, true);
      expect(index).toEqual(wanted);
      const pairs = index.map((rows) =>
        rows.flatMap((row, block) => {
          if (row === 'dense' || (block % 2 === 0 && block + 1 < rows.length)) return [];
          const blocks = new Set(row.tiles.map((tile) => Math.floor(tile / 128)));
          return [...blocks].map((column) => [Math.floor(block / 2), column]);
        }),
      );
      expect(pairs).toEqual(active);
    }
  });
});

test.each([
  { keys: 1, past: 0, init: 0, local: 1, last: 1 },
  { keys: 1000, past: 0, init: 64, local: 256, last: 100 },
  { keys: 1001, past: 0, init: 30, local: 100, last: 0 },
  { keys: 1700, past: 700, init: 200, local: 65, last: 128 },
  { keys: 1100, past: 333, init: 1, local: 128, last: 1100 },
])('tri_shape: $keys keys after $past, last $last', async ({ keys, past, init, local, last }) => {
  const given = caseOf({ keys, past, heads: 2, kvHeads: 1, dim: 8, chunkRows: 512 }, 1);
  const { index, statistics } = await run(
    await testGpu(),
    { name: 'tri_shape', set: { init, local, last } },
    given,
  );
  const expected = Array.from({ length: rowBlocksOf(keys - past) }, (_, block) => {
    const start = past + block * 64;
    const dense = last > 0 && Math.min(start + 64, keys) > keys - last;
    return dense ? 'dense' : aShapeIndexReference(start, keys, init, local);
  });
  expect(index).toEqual([expected, expected]);
  checkStatistics({ ...statistics, denseHeads: last >= keys - past ? 2 : 0 }, index, given.geometry);
  expect(statistics.denseHeads).toBe(0);
});
