import { expect, test } from 'vitest';
import type { Gpu } from '../gpu/device';
import { Recorder } from '../gpu/recorder';
import {
  downloadF32,
  allocateActivations,
  downloadActivations,
  normals,
  testGpu,
  uploadF32,
  uploadHalf,
  worstError,
} from '../gpu/testing';
import { decodeAttentionReference } from '../reference/decodeAttention';
import { decodeMergeReference } from '../reference/decodeMerge';
import {
  decodeAttentionByLanes,
  decodeAttentionByMemory,
  decodeAttentionFor,
  recordDecodeAttention,
  type DecodeAttention,
} from './decodeAttention';
import { hasLanes } from './decodeAttentionLanes';
import { decodeMerge, decodeMergeSpec, recordDecodeMerge } from './decodeMerge';

// f32 sums of up to 256 values, then of as many splits.
const summed = { rtol: 1e-4, atol: 1e-4 };
// Inputs are exact f16; the output is rounded to f16 at most, 2^-11 relative.
const rounded = { rtol: 2 ** -10, atol: 2e-4 };

/** Both kernels; the one by lanes also without shuffles, which is all that subgroups of 4 leave of it. */
function kernels(gpu: Gpu, headDim: number, group: number): Promise<DecodeAttention[]> {
  const shuffles = gpu.flags.has('subgroups') && hasLanes(gpu.capabilities, headDim);
  return Promise.all([
    decodeAttentionByMemory(gpu, headDim),
    decodeAttentionByLanes(gpu, headDim, group, false),
    ...(shuffles ? [decodeAttentionByLanes(gpu, headDim, group, true)] : []),
  ]);
}

test.each([
  { what: 'one key', keys: 1, heads: 1, kvHeads: 1, headDim: 64 },
  { what: 'three heads a group, dim 40', keys: 77, heads: 3, kvHeads: 1, headDim: 40 },
  { what: 'dim 128', keys: 256, heads: 2, kvHeads: 2, headDim: 128 },
  { what: 'several splits and groups', keys: 1000, heads: 4, kvHeads: 2, headDim: 64 },
  { what: 'seven heads a group', keys: 130, heads: 7, kvHeads: 1, headDim: 64 },
  { what: 'a group of more heads than a workgroup takes', keys: 65, heads: 18, kvHeads: 2, headDim: 64 },
  { what: 'dim 256, likewise', keys: 300, heads: 5, kvHeads: 1, headDim: 256 },
  { what: 'splits of two and three tiles', keys: 40_000, heads: 1, kvHeads: 1, headDim: 8 },
  { what: 'two heads a group, dim 128', keys: 513, heads: 4, kvHeads: 2, headDim: 128 },
  { what: 'large scores', keys: 200, heads: 1, kvHeads: 1, headDim: 64, sharpness: 60 },
])('decode_attention equals its reference: $what', async ({ keys, heads, kvHeads, headDim, sharpness }) => {
  const gpu = await testGpu();
  // Room in the cache holds values that would show.
  const keyStride = keys + 64;
  const q = normals(heads * headDim, 21, sharpness ?? 1.5);
  const [k, v] = [22, 23].map((seed) => normals(kvHeads * keys * headDim, seed));
  if (!k || !v) throw new Error('unreachable');
  const group = heads / kvHeads;
  const query = uploadHalf(gpu, q);
  // Each KV head is a range of the cache with buffers of its own, as where one binding cannot hold them all.
  const ranges = Array.from({ length: kvHeads }, (_, kvHead) => {
    const [keyRange, valueRange] = [k, v].map((all) => {
      const room = new Float32Array(keyStride * headDim).fill(500);
      room.set(all.subarray(kvHead * keys * headDim, (kvHead + 1) * keys * headDim));
      return uploadHalf(gpu, room);
    });
    if (!keyRange || !valueRange) throw new Error('unreachable');
    return { k: keyRange, v: valueRange };
  });
  for (const attention of await kernels(gpu, headDim, group)) {
    const splits = attention.splits(keys);
    const partials = gpu.memory.allocate('partials', heads * splits * (headDim + 2) * 4);
    const out = allocateActivations(gpu, heads * headDim);
    const recorder = new Recorder(gpu);
    for (const [kvHead, range] of ranges.entries()) {
      recordDecodeAttention(
        recorder,
        attention,
        { q: query, ...range, partials },
        { keys, keyStride, heads: group, headBase: kvHead * group, group, headDim },
        'test',
      );
    }
    recordDecodeMerge(
      recorder,
      await gpu.pipelines.get(decodeMerge, decodeMergeSpec(headDim)),
      { partials, out },
      { splits, heads, headDim },
      'test',
    );
    await recorder.drain();
    await recorder.destroy();
    const expected = decodeAttentionReference(q, k, v, { keys, heads, kvHeads, headDim, splits });
    const actual = await downloadF32(gpu, partials, expected.length);
    expect(worstError(actual, expected, summed)).toBeLessThanOrEqual(1);
    const merged = decodeMergeReference(expected, heads, splits, headDim);
    expect(
      worstError(await downloadActivations(gpu, out, heads * headDim), merged, rounded),
    ).toBeLessThanOrEqual(1);
  }
});

