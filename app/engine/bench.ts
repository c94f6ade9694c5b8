/** Kernel measurements on the session's own GPU: checked against the reference on sampled rows first, then timed. */
import { activationSize } from '../gpu/capabilities';
import type { Gpu } from '../gpu/device';
import { readBuffer, Recorder } from '../gpu/recorder';
import { matmul, recordMatmul } from '../kernels/matmul';
import { matmulSwiglu, recordMatmulSwiglu } from '../kernels/matmulSwiglu';
import { denseFlops, recordTileAttention, tileAttention, tileAttentionSpec } from '../kernels/tileAttention';

export interface KernelBenchRequest {
  /** Prompt lengths for attention. */
  tokens: number[];
  heads: number;
  kvHeads: number;
  headDim: number;
  hidden: number;
  intermediate: number;
  /** Shares of causal tiles for sparse attention. */
  densities: number[];
}

export interface KernelMeasurement {
  kernel: string;
  shape: string;
  /** Largest difference to the f64 reference on sampled rows, relative to the largest value. */
  error: number;
  /** GPU milliseconds of one run; wall time where there are no timestamps. */
  ms: number;
  /** TFLOP/s on what was computed, or GB/s for the copy. */
  rate: number;
  unit: 'TFLOP/s' | 'GB/s';
}

/** Uniform values in [-1, 1) as f16 bits, seeded and fast: benchmarks need no normal distribution. */
function noise(count: number, seed: number): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(Math.ceil(count / 4) * 4);
  let state = seed >>> 0 || 1;
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    // Sign and ten fraction bits from the state, exponent of [0.5, 1) or below by one: never a subnormal.
    bits[at] =
      ((state >>> 16) & 0x8000) | (((state >>> 8) & 1) === 0 ? 0x3400 : 0x3800) | ((state >>> 9) & 0x3ff);
  }
  return bits;
}

function half(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  return sign * 2 ** (((bits >> 10) & 31) - 15) * (1 + (bits & 0x3ff) / 1024);
}

/** Owns buffers and a recorder for one measurement. */
class Lab {
  private readonly buffers: GPUBuffer[] = [];
  constructor(readonly gpu: Gpu) {}

  /** Values as the tier stores activations. */
  uploadActivations(bits: Uint16Array<ArrayBuffer>): GPUBuffer {
    if (activationSize(this.gpu.tier) === 2) return this.upload(bits);
    const buffer = this.empty(bits.length * 4);
    this.gpu.device.queue.writeBuffer(buffer, 0, Float32Array.from(bits, half));
    return buffer;
  }

  /** `count` activations from element `first` on. */
  async readActivations(buffer: GPUBuffer, first: number, count: number): Promise<Float64Array> {
    const size = activationSize(this.gpu.tier);
    const bytes = await readBuffer(this.gpu, buffer, first * size, count * size);
    return size === 2
      ? Float64Array.from(new Uint16Array(bytes), half)
      : Float64Array.from(new Float32Array(bytes));
  }

  upload(bits: Uint16Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.empty(bits.byteLength);
    this.gpu.device.queue.writeBuffer(buffer, 0, bits);
    return buffer;
  }

  uploadU32(data: Uint32Array<ArrayBuffer>): GPUBuffer {
    const buffer = this.empty(data.byteLength);
    this.gpu.device.queue.writeBuffer(buffer, 0, data);
    return buffer;
  }

  empty(bytes: number): GPUBuffer {
    const buffer = this.gpu.memory.allocate('bench', bytes);
    this.buffers.push(buffer);
    return buffer;
  }

  /** Median GPU milliseconds of `record`, repeated so that a timed pass lasts several ms; one warm-up dropped. */
  async time(record: (recorder: Recorder) => void, signal: AbortSignal): Promise<number> {
    const samples: number[] = [];
    let repeats = 1;
    for (let round = 0; round < 6; round++) {
      const recorder = new Recorder(this.gpu, signal);
      try {
        const start = performance.now();
        for (let run = 0; run < repeats; run++) record(recorder);
        await recorder.drain();
        const wall = performance.now() - start;
        const phases = await recorder.phases();
        const ms = (phases?.bench ?? wall) / repeats;
        if (round > 0) samples.push(ms);
        else repeats = Math.max(1, Math.min(50, Math.ceil(20 / Math.max(ms, 0.1))));
      } finally {
        await recorder.destroy();
      }
    }
    return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)] ?? NaN;
  }

  destroy(): void {
    for (const buffer of this.buffers) this.gpu.memory.release(buffer);
  }
}

