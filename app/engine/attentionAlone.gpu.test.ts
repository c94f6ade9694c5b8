/** Attention alone on the fixtures: the same covered positions and outputs as MInference's own code (CUDA, Triton). */
import { describe, expect, test } from 'vitest';
import { testGpu, worstError } from '../gpu/testing';
import { tileAttentionReference } from '../reference/tileAttention';
import { attentionAlone, type AttentionChunk, type AttentionReport } from './attentionAlone';
import type { PatternRequest } from './types';

interface Expected {
  vertical: {
    cases: { V: number; S: number; blocks: number[][][]; columns: number[][][]; output: string }[];
  };
  a_shape: { init: number; local: number; output: string }[];
  block_sparse: { topK: number; blockIndex: number[][][]; output: string }[];
  /** active: [head], pairs of row block and key block. */
  flexprefill: {
    block: number;
    gamma: number;
    tau: number;
    minBudget: number;
    active: [number, number][][];
  }[];
}

async function bytesOf(path: string): Promise<ArrayBuffer> {
  const response = await fetch(`/app/attention/fixtures/${path}`);
  expect(response.ok).toBe(true);
  return response.arrayBuffer();
}

async function jsonOf(path: string): Promise<unknown> {
  return JSON.parse(new TextDecoder().decode(await bytesOf(path)));
}

async function load(name: string) {
  const shape = (await jsonOf(`${name}/shape.json`)) as { tokens: number; heads: number; headDim: number };
  const [q, k, v] = await Promise.all([
    bytesOf(`${name}/q.f16`),
    bytesOf(`${name}/k.f16`),
    bytesOf(`${name}/v.f16`),
  ]);
  return {
    input: { ...shape, q: new Uint16Array(q), k: new Uint16Array(k), v: new Uint16Array(v) },
    expected: (await jsonOf(`${name}/expected.json`)) as Expected,
    output: async (file: string) => Float32Array.from(new Float16Array(await bytesOf(`${name}/${file}`))),
  };
}

type Data = Awaited<ReturnType<typeof load>>;

async function run(
  { input }: Data,
  pattern: PatternRequest,
): Promise<{ report: AttentionReport; chunk: AttentionChunk }> {
  const chunks: AttentionChunk[] = [];
  const { signal } = new AbortController();
  const report = await attentionAlone(await testGpu(), input, pattern, signal, (chunk) => chunks.push(chunk));
  // Both cases fit one chunk.
  const [chunk] = chunks;
  if (!chunk || chunks.length > 1) throw new Error('expected one chunk');
  return { report, chunk };
}

const tolerance = { rtol: 0, atol: 2e-3 };

/** 'a' in full; of 'b', which costs ten times as much, the sparsest of each. */
describe.each([
  { name: 'a', V: 40, S: 60 },
  { name: 'a', V: 200, S: 300 },
  { name: 'b', V: 64, S: 128 },
])('case $name', ({ name, V, S }) => {
  test(`vertical_slash classic ${V}, ${S}`, async () => {
    const data = await load(name);
    const given = data.expected.vertical.cases.find((one) => one.V === V && one.S === S);
    const { report, chunk } = await run(data, {
      name: 'vertical_slash',
      set: { budget: 'classic', verticalSize: V, slashSize: S },
    });
    expect(chunk.blocks).toEqual(given?.blocks);
    expect(chunk.columns).toEqual(given?.columns);
    const error = worstError(chunk.out, await data.output(given?.output ?? ''), tolerance);
    expect(error).toBeLessThan(1);
    expect(report).toMatchObject({ pattern: 'vertical_slash', settings: { fallback: 'off', slashSize: S } });
    expect(report.density).toBeGreaterThan(0.05);
  });
});

test.each([
  { name: 'a', topK: 3 },
  { name: 'a', topK: 6 },
  { name: 'b', topK: 3 },
])('block_sparse classic $topK, case $name', async ({ name, topK }) => {
  const data = await load(name);
  const given = data.expected.block_sparse.find((one) => one.topK === topK);
  const { report, chunk } = await run(data, { name: 'block_sparse', set: { budget: 'classic', topK } });
  chunk.blocks.forEach((rows, head) => {
    rows.forEach((tiles, row) => {
      // Entries after the first row + 1 are not causal, and the original does not visit them.
      const wanted = given?.blockIndex[head]?.[row]?.slice(0, row + 1);
      expect(tiles).toEqual(wanted?.map((tile) => tile * 64));
    });
  });
  const error = worstError(chunk.out, await data.output(given?.output ?? ''), tolerance);
  expect(error).toBeLessThan(1);
  expect(report.settings).toEqual({ budget: 'classic', topK, fallback: 'off' });
});

