/** FlexPrefill on the GPU against its reference: the search by mass, and whole indexes. */
import { describe, expect, test } from 'vitest';
import type { Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import { downloadF32, downloadU32, normals, seeded, testGpu, uploadHalf, uploadU32 } from '../gpu/testing';
import { flexMass, massDigits, massScratch, recordFlexMass } from '../kernels/flexMass';
import { flexPool, recordFlexPool } from '../kernels/flexPool';
import { flexPrefillReference, flexRowIndexReference } from '../reference/flexPrefill';
import type { RowIndex } from '../reference/rowIndex';
import { mapBytes } from './flexQueryAware';
import { planFlexPrefill } from './flexPrefill';
import { readTileIndex } from './readTileIndex';
import { causalTiles } from './tiles';
import type { CacheRange, Geometry, Pattern, Settings } from './types';

const bitsOf = (values: Float32Array) => new Uint32Array(values.buffer, values.byteOffset, values.length);

describe('search by mass', () => {
  /** Lists 0 and 1 one after the other, list 2 elsewhere. Results: [smallest active value, covering count]. */
  async function search(gpu: Gpu, lists: Float32Array[], target: number, open: number[]) {
    const entries = lists[0]?.length ?? 0;
    const gap = 5;
    const values = new Float32Array(3 * entries + gap);
    lists.forEach((list, at) => {
      values.set(list, at * entries + (at === 2 ? gap : 0));
    });
    const scratch = massScratch(3);
    const buffers = {
      entries: uploadU32(gpu, bitsOf(values)),
      gate: uploadU32(gpu, Uint32Array.from([7, ...open])),
      bins: uploadU32(gpu, new Uint32Array(scratch.bins)),
      picks: uploadU32(gpu, new Uint32Array(scratch.picks)),
      found: uploadU32(gpu, new Uint32Array(2 * 4)),
    };
    const pipeline = await gpu.pipelines.get(flexMass);
    const recorder = new Recorder(gpu);
    for (let digit = 0; digit <= massDigits; digit++)
      recordFlexMass(
        recorder,
        pipeline,
        buffers,
        {
          lists: 3,
          firstLists: 2,
          secondBase: 2 * entries + gap,
          stride: entries,
          entries,
          gated: true,
          headBase: 1,
          foundBase: 1,
          target,
        },
        digit,
      );
    await recorder.drain();
    await recorder.destroy();
    const found = await downloadU32(gpu, buffers.found, 8);
    for (const buffer of Object.values(buffers)) gpu.memory.release(buffer);
    return [1, 2, 3].map((at) => [found[2 * at], found[2 * at + 1]]);
  }

  /** Bits above the entry that passes the target, and entries (descending) within it, and one more. */
  function expected(list: Float32Array, target: number): [number, number] {
    let sum = 0;
    const sorted = list.toSorted((a, b) => b - a);
    const at = sorted.findIndex((value) => (sum += value) > target);
    if (at < 0) return [0, list.length + 1];
    return [(bitsOf(Float32Array.of(sorted[at] ?? NaN))[0] ?? NaN) + 1, at + 1];
  }

  const softmaxes = (entries: number) =>
    [1, 3, 8].map((spread, seed) => {
      const values = normals(entries, seed + 1, spread).map((value) => Math.exp(value));
      const sum = values.reduce((a, b) => a + b, 0);
      return values.map((value) => (64 * value) / sum);
    });

  test.each([1, 300, 8192, 20_001])('%d entries', async (entries) => {
    const gpu = await testGpu();
    const lists = softmaxes(entries);
    for (const share of [0, 0.5, 0.9, 0.99])
      expect(await search(gpu, lists, 64 * share, [1, 1, 1])).toEqual(
        lists.map((list) => expected(list, 64 * share)),
      );
  });

  test('equal entries, zeros, a target that is not reached, and a closed gate', async () => {
    const gpu = await testGpu();
    const random = seeded(4);
    const lists = [
      Float32Array.from({ length: 1000 }, () => 1 / 8),
      Float32Array.from({ length: 1000 }, (_, i) => (i % 4 === 0 ? Math.ceil(3 * random()) / 4 : 0)),
      Float32Array.from({ length: 1000 }, (_, i) => (i === 77 ? 50 : 2 ** -20)),
    ];
    const [first, second, third] = lists.map((list) => expected(list, 50));
    expect(await search(gpu, lists, 50, [1, 1, 1])).toEqual([first, second, third]);
    expect(first?.[1]).toBe(401);
    // Target 50 and the largest entry is just it: one that fits, and one more.
    expect(third?.[1]).toBe(2);
    expect(await search(gpu, lists, 1000, [1, 0, 1])).toEqual([
      [0, 1001],
      [0, 0],
      [0, 1001],
    ]);
  });
});

test('means by block of rows that come in parts, from within a block on', async () => {
  const gpu = await testGpu();
  const [heads, dim, past, keys, block] = [2, 16, 100, 341, 64];
  const rows = keys - past;
  const x = normals(heads * rows * dim, 8);
  const blocks = Math.ceil(keys / block) - 1;
  const means = uploadU32(gpu, new Uint32Array(heads * blocks * dim).fill(0x7fc00000));
  const pipeline = await gpu.pipelines.get(flexPool);
  const recorder = new Recorder(gpu);
  for (let first = 0; first < rows; first += 64) {
    const count = Math.min(64, rows - first);
    const part = new Float32Array(heads * count * dim);
    for (let head = 0; head < heads; head++)
      part.set(
        x.subarray((head * rows + first) * dim, (head * rows + first + count) * dim),
        head * count * dim,
      );
    const shape = { heads, headBase: 0, headDim: dim, block, count, position: past + first, stride: count };
    recordFlexPool(
      recorder,
      pipeline,
      { x: uploadHalf(gpu, part), means },
      { ...shape, range: [past, keys] },
    );
  }
  await recorder.drain();
  await recorder.destroy();
  const actual = await downloadF32(gpu, means, heads * blocks * dim);
  for (let head = 0; head < heads; head++)
    for (let b = 0; b < blocks; b++)
      for (let d = 0; d < dim; d++) {
        const [from, to] = [Math.max(past, (b + 1) * block), Math.min(keys, (b + 2) * block)];
        let sum = 0;
        for (let row = from; row < to; row++) sum += x[(head * rows + row - past) * dim + d] ?? NaN;
        expect(actual[(head * blocks + b) * dim + d]).toBeCloseTo(sum / (to - from), 5);
      }
});

interface Case {
  keys: number;
  past?: number;
  heads?: number;
  kvHeads?: number;
  chunkRows?: number;
  dim?: number;
  /** Bytes of the map's buffer. */
  bytes?: number;
  /** KV heads of a cache range. */
  split?: number;
  set: Settings;
}

function setUp(given: Case) {
  const { keys, past = 0, heads = 2, kvHeads = 1, chunkRows = 64 * Math.ceil(keys / 64), dim = 16 } = given;
  const rows = keys - past;
  // Whole tiles as in the cache, and a binding may begin at any head.
  const keyStride = 64 * Math.ceil(keys / 64) + 64;
  const geometry: Geometry = {
    heads,
    kvHeads,
    headDim: dim,
    layers: 2,
    keys,
    past,
    rows,
    chunkRows,
    keyStride,
  };
  // Even heads look everywhere, odd ones at few places; neighbours are alike, as blocks of a text are.
  const q = normals(heads * rows * dim, 21);
  const k = normals(kvHeads * keyStride * dim, 22);
  for (const [x, length] of [
    [q, rows],
    [k, keyStride],
  ] as const)
    for (let i = 0; i < x.length; i++) {
      const row = Math.floor(i / dim) % length;
      const head = Math.floor(i / dim / length);
      const wave = Math.sin((i % dim) * 1.7 + Math.floor(row / 90) * (1 + (i % 3)));
      const size = x === q && head % 2 === 0 ? 0.5 : 1.2;
      x[i] = Math.f16round(size * ((x[i] ?? NaN) + wave));
    }
  return { geometry, q, k };
}

/** Builds the index of layer 1, [head][row block], after layer 0 with other values in every buffer. */
async function run(gpu: Gpu, pattern: Pattern, { geometry, q, k }: ReturnType<typeof setUp>, split: number) {
  const { heads, kvHeads, headDim, rows, chunkRows, keyStride } = geometry;
  const owned: GPUBuffer[] = [];
  const upload = (data: Float32Array) => {
    const buffer = uploadHalf(gpu, data);
    owned.push(buffer);
    return buffer;
  };
  const queriesOf = (first: number, count: number) => {
    const part = new Float32Array(heads * count * headDim);
    for (let head = 0; head < heads; head++) {
      const from = (head * rows + first) * headDim;
      part.set(q.subarray(from, from + count * headDim), head * count * headDim);
    }
    return upload(part);
  };
  const cache = upload(k);
  const size = split * keyStride * headDim * 2;
  const caches: CacheRange[] = [];
  for (let kvHeadBase = 0; kvHeadBase < kvHeads; kvHeadBase += split) {
    const binding = { buffer: cache, offset: (kvHeadBase / split) * size, size };
    const group = heads / kvHeads;
    caches.push({ headBase: kvHeadBase * group, heads: split * group, kvHeadBase, k: binding, v: binding });
  }
  const chunks = Array.from({ length: Math.ceil(rows / chunkRows) }, (_, at) => {
    const first = at * chunkRows;
    const count = Math.min(chunkRows, rows - first);
    return { first, count, queries: queriesOf(first, count), queryStride: count, caches };
  });
  const tail = queriesOf(rows - pattern.tailRows, pattern.tailRows);
  const index: Awaited<ReturnType<typeof readTileIndex>> = Array.from({ length: heads }, () => []);
  const recorder = new Recorder(gpu);
  for (const layer of [0, 1]) {
    for (const chunk of chunks) pattern.observeRows?.(recorder, layer, chunk);
    // Layer 0 has the keys' heads for queries: nothing of it may be left in layer 1.
    pattern.prepareLayer(recorder, {
      layer,
      caches,
      tail: layer === 1 ? tail : upload(k.slice(0, heads * pattern.tailRows * headDim)),
    });
    await recorder.drain();
  }
  for (const chunk of chunks) {
    const built = pattern.indexRows(recorder, 1, chunk);
    await recorder.drain();
    if (!built) throw new Error('dense');
    (await readTileIndex(gpu, built, heads)).forEach((blocks, head) => index[head]?.push(...blocks));
  }
  await recorder.destroy();
  for (const buffer of owned) gpu.memory.release(buffer);
  return index;
}

/** [head] */
function expectedOf({ geometry, q, k }: ReturnType<typeof setUp>, set: Settings) {
  const { heads, kvHeads, headDim: dim, keys: tokens, past, rows, keyStride } = geometry;
  const shape = {
    tokens,
    past,
    dim,
    block: Number(set.block ?? 128),
    gamma: Number(set.gamma ?? 0.9),
    tau: Number(set.tau ?? 0.1),
    minBudget: Number(set.minBudget ?? 512),
  };
  return Array.from({ length: heads }, (_, head) => {
    const kvHead = Math.floor((head * kvHeads) / heads);
    const result = flexPrefillReference(
      q.subarray(head * rows * dim, (head + 1) * rows * dim),
      k.subarray(kvHead * keyStride * dim, (kvHead * keyStride + tokens) * dim),
      shape,
    );
    const index: RowIndex[] = [];
    for (let start = past; start < tokens; start += 64)
      index.push(flexRowIndexReference(result.active, start, shape));
    return { ...result, index };
  });
}

const small = { minBudget: 100, fallback: 'off' };
const cases: [string, Case][] = [
  ['columns and diagonals', { keys: 1000, set: { ...small, block: 64, tau: 0, gamma: 0.7 } }],
  ['odd length, several chunks', { keys: 777, chunkRows: 192, set: { ...small, tau: 0, gamma: 0.5 } }],
  ['every head query-aware', { keys: 900, set: { ...small, block: 64, tau: 1, gamma: 0.6 } }],
  [
    'both kinds of heads, grouped, ranges of KV heads',
    {
      keys: 1111,
      heads: 6,
      kvHeads: 2,
      split: 1,
      chunkRows: 320,
      set: { ...small, block: 64, tau: 0.2, gamma: 0.6 },
    },
  ],
  [
    'the map in strips',
    { keys: 1500, heads: 3, chunkRows: 128, bytes: 512, set: { ...small, block: 64, tau: 1, gamma: 0.5 } },
  ],
  ['behind an aligned past', { keys: 1024, past: 256, set: { ...small, tau: 1, gamma: 0.4 } }],
  [
    'behind any past, in strips',
    { keys: 1303, past: 217, chunkRows: 192, bytes: 1, set: { ...small, block: 64, tau: 1, gamma: 0.5 } },
  ],
  [
    'behind any past, blocks of 128',
    { keys: 1303, past: 217, chunkRows: 192, set: { ...small, tau: 1, gamma: 0.5 } },
  ],
  ['fewer rows than a block', { keys: 600, past: 550, set: { ...small, tau: 1, gamma: 0.5 } }],
];

describe('index', () => {
  test.each(cases)('%s', async (_name, given) => {
    const gpu = await testGpu();
    const inputs = setUp(given);
    const { geometry } = inputs;
    const plan = planFlexPrefill(given.set, geometry, given.bytes ?? mapBytes);
    expect(plan.note).toBeNull();
    const pattern = await plan.create(gpu);
    expect(pattern.indexBytes).toBe(plan.bytes);
    const index = await run(gpu, pattern, inputs, given.split ?? geometry.kvHeads);
    const expected = expectedOf(inputs, given.set);
    expect(index).toEqual(expected.map((head) => head.index));
    const { headDensity, denseHeads, totalHeads } = await pattern.statistics();
    const causal = causalTiles(geometry);
    const counted = expected.map(
      (head) => head.index.reduce((sum, row) => sum + row.tiles.length, 0) / causal,
    );
    expect(headDensity.slice(geometry.heads)).toEqual(counted);
    // An index of every tile would prove little.
    expect(Math.min(...counted)).toBeLessThan(0.9);
    expect([denseHeads, totalHeads]).toEqual([0, 2 * geometry.heads]);
    pattern.destroy();
  });

  test('the cases have both kinds of heads', () => {
    const kinds = expectedOf(setUp(cases[3]?.[1] as Case), cases[3]?.[1].set ?? {}).map(
      (head) => head.queryAware,
    );
    expect(new Set(kinds).size).toBe(2);
  });

  test('with fallback=auto a head of most tiles is dense', async () => {
    const gpu = await testGpu();
    const inputs = setUp({ keys: 4100, heads: 1, dim: 8, set: {} });
    const set = { minBudget: 4000, tau: 0 };
    const plan = planFlexPrefill(set, inputs.geometry, mapBytes);
    expect(plan.note).toBeNull();
    const pattern = await plan.create(gpu);
    const [index] = await run(gpu, pattern, inputs, 1);
    expect(index?.every((block) => block === 'dense')).toBe(true);
    expect(await pattern.statistics()).toMatchObject({ density: 1, denseHeads: 2, totalHeads: 2 });
    pattern.destroy();
  });
});