function worst(actual: Float64Array, expected: Float64Array): number {
  const scale = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return (
    expected.reduce((most, value, at) => Math.max(most, Math.abs(value - (actual[at] ?? NaN))), 0) / scale
  );
}

async function copyBandwidth(gpu: Gpu, signal: AbortSignal): Promise<KernelMeasurement> {
  const lab = new Lab(gpu);
  const bytes = gpu.capabilities.software ? 2 ** 24 : 2 ** 28;
  const from = lab.empty(bytes);
  const to = lab.empty(bytes);
  const runs = gpu.capabilities.software ? 2 : 20;
  const wall: number[] = [];
  for (let round = 0; round < 4; round++) {
    signal.throwIfAborted();
    const start = performance.now();
    const encoder = gpu.device.createCommandEncoder();
    for (let run = 0; run < runs; run++) encoder.copyBufferToBuffer(from, 0, to, 0, bytes);
    gpu.device.queue.submit([encoder.finish()]);
    await gpu.device.queue.onSubmittedWorkDone();
    wall.push((performance.now() - start) / runs);
  }
  lab.destroy();
  const ms = Math.min(...wall);
  return {
    kernel: 'copy',
    shape: `${bytes / 2 ** 20} MiB`,
    error: 0,
    ms,
    rate: (2 * bytes) / ms / 1e6,
    unit: 'GB/s',
  };
}

async function product(
  gpu: Gpu,
  shape: { rows: number; cols: number; length: number; gated: boolean },
  signal: AbortSignal,
): Promise<KernelMeasurement> {
  const lab = new Lab(gpu);
  const { rows, cols, length, gated } = shape;
  const a = noise(rows * length, 1);
  const w = noise((gated ? 2 : 1) * cols * length, 2);
  const buffers = { a: lab.uploadActivations(a), w: lab.upload(w), out: lab.empty(rows * cols * 4) };
  const bias = lab.empty(16);
  const plain = await gpu.pipelines.get(matmul);
  const swiglu = await gpu.pipelines.get(matmulSwiglu);
  const record = (recorder: Recorder): void => {
    if (gated) recordMatmulSwiglu(recorder, swiglu, buffers, { rows, cols, length }, 'bench');
    else recordMatmul(recorder, plain, { ...buffers, bias }, { rows, cols, length }, 'bench');
  };
  const ms = await lab.time(record, signal);
  const dot = (row: number, col: number): number => {
    let sum = 0;
    for (let i = 0; i < length; i++) sum += half(a[row * length + i] ?? 0) * half(w[col * length + i] ?? 0);
    return sum;
  };
  const row = rows - 1;
  const expected = Float64Array.from({ length: cols }, (_, col) => {
    const gate = dot(row, col);
    return gated ? (gate / (1 + Math.exp(-gate))) * dot(row, cols + col) : gate;
  });
  const actual = gated
    ? await lab.readActivations(buffers.out, row * cols, cols)
    : Float64Array.from(new Float32Array(await readBuffer(gpu, buffers.out, row * cols * 4, cols * 4)));
  lab.destroy();
  const flops = 2 * rows * cols * length * (gated ? 2 : 1);
  return {
    kernel: gated ? 'matmul_swiglu' : 'matmul',
    shape: `${rows} x ${cols} x ${length}`,
    error: worst(actual, expected),
    ms,
    rate: flops / ms / 1e9,
    unit: 'TFLOP/s',
  };
}

/** Tiles of a synthetic index: first, diagonal, and evenly spread ones up to the density. */
function spreadTiles(block: number, density: number): number[] {
  const wanted = Math.max(2, Math.round((block + 1) * density));
  const picked = new Set([0, block]);
  for (let i = 1; i < wanted - 1; i++) picked.add(Math.floor((i * block) / (wanted - 1)));
  return [...picked].toSorted((a, b) => a - b);
}