test('xattention and tri_shape: the output is attention over the listed tiles', async () => {
  const data = await load('a');
  const { tokens, heads, headDim } = data.input;
  const [q, k, v] = [data.input.q, data.input.k, data.input.v].map((bits) => new Float16Array(bits.buffer));
  for (const request of [
    { name: 'xattention', set: { stride: 16, threshold: 0.3 } },
    { name: 'tri_shape', set: { init: 64, local: 128, last: 64 } },
  ] as const) {
    const { report, chunk } = await run(data, request);
    expect(report.density).toBeLessThan(0.9);
    expect(report.note).toBeUndefined();
    const wanted = tileAttentionReference(
      q ?? [],
      k ?? [],
      v ?? [],
      { rows: tokens, rowPosition: 0, keys: tokens, heads, kvHeads: heads, headDim },
      (head, block) => ({ tiles: chunk.blocks[head]?.[block] ?? [], columns: [] }),
    );
    const byHead = new Float32Array(wanted.length);
    wanted.forEach((value, at) => {
      const head = Math.floor(at / headDim) % heads;
      const row = Math.floor(at / headDim / heads);
      byHead[(head * tokens + row) * headDim + (at % headDim)] = value;
    });
    expect(worstError(chunk.out, byHead, { rtol: 0, atol: 1e-4 })).toBeLessThan(1);
  }
});

test('a_shape: as the original up to its window, then by whole tiles', async () => {
  const data = await load('a');
  const { input } = data;
  const { tokens, heads, headDim } = input;
  const { report, chunk } = await run(data, { name: 'a_shape', set: { init: 64, local: 256 } });
  expect(chunk.blocks[0]?.at(-1)).toEqual([0, 704, 768, 832, 896, 960]);
  expect(chunk.columns.flat(2)).toEqual([]);
  expect(report.note).toBeUndefined();
  const wanted = await data.output('a_shape_64_256.out.f16');
  const [q, k, v] = [input.q, input.k, input.v].map((bits) => new Float16Array(bits.buffer));
  for (let head = 0; head < heads; head++) {
    const own = [head * tokens * headDim, (head + 1) * tokens * headDim] as const;
    const dense = [own[0], own[0] + 320 * headDim] as const;
    expect(worstError(chunk.out.subarray(...dense), wanted.subarray(...dense), tolerance)).toBeLessThan(1);
    const expected = tileAttentionReference(
      q?.subarray(...own) ?? [],
      k?.subarray(...own) ?? [],
      v?.subarray(...own) ?? [],
      { rows: tokens, rowPosition: 0, keys: tokens, heads: 1, kvHeads: 1, headDim },
      (_head, block) => ({ tiles: chunk.blocks[head]?.[block] ?? [], columns: [] }),
    );
    expect(worstError(chunk.out.subarray(...own), expected, { rtol: 0, atol: 1e-4 })).toBeLessThan(1);
  }
});

test('a_shape: first keys that fill no tile are columns', async () => {
  const data = await load('a');
  const { chunk } = await run(data, { name: 'a_shape', set: { init: 70, local: 100 } });
  expect(chunk.blocks[0]?.at(-1)).toEqual([0, 832, 896, 960]);
  expect(chunk.columns[0]?.at(-1)).toEqual([64, 65, 66, 67, 68, 69]);
  expect(chunk.columns[1]?.slice(0, 3)).toEqual([[], [], []]);
});

/** All cases of 'a'; of 'b', which costs far more, one with query-aware heads and one without. */
describe.each([
  ...Array.from({ length: 8 }, (_, at) => ({ name: 'a', at })),
  { name: 'b', at: 2 },
  { name: 'b', at: 4 },
])('flexprefill, case $name $at', ({ name, at }) => {
  test('the active blocks are those of the original', async () => {
    const data = await load(name);
    const given = data.expected.flexprefill[at];
    if (!given) throw new Error(`no case ${at}`);
    const { active, ...set } = given;
    const { report, chunk } = await run(data, { name: 'flexprefill', set });
    const { tokens, heads } = data.input;
    const { block } = given;
    // The pairs that the tiles cover, of whole tiles in the block of the row and before.
    const pairs = Array.from({ length: heads }, (_, head) =>
      Array.from({ length: Math.ceil(tokens / block) }, (_row, row) => {
        const rowBlocks = chunk.blocks[head]?.slice((row * block) / 64, ((row + 1) * block) / 64) ?? [];
        return [...new Set(rowBlocks.flat().map((first) => Math.floor(first / block)))].map((key) => [
          row,
          key,
        ]);
      }).flat(),
    );
    expect(pairs).toEqual(active);
    // Each 64-row block has each active block whole, but for the tiles after its last row.
    chunk.blocks.forEach((rows, head) => {
      rows.forEach((tiles, row) => {
        const keys = active[head]?.filter(([from]) => from === Math.floor((row * 64) / block)) ?? [];
        const all = keys.flatMap(([, key]) =>
          Array.from({ length: block / 64 }, (_, i) => key * block + i * 64),
        );
        expect(tiles).toEqual(all.filter((first) => first <= row * 64));
      });
    });
    expect(chunk.columns.flat(2)).toEqual([]);
    expect(report).toMatchObject({ pattern: 'flexprefill', settings: { ...set, fallback: 'off' } });
    expect(report.note).toBeUndefined();
  });
});

test('dense lists every causal tile, and bad settings are refused', async () => {
  const data = await load('a');
  const { report, chunk } = await run(data, { name: 'dense', set: {} });
  expect(report.density).toBe(1);
  expect(chunk.blocks[1]?.map((row) => row.length)).toEqual(Array.from({ length: 16 }, (_, row) => row + 1));
  expect(chunk.columns.flat(2)).toEqual([]);
  await expect(run(data, { name: 'a_shape', set: { init: -1 } })).rejects.toThrow('init');
});
