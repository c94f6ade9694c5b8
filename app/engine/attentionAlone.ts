/**
 * One attention alone on given queries, keys and values, for checks against other implementations: the patterns and
 * the kernel of the prefill, without a model. Queries and keys are used as they come (RoPE applied or not), every head
 * has its own keys, and the pattern's tail queries are the last rows.
 */
import { createPattern, type Pattern } from '../attention/pattern';
import { readTileIndex } from '../attention/readTileIndex';
import { UserError } from '../errors';
import type { Gpu } from '../gpu/device';
import type { Pipeline } from '../gpu/kernel';
import { readBuffer, Recorder } from '../gpu/recorder';
import { denseFlops, recordTileAttention, tileAttention, tileAttentionSpec } from '../kernels/tileAttention';
import { KvCache } from '../model/kvCache';
import { chunkRowsFor, planChunks, type Chunk } from '../model/plan';
import { adapterReport } from './session';
import type { AdapterReport, PatternRequest } from './types';

export interface AttentionShape {
  tokens: number;
  heads: number;
  headDim: number;
}

/** f16 as bits, [head][token][dim]. */
export interface AttentionInput extends AttentionShape {
  q: Uint16Array<ArrayBuffer>;
  k: Uint16Array<ArrayBuffer>;
  v: Uint16Array<ArrayBuffer>;
}

/** What is computed for the rows [first, first + count). */
export interface AttentionChunk {
  first: number;
  count: number;
  /** [head][row block]: first keys of 64-wide tiles; all causal ones where the row block is dense. */
  blocks: number[][][];
  /** [head][row block]: single keys outside the tiles. */
  columns: number[][][];
  /** [head][row][dim] */
  out: Float32Array<ArrayBuffer>;
}

export interface AttentionReport extends AttentionShape {
  pattern: string;
  /** With defaults filled in. */
  settings: Record<string, string | number | boolean>;
  /** Computed over causal tiles, all heads. */
  density: number;
  headDensity: number[];
  /** Why it ran dense though something else was asked for. */
  note?: string;
  adapter: AdapterReport;
}

/** Bytes of a chunk's output, and of its queries, stay below this. */
const mostChunkBytes = 2 ** 26;

export function checkShape({ tokens, heads, headDim }: AttentionShape): void {
  const whole = (name: string, value: number, most: number) => {
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new UserError(
        'bad-setting',
        `shape.json: ${name} is ${value}.`,
        `It must be a whole number from 1 to ${most}.`,
      );
  };
  whole('tokens', tokens, 2 ** 20);
  whole('heads', heads, 1024);
  whole('headDim', headDim, 256);
  if (headDim % 8 !== 0)
    throw new UserError('bad-setting', `shape.json: headDim is ${headDim}.`, 'It must be a multiple of 8.');
}

function chunksOf({ tokens, heads, headDim }: AttentionShape): Chunk[] {
  let rows = chunkRowsFor(tokens, heads * headDim);
  while (rows > 512 && rows * heads * headDim * 4 > mostChunkBytes) rows /= 2;
  return planChunks(tokens, Math.min(rows, Math.ceil(tokens / 64) * 64));
}

/** This run is for comparing: never dense by itself, and what the original covers where a budget may say so. */
function aloneDefaults(name: PatternRequest['name']): PatternRequest['set'] {
  if (name === 'dense') return {};
  const budget = name === 'vertical_slash' || name === 'block_sparse' ? { budget: 'classic' } : {};
  return { fallback: 'off', ...budget };
}

/** Runs the attention in chunks of rows; `onChunk` hears each as it is done. `fallback` is off and `budget` classic unless set. */
export async function attentionAlone(
  gpu: Gpu,
  input: AttentionInput,
  request: PatternRequest,
  signal: AbortSignal,
  onChunk: (chunk: AttentionChunk) => void,
): Promise<AttentionReport> {
  const { tokens, heads, headDim } = input;
  checkShape(input);
  const chunks = chunksOf(input);
  const chunkRows = Math.max(...chunks.map(({ count }) => count));
  const set = { ...aloneDefaults(request.name), ...request.set };
  const owned: { destroy(): void }[] = [];
  const allocate = (label: string, bytes: number): GPUBuffer => {
    const buffer = gpu.memory.allocate(label, bytes);
    owned.push({ destroy: () => gpu.memory.release(buffer) });
    return buffer;
  };
  const recorder = new Recorder(gpu, signal);
  try {
    const cache = new KvCache(gpu, { layers: 1, heads, kvHeads: heads, headDim }, tokens);
    owned.push(cache);
    const pattern = await createPattern(
      gpu,
      { name: request.name, set },
      {
        heads,
        kvHeads: heads,
        headDim,
        layers: 1,
        keys: tokens,
        past: 0,
        rows: tokens,
        chunkRows: Math.ceil(chunkRows / 64) * 64,
        keyStride: cache.stride,
      },
    );
    owned.push(pattern);
    // f32 out of the kernel in every tier: this run is for comparing.
    const pipeline = await gpu.pipelines.get(tileAttention, {
      ...tileAttentionSpec(headDim),
      without: ['f16'],
    });
    const run = { gpu, input, pattern, recorder, cache, pipeline };
    const buffers = {
      q: allocate('queries', chunkRows * heads * headDim * 2),
      out: allocate('attended', chunkRows * heads * headDim * 4),
      none: allocate('no lists', 16),
    };
    uploadCache(run);
    const tailRows = Math.min(pattern.tailRows, tokens);
    const tail = allocate('tail queries', Math.max(1, tailRows) * heads * headDim * 2);
    uploadRows(run, tail, { first: tokens - tailRows, count: tailRows });
    if (pattern.observeRows) {
      for (const chunk of chunks) {
        uploadRows(run, buffers.q, chunk);
        const { first, count } = chunk;
        const wanted = { first, count, queries: buffers.q, queryStride: count, caches: cache.layer(0) };
        pattern.observeRows(recorder, 0, wanted);
        // The next chunk's queries go where these are.
        await recorder.drain();
      }
    }
    pattern.prepareLayer(recorder, { layer: 0, caches: cache.layer(0), tail });
    await recorder.drain();
    for (const chunk of chunks) onChunk(await attendChunk(run, buffers, chunk));
    const { density, headDensity } = await pattern.statistics();
    return {
      tokens,
      heads,
      headDim,
      pattern: pattern.name,
      settings: pattern.settings,
      density,
      headDensity,
      ...(pattern.note !== undefined && { note: pattern.note }),
      adapter: adapterReport(gpu),
    };
  } finally {
    await recorder.destroy();
    for (const item of owned.toReversed()) item.destroy();
  }
}

