/** Estimate and selection on the GPU against their references. */
import { afterEach, describe, expect, test } from 'vitest';
import { Recorder } from '../gpu/recorder';
import type { Gpu } from '../gpu/device';
import {
  downloadF32,
  downloadU32,
  normals,
  seeded,
  testGpu,
  uploadHalf,
  uploadU32,
  worstError,
} from '../gpu/testing';
import { massBudget, recordMassBudget } from '../kernels/massBudget';
import { massBinBytes, massHistogram, recordMassHistogram } from '../kernels/massHistogram';
import { recordSelectCount, selectCount } from '../kernels/selectCount';
import {
  digits,
  recordSelectHistogram,
  segmentsOf,
  selectHistogram,
  selectScratch,
} from '../kernels/selectHistogram';
import { recordSelectBins, segmentBinBytes, selectBins } from '../kernels/selectBins';
import { recordSelectLists, selectLists } from '../kernels/selectLists';
import { recordSelectSegments, selectSegments } from '../kernels/selectSegments';
import { recordSelectWrite, selectWrite } from '../kernels/selectWrite';
import { massBudgetReference } from '../reference/massBudget';
import { selectTopReference } from '../reference/selectTop';
import { bandSumsReference, verticalSlashEstimateReference } from '../reference/verticalSlashEstimate';
import { createLastQueries, type Ranking } from './lastQueries';
import type { Geometry } from './types';

let live: { gpu: Gpu; buffers: GPUBuffer[] } | null = null;
afterEach(() => {
  live?.buffers.forEach((buffer) => {
    live?.gpu.memory.release(buffer);
  });
  live = null;
});

function keep<Buffer extends GPUBuffer>(gpu: Gpu, buffer: Buffer): Buffer {
  live ??= { gpu, buffers: [] };
  live.buffers.push(buffer);
  return buffer;
}

function geometryOf(
  shape: { keys: number; dim: number; heads: number; kvHeads: number },
  stride: number,
): Geometry {
  const { keys, dim, heads, kvHeads } = shape;
  return {
    heads,
    kvHeads,
    headDim: dim,
    layers: 1,
    keys,
    past: 0,
    rows: keys,
    chunkRows: keys,
    keyStride: stride,
  };
}

const open = (keys: number) => ({ forced: 0, openFrom: 0, openTo: keys });

// exp and a sum of up to 256 terms in f32; the scores' own rounding is below 1e-6 of their size, about 10. Of bands, up to
// 64 exponents are kept as halves: each is right to 2^-11 of itself, or to 2^-25 of its span's largest.
const toleranceOf = (pool: number): { rtol: number; atol: number } =>
  pool === 1 ? { rtol: 3e-5, atol: 1e-7 } : { rtol: 3e-5 + 2 ** -11, atol: 64 * 2 ** -25 };