test('two KV heads of one range equal the same heads as ranges of their own', async () => {
  const gpu = await testGpu();
  const q = normals(6 * 64, 31, 1.5);
  const [k, v] = [normals(2 * 150 * 64, 32), normals(2 * 150 * 64, 33)];
  for (const attention of await kernels(gpu, 64, 3)) {
    const shape = { keys: 150, heads: 6, kvHeads: 2, headDim: 64, splits: attention.splits(150) };
    const expected = decodeAttentionReference(q, k, v, shape);
    const partials = gpu.memory.allocate('partials', expected.length * 4);
    const recorder = new Recorder(gpu);
    recordDecodeAttention(
      recorder,
      attention,
      { q: uploadHalf(gpu, q), k: uploadHalf(gpu, k), v: uploadHalf(gpu, v), partials },
      { ...shape, keyStride: 150, headBase: 0, group: 3 },
      'test',
    );
    await recorder.drain();
    await recorder.destroy();
    const actual = await downloadF32(gpu, partials, expected.length);
    expect(worstError(actual, expected, summed)).toBeLessThanOrEqual(1);
  }
});

test('splits grow with the keys, hold a tile each, and are not too many to merge', async () => {
  for (const attention of await kernels(await testGpu(), 64, 1)) {
    let before = 1;
    for (let keys = 1; keys <= 1_048_576; keys += 61) {
      const count = attention.splits(keys);
      expect(count).toBeGreaterThanOrEqual(before);
      expect(count).toBeLessThanOrEqual(Math.min(256, Math.ceil(keys / 64)));
      before = count;
    }
  }
});

test('lanes are used where the tier has subgroups that hold them', async () => {
  const gpu = await testGpu();
  const { shader } = (await decodeAttentionFor(gpu, 64, 7)).pipeline.kernel;
  const lanes = gpu.flags.has('subgroups') && gpu.capabilities.subgroupMinSize >= 8;
  expect(shader.name).toBe(lanes ? 'decode_attention_lanes' : 'decode_attention');
});

test('decode_merge weights splits by their maxima', async () => {
  const gpu = await testGpu();
  const [heads, splits, headDim] = [2, 130, 64];
  const partials = normals(heads * splits * (headDim + 2), 24);
  // Sums are positive; maxima differ by tens, so that a wrong weight shows.
  for (let at = 0; at < heads * splits; at++) {
    partials[at * (headDim + 2) + headDim] = 10 * Math.sin(at);
    partials[at * (headDim + 2) + headDim + 1] = 1 + (at % 5);
  }
  const out = allocateActivations(gpu, heads * headDim);
  const recorder = new Recorder(gpu);
  const buffers = { partials: uploadF32(gpu, partials), out };
  const pipeline = await gpu.pipelines.get(decodeMerge, decodeMergeSpec(headDim));
  recordDecodeMerge(recorder, pipeline, buffers, { splits, heads, headDim }, 'test');
  await recorder.drain();
  await recorder.destroy();
  const expected = decodeMergeReference(partials, heads, splits, headDim);
  expect(
    worstError(await downloadActivations(gpu, out, heads * headDim), expected, rounded),
  ).toBeLessThanOrEqual(1);
});