interface Run {
  gpu: Gpu;
  input: AttentionInput;
  pattern: Pattern;
  recorder: Recorder;
  cache: KvCache;
  pipeline: Pipeline<keyof typeof tileAttention.bindings>;
}

function uploadCache({ gpu, input, cache }: Run): void {
  const { tokens, headDim } = input;
  for (const range of cache.layer(0)) {
    for (let head = 0; head < range.kvHeads; head++) {
      const from = (range.kvHeadBase + head) * tokens * headDim;
      const to = head * cache.stride * headDim * 2;
      for (const name of ['k', 'v'] as const)
        gpu.device.queue.writeBuffer(range[name].buffer, to, input[name], from, tokens * headDim);
    }
  }
}

/** Rows of every head's queries, packed [head][count][dim]. */
function uploadRows({ gpu, input }: Run, to: GPUBuffer, { first, count }: Chunk): void {
  const { tokens, heads, headDim } = input;
  if (count === 0) return;
  for (let head = 0; head < heads; head++) {
    gpu.device.queue.writeBuffer(
      to,
      head * count * headDim * 2,
      input.q,
      (head * tokens + first) * headDim,
      count * headDim,
    );
  }
}

async function attendChunk(
  run: Run,
  buffers: Record<'q' | 'out' | 'none', GPUBuffer>,
  chunk: Chunk,
): Promise<AttentionChunk> {
  const { gpu, pattern, recorder, cache, pipeline } = run;
  const { heads, headDim } = run.input;
  const { first, count } = chunk;
  uploadRows(run, buffers.q, chunk);
  const wanted = { first, count, queries: buffers.q, queryStride: count, caches: cache.layer(0) };
  const index = pattern.indexRows(recorder, 0, wanted);
  const blocks = Math.ceil(count / 64);
  // As if dense: what a pattern leaves out only makes the dispatches shorter.
  const perBlock = denseFlops(count, first, headDim, heads) / blocks;
  const step = Math.max(1, Math.min(blocks, Math.floor(gpu.pacer.dispatchFlops / perBlock)));
  for (let firstRowBlock = 0; firstRowBlock < blocks; firstRowBlock += step) {
    const rowBlocks = Math.min(step, blocks - firstRowBlock);
    for (const range of cache.layer(0)) {
      recordTileAttention(
        recorder,
        pipeline,
        {
          q: buffers.q,
          k: range.k,
          v: range.v,
          counts: index?.counts ?? buffers.none,
          tiles: index?.tiles ?? buffers.none,
          columns: index?.columns ?? buffers.none,
          out: buffers.out,
        },
        {
          rows: count,
          firstRowBlock,
          rowBlocks,
          rowPosition: first,
          keys: first + count,
          qStride: count,
          keyStride: cache.stride,
          heads: range.heads,
          headBase: range.headBase,
          totalHeads: heads,
          group: 1,
          headDim,
          index,
          flops: (perBlock * rowBlocks * range.heads) / heads,
        },
        'attention',
      );
    }
    await recorder.pace();
  }
  await recorder.drain();
  const lists = index === null ? null : await readTileIndex(gpu, index, heads);
  const causal = (block: number) =>
    Array.from(
      { length: Math.ceil((first + Math.min(count, (block + 1) * 64)) / 64) },
      (_, tile) => tile * 64,
    );
  const listed = Array.from({ length: heads }, (_, head) =>
    Array.from({ length: blocks }, (_block, block) => {
      const list = lists?.[head]?.[block] ?? 'dense';
      return list === 'dense' ? { tiles: causal(block), columns: [] } : list;
    }),
  );
  const size = count * heads * headDim * 4;
  const byRow = new Float32Array(await readBuffer(gpu, buffers.out, 0, size));
  const out = new Float32Array(byRow.length);
  for (let row = 0; row < count; row++) {
    for (let head = 0; head < heads; head++) {
      const from = (row * heads + head) * headDim;
      out.set(byRow.subarray(from, from + headDim), (head * count + row) * headDim);
    }
  }
  return {
    first,
    count,
    blocks: listed.map((rows) => rows.map(({ tiles }) => tiles)),
    columns: listed.map((rows) => rows.map(({ columns }) => columns)),
    out,
  };
}