describe('column and diagonal sums', () => {
  test.each([
    { keys: 1, lastQ: 1, dim: 8, heads: 1, kvHeads: 1, pool: 1 },
    { keys: 77, lastQ: 64, dim: 40, heads: 2, kvHeads: 1, pool: 64 },
    { keys: 130, lastQ: 130, dim: 16, heads: 1, kvHeads: 1, pool: 1 },
    { keys: 700, lastQ: 100, dim: 32, heads: 4, kvHeads: 2, pool: 1 },
    { keys: 1025, lastQ: 64, dim: 64, heads: 3, kvHeads: 3, pool: 64 },
  ] as const)('$keys keys, last $lastQ, dim $dim, heads $heads:$kvHeads, pool $pool', async (shape) => {
    const gpu = await testGpu();
    const { keys, lastQ, dim, heads, kvHeads, pool } = shape;
    const stride = keys + 3;
    const geometry = geometryOf(shape, stride);
    const q = normals(heads * lastQ * dim, 1, 1.5);
    const k = normals(kvHeads * stride * dim, 2, 1.5);
    const ranking: Ranking = {
      tailRows: lastQ,
      columns: open(keys),
      diagonals: { pool, forced: 0 },
      budgets: [0, 0],
    };
    const queries = await createLastQueries(gpu, geometry, ranking);
    const tail = keep(gpu, uploadHalf(gpu, q));
    const cache = keep(gpu, uploadHalf(gpu, k));
    const recorder = new Recorder(gpu);
    queries.record(recorder, {
      layer: 0,
      caches: [{ headBase: 0, heads, kvHeadBase: 0, k: { buffer: cache }, v: { buffer: cache } }],
      tail,
    });
    await recorder.drain();
    const entries = Math.ceil(keys / pool);
    const actual = await downloadF32(gpu, queries.keys, heads * (keys + entries));
    let allColumns = 0;
    for (let head = 0; head < heads; head++) {
      const kvHead = Math.floor(head / (heads / kvHeads));
      const expected = verticalSlashEstimateReference(
        q.subarray(head * lastQ * dim, (head + 1) * lastQ * dim),
        k.subarray(kvHead * stride * dim, (kvHead + 1) * stride * dim),
        { tailRows: lastQ, keys, dim },
      );
      const diagonals = pool === 1 ? expected.diagonalSums : bandSumsReference(expected.diagonalSums);
      const columns = actual.subarray(head * keys, (head + 1) * keys);
      const at = heads * keys + head * entries;
      expect(worstError(columns, expected.columnSums, toleranceOf(pool))).toBeLessThan(1);
      expect(worstError(actual.subarray(at, at + entries), diagonals, toleranceOf(pool))).toBeLessThan(1);
      allColumns += columns.reduce((a, b) => a + b, 0);
    }
    expect(allColumns / heads / lastQ).toBeCloseTo(1, 4);
    await recorder.destroy();
    queries.destroy();
  });

  test('ranges of KV heads and forced entries', async () => {
    const gpu = await testGpu();
    const shape = { keys: 200, dim: 32, heads: 4, kvHeads: 2 };
    const { keys, dim, heads } = shape;
    const q = normals(heads * 64 * dim, 3);
    const k = normals(2 * keys * dim, 4);
    const ranking: Ranking = {
      tailRows: 64,
      columns: { forced: 2, openFrom: 64, openTo: 150 },
      diagonals: { pool: 1, forced: 10 },
      budgets: [12, 12],
    };
    const queries = await createLastQueries(gpu, geometryOf(shape, keys), ranking);
    const tail = keep(gpu, uploadHalf(gpu, q));
    const cache = keep(gpu, uploadHalf(gpu, k));
    const recorder = new Recorder(gpu);
    const half = keys * dim * 2;
    const range = (kvHead: number) => ({
      headBase: kvHead * 2,
      heads: 2,
      kvHeadBase: kvHead,
      k: { buffer: cache, offset: kvHead * half, size: half },
      v: { buffer: cache },
    });
    queries.record(recorder, { layer: 0, caches: [range(0), range(1)], tail });
    await recorder.drain();
    const chosen = await downloadU32(gpu, queries.chosen, heads * 24);
    for (let head = 0; head < heads; head++) {
      const kvHead = Math.floor(head / 2);
      const { columnSums, diagonalSums } = verticalSlashEstimateReference(
        q.subarray(head * 64 * dim, (head + 1) * 64 * dim),
        k.subarray(kvHead * keys * dim, (kvHead + 1) * keys * dim),
        { tailRows: 64, keys, dim },
      );
      const columns = columnSums.map((sum, i) => (i < 2 ? Infinity : i >= 64 && i < 150 ? sum : 0));
      const diagonals = diagonalSums.map((sum, j) => (keys - 1 - j < 10 ? Infinity : sum));
      expect([...chosen.subarray(head * 12, head * 12 + 12)]).toEqual(selectTopReference(columns, 12));
      const at = (heads + head) * 12;
      expect([...chosen.subarray(at, at + 12)]).toEqual(selectTopReference(diagonals, 12));
    }
    await recorder.destroy();
    queries.destroy();
  });
});