async function attention(
  gpu: Gpu,
  request: KernelBenchRequest,
  tokens: number,
  density: number | null,
  signal: AbortSignal,
): Promise<KernelMeasurement> {
  const lab = new Lab(gpu);
  const { heads, kvHeads, headDim } = request;
  // The last rows of the prompt, as many as a chunk has: the longest rows, so the rate is the one that counts.
  const rows = Math.min(tokens, 4_096);
  const rowPosition = tokens - rows;
  const rowBlocks = Math.ceil(rows / 64);
  const [q, k, v] = [
    noise(heads * rows * headDim, 3),
    noise(kvHeads * tokens * headDim, 4),
    noise(kvHeads * tokens * headDim, 5),
  ] as const;
  const lists = Array.from({ length: rowBlocks }, (_, block) =>
    density === null ? [] : spreadTiles(rowPosition / 64 + block, density),
  );
  const tileCapacity = Math.max(1, ...lists.map((list) => list.length));
  const counts = new Uint32Array(heads * rowBlocks * 2);
  const tiles = new Uint32Array(heads * rowBlocks * tileCapacity);
  for (let head = 0; head < heads; head++) {
    lists.forEach((list, block) => {
      counts[(head * rowBlocks + block) * 2] = list.length;
      tiles.set(
        list.map((tile) => tile * 64),
        (head * rowBlocks + block) * tileCapacity,
      );
    });
  }
  const buffers = {
    q: lab.upload(q),
    k: lab.upload(k),
    v: lab.upload(v),
    counts: lab.uploadU32(counts),
    tiles: lab.uploadU32(tiles),
    columns: lab.empty(16),
    out: lab.empty(rows * heads * headDim * 4),
  };
  const computedTiles = lists.reduce((sum, list) => sum + list.length, 0) * heads;
  const flops =
    density === null ? denseFlops(rows, rowPosition, headDim, heads) : computedTiles * 64 * 64 * 4 * headDim;
  const pipeline = await gpu.pipelines.get(tileAttention, tileAttentionSpec(headDim));
  const record = (recorder: Recorder): void => {
    recordTileAttention(
      recorder,
      pipeline,
      buffers,
      {
        rows,
        firstRowBlock: 0,
        rowBlocks,
        rowPosition,
        keys: tokens,
        qStride: rows,
        keyStride: tokens,
        heads,
        headBase: 0,
        totalHeads: heads,
        group: heads / kvHeads,
        headDim,
        index: density === null ? null : { rowBlocks, tileCapacity, columnCapacity: 1 },
        flops,
      },
      'bench',
    );
  };
  const ms = await lab.time(record, signal);

  // The last row of the last head in f64.
  const row = rows - 1;
  const head = heads - 1;
  const keys = (lists.at(-1) ?? []).flatMap((tile) =>
    Array.from({ length: 64 }, (_, slot) => tile * 64 + slot),
  );
  const seen =
    density === null ? Array.from({ length: tokens }, (_, key) => key) : keys.filter((key) => key < tokens);
  const kvBase = (kvHeads - 1) * tokens;
  const weights = seen.map((key) => {
    let dot = 0;
    for (let d = 0; d < headDim; d++) {
      dot += half(q[(head * rows + row) * headDim + d] ?? 0) * half(k[(kvBase + key) * headDim + d] ?? 0);
    }
    return Math.exp(dot / Math.sqrt(headDim));
  });
  const sum = weights.reduce((total, weight) => total + weight, 0);
  const expected = new Float64Array(headDim);
  seen.forEach((key, at) => {
    for (let d = 0; d < headDim; d++) {
      expected[d] =
        (expected[d] ?? 0) + ((weights[at] ?? 0) / sum) * half(v[(kvBase + key) * headDim + d] ?? 0);
    }
  });
  const actual = await lab.readActivations(buffers.out, (row * heads + head) * headDim, headDim);
  lab.destroy();
  return {
    kernel: density === null ? 'tile_attention dense' : `tile_attention density ${density}`,
    shape: `${rows} of ${tokens} rows, ${heads}/${kvHeads} heads of ${headDim}`,
    error: worst(actual, expected),
    ms,
    rate: flops / ms / 1e9,
    unit: 'TFLOP/s',
  };
}

/** All kernels at the shapes of a model; `onMeasured` hears each result as it comes. */
export async function benchKernels(
  gpu: Gpu,
  request: KernelBenchRequest,
  signal: AbortSignal,
  onMeasured: (measurement: KernelMeasurement) => void,
): Promise<KernelMeasurement[]> {
  const all: KernelMeasurement[] = [];
  const add = async (work: Promise<KernelMeasurement>): Promise<void> => {
    const measured = await work;
    all.push(measured);
    onMeasured(measured);
  };
  const { hidden, intermediate } = request;
  const rows = gpu.capabilities.software ? 64 : 4_096;
  await add(copyBandwidth(gpu, signal));
  if (!gpu.capabilities.software)
    await add(product(gpu, { rows, cols: 4_096, length: 4_096, gated: false }, signal));
  await add(product(gpu, { rows, cols: hidden, length: hidden, gated: false }, signal));
  await add(product(gpu, { rows, cols: hidden, length: intermediate, gated: false }, signal));
  await add(product(gpu, { rows, cols: intermediate, length: hidden, gated: true }, signal));
  for (const tokens of request.tokens) {
    await add(attention(gpu, request, tokens, null, signal));
    for (const density of request.densities) await add(attention(gpu, request, tokens, density, signal));
  }
  return all;
}
