import { expect, test } from 'vitest';
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
import { decodeAttention, decodeAttentionSpec, decodeSplits, recordDecodeAttention } from './decodeAttention';
import { decodeMerge, decodeMergeSpec, recordDecodeMerge } from './decodeMerge';

test.each([
  { keys: 1, heads: 1, kvHeads: 1, headDim: 64 },
  { keys: 77, heads: 3, kvHeads: 1, headDim: 40 },
  { keys: 256, heads: 2, kvHeads: 2, headDim: 128 },
  { keys: 1000, heads: 4, kvHeads: 2, headDim: 64 },
  { keys: 300, heads: 1, kvHeads: 1, headDim: 256 },
])('decode_attention equals its reference: %o', async ({ keys, heads, kvHeads, headDim }) => {
  const gpu = await testGpu();
  const q = normals(heads * headDim, 21, 1.5);
  const k = normals(kvHeads * keys * headDim, 22);
  const v = normals(kvHeads * keys * headDim, 23);
  const splits = decodeSplits(keys);
  const partials = gpu.memory.allocate('partials', heads * splits * (headDim + 2) * 4);
  const out = allocateActivations(gpu, heads * headDim);
  const recorder = new Recorder(gpu);
  recordDecodeAttention(
    recorder,
    await gpu.pipelines.get(decodeAttention, decodeAttentionSpec(headDim)),
    { q: uploadHalf(gpu, q), k: uploadHalf(gpu, k), v: uploadHalf(gpu, v), partials },
    { keys, keyStride: keys, heads, headBase: 0, group: heads / kvHeads, headDim },
    'test',
  );
  recordDecodeMerge(
    recorder,
    await gpu.pipelines.get(decodeMerge, decodeMergeSpec(headDim)),
    { partials, out },
    { keys, heads, headDim },
    'test',
  );
  await recorder.drain();
  await recorder.destroy();
  const expected = decodeAttentionReference(q, k, v, { keys, heads, kvHeads, headDim, splitKeys: 256 });
  // f32 sums of up to 256 products.
  const actual = await downloadF32(gpu, partials, expected.length);
  expect(worstError(actual, expected, { rtol: 1e-4, atol: 1e-4 })).toBeLessThanOrEqual(1);
  const merged = decodeMergeReference(expected, heads, splits, headDim);
  // Rounded to f16.
  expect(
    worstError(await downloadActivations(gpu, out, heads * headDim), merged, { rtol: 2 ** -10, atol: 2e-4 }),
  ).toBeLessThanOrEqual(1);
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
  recordDecodeMerge(recorder, pipeline, buffers, { keys: splits * 256, heads, headDim }, 'test');
  await recorder.drain();
  await recorder.destroy();
  const expected = decodeMergeReference(partials, heads, splits, headDim);
  expect(
    worstError(await downloadActivations(gpu, out, heads * headDim), expected, {
      rtol: 2 ** -10,
      atol: 2e-4,
    }),
  ).toBeLessThanOrEqual(1);
});