describe('selection', () => {
  const random = seeded(9);
  const lists: [string, (i: number) => number][] = [
    ['distinct', () => Math.fround(random() ** 8)],
    ['many equal', () => Math.floor(random() * 5)],
    ['all equal', () => 1],
    ['with infinities and zeros', (i) => (i % 97 === 0 ? Infinity : i % 3 === 0 ? 0 : random())],
    ['half infinities', (i) => (i % 2 === 0 ? Infinity : random())],
    ['of all sizes', () => Math.fround(10 ** (70 * random() - 35))],
  ];

  // With many workgroups a list, in eight dispatches or in two, and with one.
  const ways = ['parts', 'segments', 'whole lists'] as const;
  test.each(lists.flatMap(([what, make]) => ways.map((way) => ({ what, make, way }))))(
    '$what, $way',
    async ({ make, way }) => {
      const gpu = await testGpu();
      // A workgroup lists 2^15 entries at a time.
      const entries = [way === 'whole lists' ? 70_001 : 9001, 141] as const;
      const heads = 2;
      const all = Float32Array.from({ length: heads * (entries[0] + entries[1]) }, (_unused, i) => make(i));
      // A budget for each list and head.
      const budgets = [5000, 0, 141, 50];
      const capacities = [5000, 141] as const;
      const shape = {
        heads,
        headBase: 0,
        batch: heads,
        entries,
        strides: entries,
        base1: heads * entries[0],
        capacities,
      };
      const scratch = selectScratch(heads, segmentsOf(shape));
      const room = (count: number) => keep(gpu, uploadU32(gpu, new Uint32Array(count)));
      const buffers = {
        keys: keep(gpu, uploadU32(gpu, new Uint32Array(all.buffer))),
        budgets: keep(gpu, uploadU32(gpu, Uint32Array.from(budgets))),
        histogram: room(scratch.histogram),
        picks: room(scratch.picks),
        segments: room(scratch.segments),
        bins: room(segmentBinBytes(heads, segmentsOf(shape)) / 4),
        chosen: room(heads * (capacities[0] + capacities[1])),
        chosen_counts: room(2 * heads),
      };
      const recorder = new Recorder(gpu);
      if (way === 'whole lists') {
        const { keys, chosen, chosen_counts } = buffers;
        const given = { keys, budgets: buffers.budgets, chosen, chosen_counts };
        recordSelectLists(recorder, await gpu.pipelines.get(selectLists), given, shape, null);
      } else if (way === 'segments') {
        recordSelectBins(recorder, await gpu.pipelines.get(selectBins), buffers, shape);
        recordSelectSegments(recorder, await gpu.pipelines.get(selectSegments), buffers, shape, null);
      } else {
        const histogram = await gpu.pipelines.get(selectHistogram);
        for (let digit = 0; digit < digits; digit++)
          recordSelectHistogram(recorder, histogram, buffers, shape, digit);
        recordSelectCount(recorder, await gpu.pipelines.get(selectCount), buffers, shape);
        recordSelectWrite(recorder, await gpu.pipelines.get(selectWrite), buffers, shape);
      }
      await recorder.drain();
      await recorder.destroy();
      expect([...(await downloadU32(gpu, buffers.chosen_counts, 4))]).toEqual(budgets);
      const chosen = await downloadU32(gpu, buffers.chosen, heads * (capacities[0] + capacities[1]));
      budgets.forEach((budget, i) => {
        const list = i < heads ? 0 : 1;
        const head = i % heads;
        const from = list * heads * entries[0] + head * entries[list];
        const at = list * heads * capacities[0] + head * capacities[list];
        expect([...chosen.subarray(at, at + budget)]).toEqual(
          selectTopReference(all.subarray(from, from + entries[list]), budget),
        );
      });
    },
  );
});

