/** The attention kernel over synthetic lists, and decoding over a cache. */
import type { Gpu } from '../../gpu/device';
import { activationSize } from '../../gpu/capabilities';
import { decodeAttentionFor, recordDecodeAttention } from '../../kernels/decodeAttention';
import { decodeMerge, decodeMergeSpec, recordDecodeMerge } from '../../kernels/decodeMerge';
import { denseFlops, recordTileAttention, tileAttentionPipeline } from '../../kernels/tileAttention';
import { withLab, type Lab } from './lab';
import { noiseValues, worst } from './noise';
import type { ModelShape } from './shapes';
import type { KernelMeasurement } from './types';

export type Heads = Pick<ModelShape, 'heads' | 'kvHeads' | 'headDim' | 'layers'>;

export const seeds = { q: 3, k: 4, v: 5 };

/** Rows of q that attend: as many as a chunk has, and fewer on CPUs. */
const gpuRows = 4_096;
const softwareRows = 64;
/** Workgroups that keep a large GPU busy: a dispatch is not split below, as in a prefill. */
const leastGroups = 256;

/** Tiles of a synthetic index: first, diagonal, and evenly spread ones up to the density. */
export function spreadTiles(block: number, density: number): number[] {
  const wanted = Math.max(2, Math.round((block + 1) * density));
  const picked = new Set([0, block]);
  for (let i = 1; i < wanted - 1; i++) picked.add(Math.floor((i * block) / (wanted - 1)));
  return [...picked].toSorted((a, b) => a - b);
}

/** Softmax attention of one query over `keys` (ascending) in f64: [headDim]. */
export function attend(
  query: Float32Array,
  keys: ArrayLike<number>,
  k: Float32Array,
  v: Float32Array,
): Float64Array {
  const dim = query.length;
  const scores = new Float64Array(keys.length);
  let largest = -Infinity;
  for (let at = 0; at < keys.length; at++) {
    let dot = 0;
    const first = (keys[at] ?? NaN) * dim;
    for (let d = 0; d < dim; d++) dot += (query[d] ?? NaN) * (k[first + d] ?? NaN);
    const score = dot / Math.sqrt(dim);
    scores[at] = score;
    largest = Math.max(largest, score);
  }
  const out = new Float64Array(dim);
  let sum = 0;
  for (let at = 0; at < keys.length; at++) {
    const weight = Math.exp((scores[at] ?? NaN) - largest);
    sum += weight;
    const first = (keys[at] ?? NaN) * dim;
    for (let d = 0; d < dim; d++) out[d] = (out[d] ?? NaN) + weight * (v[first + d] ?? NaN);
  }
  return out.map((value) => value / sum);
}

interface Lists {
  counts: GPUBuffer;
  tiles: GPUBuffer;
  columns: GPUBuffer;
  tileCapacity: number;
  /** Tiles of the last row block, and of all row blocks of all heads. */
  last: number[];
  total: number;
}

function uploadLists(lab: Lab, heads: number, firstBlock: number, rowBlocks: number, density: number): Lists {
  const lists = Array.from({ length: rowBlocks }, (_, block) => spreadTiles(firstBlock + block, density));
  const tileCapacity = lists.reduce((most, list) => Math.max(most, list.length), 1);
  const counts = new Uint32Array(heads * rowBlocks * 2);
  const tiles = new Uint32Array(heads * rowBlocks * tileCapacity);
  for (let head = 0; head < heads; head++) {
    lists.forEach((list, block) => {
      const place = head * rowBlocks + block;
      counts[place * 2] = list.length;
      tiles.set(
        list.map((tile) => tile * 64),
        place * tileCapacity,
      );
    });
  }
  return {
    counts: lab.uploadU32(counts),
    tiles: lab.uploadU32(tiles),
    columns: lab.empty(16),
    tileCapacity,
    last: lists.at(-1) ?? [],
    total: lists.reduce((sum, list) => sum + list.length, 0) * heads,
  };
}