describe('budgets by mass', () => {
  // Scores as real ones are: a few large, a long tail. One list of 9,001 and one of 141 for each head.
  const random = seeded(21);
  const entries = [9001, 141] as const;
  const heads = 2;
  const all = Float32Array.from({ length: heads * (entries[0] + entries[1]) }, (_, i) =>
    i % 1009 === 0 ? Infinity : i % 7 === 0 ? 0 : 40 * random() ** 12,
  );

  test.each([
    { leftOut: [0, 0], least: [0, 0], most: [9001, 141] },
    { leftOut: [500, 20], least: [0, 0], most: [9001, 141] },
    { leftOut: [5000, 100], least: [0, 0], most: [9001, 141] },
    { leftOut: [1e6, 1e6], least: [40, 2], most: [9001, 141] },
    { leftOut: [1, 1], least: [0, 0], most: [700, 50] },
  ] as const)('left out $leftOut, from $least to $most', async ({ leftOut, least, most }) => {
    const gpu = await testGpu();
    const base1 = heads * entries[0];
    const shape = { heads, headBase: 0, batch: heads, entries, strides: entries, base1, capacities: most };
    const buffers = {
      keys: keep(gpu, uploadU32(gpu, new Uint32Array(all.buffer))),
      bins: keep(gpu, uploadU32(gpu, new Uint32Array(massBinBytes(heads) / 4))),
      budgets: keep(gpu, uploadU32(gpu, new Uint32Array(2 * heads))),
    };
    const segmentBins = keep(gpu, uploadU32(gpu, new Uint32Array(segmentBinBytes(heads, 3) / 4)));
    const outputs = () => ({
      chosen: keep(gpu, uploadU32(gpu, new Uint32Array(heads * (most[0] + most[1])))),
      chosen_counts: keep(gpu, uploadU32(gpu, new Uint32Array(2 * heads))),
    });
    const [ofLists, ofSegments] = [outputs(), outputs()];
    const recorder = new Recorder(gpu);
    recordMassHistogram(recorder, await gpu.pipelines.get(massHistogram), buffers, shape);
    const budget = await gpu.pipelines.get(massBudget);
    recordMassBudget(recorder, budget, buffers, shape, { leftOut, least, most });
    const { keys } = buffers;
    const whole = { keys, budgets: recorder.unused, ...ofLists };
    recordSelectLists(recorder, await gpu.pipelines.get(selectLists), whole, shape, { leftOut, least });
    const parts = { keys, bins: segmentBins, budgets: recorder.unused, ...ofSegments };
    recordSelectBins(recorder, await gpu.pipelines.get(selectBins), parts, shape);
    recordSelectSegments(recorder, await gpu.pipelines.get(selectSegments), parts, shape, { leftOut, least });
    await recorder.drain();
    await recorder.destroy();
    const expected = [0, 1].flatMap((list) =>
      [0, 1].map((head) => {
        const count = entries[list] ?? 0;
        const start = list * base1 + head * count;
        const scores = all.subarray(start, start + count);
        return massBudgetReference(scores, leftOut[list] ?? 0, least[list] ?? 0, most[list] ?? 0);
      }),
    );
    expect([...(await downloadU32(gpu, buffers.budgets, 2 * heads))]).toEqual(expected);
    // In one dispatch, or in two, with the selection that follows from them.
    for (const { chosen, chosen_counts } of [ofLists, ofSegments]) {
      expect([...(await downloadU32(gpu, chosen_counts, 2 * heads))]).toEqual(expected);
      const picked = await downloadU32(gpu, chosen, heads * (most[0] + most[1]));
      expected.forEach((taken, i) => {
        const list = i < heads ? 0 : 1;
        const start = list * base1 + (i % heads) * entries[list];
        const at = list * heads * most[0] + (i % heads) * most[list];
        const scores = all.subarray(start, start + entries[list]);
        expect([...picked.subarray(at, at + taken)]).toEqual(selectTopReference(scores, taken));
      });
    }
    // What the budget promises, on exact sums: bins are right to about an eighth.
    expected.forEach((taken, i) => {
      const list = i < heads ? 0 : 1;
      const count = entries[list];
      const start = list * base1 + (i % heads) * count;
      const sorted = all.slice(start, start + count).toSorted((a, b) => b - a);
      const left = sorted.slice(taken).reduce((sum, score) => sum + score, 0);
      if (taken < most[list]) expect(left).toBeLessThanOrEqual(leftOut[list] * 1.13 + 1e-6);
    });
  });
});