/** The last rows of the prompt: the longest ones, so that the rate is the one that counts. `density` null is dense. */
export function measureAttention(
  gpu: Gpu,
  shape: Heads,
  tokens: number,
  density: number | null,
  signal: AbortSignal,
): Promise<KernelMeasurement> {
  const { heads, kvHeads, headDim } = shape;
  const rows = Math.min(tokens, gpu.capabilities.software ? softwareRows : gpuRows);
  const firstBlock = Math.floor((tokens - rows) / 64);
  const rowPosition = firstBlock * 64;
  const count = tokens - rowPosition;
  const rowBlocks = Math.ceil(count / 64);
  return withLab(gpu, async (lab) => {
    const pipeline = await tileAttentionPipeline(gpu, headDim);
    const keyStride = Math.ceil(tokens / 64) * 64;
    const q = await lab.noise(heads * count * headDim, seeds.q);
    const k = await lab.noise(kvHeads * keyStride * headDim, seeds.k);
    const v = await lab.noise(kvHeads * keyStride * headDim, seeds.v);
    const lists = density === null ? null : uploadLists(lab, heads, firstBlock, rowBlocks, density);
    const unread = lab.empty(16);
    const out = lab.empty(count * heads * headDim * activationSize(gpu.tier));
    const buffers = {
      q,
      k,
      v,
      counts: lists?.counts ?? unread,
      tiles: lists?.tiles ?? unread,
      columns: lists?.columns ?? unread,
      out,
    };
    const flops = lists
      ? lists.total * 64 * 64 * 4 * headDim
      : denseFlops(count, rowPosition, headDim, heads);
    const index = lists ? { rowBlocks, tileCapacity: lists.tileCapacity, columnCapacity: 1 } : null;
    const { ms } = await lab.time((recorder) => {
      // By what the products before have taught the pacer: a slow GPU's driver kills dispatches of seconds.
      const most = Math.floor((rowBlocks * gpu.pacer.dispatchFlops) / flops);
      const step = Math.max(Math.ceil(leastGroups / heads), most);
      for (let firstRowBlock = 0; firstRowBlock < rowBlocks; firstRowBlock += step) {
        const blocks = Math.min(step, rowBlocks - firstRowBlock);
        recordTileAttention(
          recorder,
          pipeline,
          buffers,
          {
            rows: count,
            firstRowBlock,
            rowBlocks: blocks,
            rowPosition,
            keys: tokens,
            qStride: count,
            keyStride,
            heads,
            headBase: 0,
            totalHeads: heads,
            group: heads / kvHeads,
            headDim,
            index,
            flops: (flops * blocks) / rowBlocks,
          },
          'bench',
        );
      }
    }, signal);

    // The last row of the last head.
    const head = heads - 1;
    const row = count - 1;
    const kvFirst = (kvHeads - 1) * keyStride * headDim;
    const seen = lists
      ? lists.last.flatMap((tile) => Array.from({ length: 64 }, (_, slot) => tile * 64 + slot))
      : Array.from({ length: tokens }, (_, key) => key);
    const expected = attend(
      noiseValues(headDim, seeds.q, (head * count + row) * headDim),
      seen.filter((key) => key < tokens),
      noiseValues(tokens * headDim, seeds.k, kvFirst),
      noiseValues(tokens * headDim, seeds.v, kvFirst),
    );
    const actual = await lab.readActivations(out, (row * heads + head) * headDim, headDim);
    return {
      kernel: density === null ? 'tile_attention dense' : `tile_attention density ${density}`,
      shape: `${count} of ${tokens} rows, ${heads}/${kvHeads} heads of ${headDim}`,
      tokens,
      error: worst(actual, expected),
      tolerance: 5e-3,
      ms,
      rate: flops / ms / 1e9,
      unit: 'TFLOP/s',
    };
  });
}

/** Bytes of keys and values in all of a step's layers at most: beyond any cache, within any memory. */
const decodeBytes = 2 ** 30;

/**
 * Attention of one decoded token, layer by layer over caches of their own as in a model, so that no layer finds its
 * keys in the GPU's cache. The time is that of one layer, the rate that of the K and V that it must read.
 */
export function measureDecode(
  gpu: Gpu,
  shape: Heads,
  tokens: number,
  signal: AbortSignal,
): Promise<KernelMeasurement> {
  const { heads, kvHeads, headDim } = shape;
  return withLab(gpu, async (lab) => {
    const attention = await decodeAttentionFor(gpu, headDim, heads / kvHeads);
    const splits = attention.splits(tokens);
    const merge = await gpu.pipelines.get(decodeMerge, decodeMergeSpec(headDim));
    const keyStride = Math.ceil(tokens / 64) * 64;
    const elements = kvHeads * keyStride * headDim;
    const layers = Math.max(1, Math.min(shape.layers, Math.floor(decodeBytes / (elements * 4))));
    const caches: { k: GPUBuffer; v: GPUBuffer }[] = [];
    const q = await lab.noise(heads * headDim, seeds.q);
    // The same values in each cache: what is timed depends on addresses alone.
    const first = { k: await lab.noise(elements, seeds.k), v: await lab.noise(elements, seeds.v) };
    const encoder = gpu.device.createCommandEncoder();
    for (let layer = 1; layer < layers; layer++) {
      const copy = { k: lab.empty(elements * 2), v: lab.empty(elements * 2) };
      encoder.copyBufferToBuffer(first.k, 0, copy.k, 0, first.k.size);
      encoder.copyBufferToBuffer(first.v, 0, copy.v, 0, first.v.size);
      caches.push(copy);
    }
    gpu.device.queue.submit([encoder.finish()]);
    caches.push(first);
    const partials = lab.empty(heads * splits * (headDim + 2) * 4);
    const out = lab.empty(heads * headDim * activationSize(gpu.tier));
    const { ms } = await lab.time((recorder) => {
      for (const { k, v } of caches) {
        recordDecodeAttention(
          recorder,
          attention,
          { q, k, v, partials },
          { keys: tokens, keyStride, heads, headBase: 0, group: heads / kvHeads, headDim },
          'bench',
        );
        recordDecodeMerge(recorder, merge, { partials, out }, { splits, heads, headDim }, 'bench');
      }
    }, signal);

    const head = heads - 1;
    const kvFirst = (kvHeads - 1) * keyStride * headDim;
    const expected = attend(
      noiseValues(headDim, seeds.q, head * headDim),
      Array.from({ length: tokens }, (_, key) => key),
      noiseValues(tokens * headDim, seeds.k, kvFirst),
      noiseValues(tokens * headDim, seeds.v, kvFirst),
    );
    const actual = await lab.readActivations(out, head * headDim, headDim);
    const perLayer = ms / layers;
    return {
      kernel: 'decode_attention',
      shape: `${tokens} keys, ${heads}/${kvHeads} heads of ${headDim}, ${layers} layers`,
      tokens,
      error: worst(actual, expected),
      tolerance: 5e-3,
      ms: perLayer,
      rate: (kvHeads * tokens * headDim * 4) / perLayer / 1e6,
      unit: 'GB/s',
    };
  });
}
