/** onnxruntime-web in the page: one session, run and timed. Everything here but the types runs in the browser. */
import type { Page } from 'playwright';

/**
 * How a session is set up; users choose among these. 'dynamic': any length, as files from the Hub are run. 'fixed': the
 * length is told beforehand. 'shared': and keys and values are written into a cache that is given.
 */
export type Mode = 'dynamic' | 'fixed' | 'shared';

export interface PeerWork {
  /** URLs. */
  module: string;
  folder: string;
  model: string;
  /** Little-endian values for each input, by name; at least as many as are needed. */
  data: Record<string, string>;
  tokens: number;
  dtype: 'float16' | 'float32';
  /** Sizes of inputs and outputs by name; -1 stands for the tokens. */
  inputs: Record<string, number[]>;
  outputs: Record<string, number[]>;
  /** The output whose rows [tokens][width] are read back, and how many of the last ones. */
  result: string;
  rows: number;
  mode: Mode;
  /** Their flash attention is wrong with subgroups of SwiftShader's size (4). */
  subgroups: boolean;
  repeat: number;
}

export interface PeerTimes {
  version: string;
  features: string[];
  /** Wall time of each run until the last rows were on the CPU, ms. */
  samples: number[];
  /** The last `rows` rows as bytes. */
  result: number[];
}

/** What of the package's interface is used; its own types come with the package, which the app's install lacks. */
interface OrtTensor {
  dispose(): void;
}
interface OrtSession {
  run(feeds: Record<string, OrtTensor>, fetches: Record<string, OrtTensor>): Promise<unknown>;
  release(): Promise<void>;
}
interface Ort {
  env: {
    versions: { web?: string };
    wasm: { wasmPaths?: string; numThreads?: number };
  };
  InferenceSession: { create(model: string, options: Record<string, unknown>): Promise<OrtSession> };
  Tensor: {
    fromGpuBuffer(buffer: GPUBuffer, options: { dataType: string; dims: number[] }): OrtTensor;
  };
}

async function inPage(work: PeerWork): Promise<PeerTimes> {
  const scope = window as unknown as {
    peer?: { ort: Ort; device: GPUDevice; features: string[]; errors: string[] };
  };
  const open = async () => {
    const adapter = await navigator.gpu.requestAdapter();
    if (!adapter) throw new Error('no WebGPU adapter');
    // What onnxruntime asks for itself, without the experimental features that a browser may have been started with.
    const wanted = ['shader-f16', 'subgroups', 'timestamp-query'] as const;
    const features = wanted.filter(
      (name) => adapter.features.has(name) && (name !== 'subgroups' || work.subgroups),
    );
    const limits = [
      'maxBindGroups',
      'maxComputeWorkgroupStorageSize',
      'maxComputeWorkgroupsPerDimension',
      'maxStorageBufferBindingSize',
      'maxBufferSize',
      'maxComputeInvocationsPerWorkgroup',
      'maxComputeWorkgroupSizeX',
      'maxComputeWorkgroupSizeY',
      'maxComputeWorkgroupSizeZ',
      'maxStorageBuffersPerShaderStage',
    ] as const;
    const device = await adapter.requestDevice({
      requiredFeatures: features,
      requiredLimits: Object.fromEntries(limits.map((name) => [name, adapter.limits[name]])),
    });
    const errors: string[] = [];
    device.addEventListener('uncapturederror', ({ error }) => errors.push(error.message));
    const ort = (await import(work.module)) as Ort;
    ort.env.wasm.wasmPaths = work.folder;
    ort.env.wasm.numThreads = 1;
    return { ort, device, features: [...features], errors };
  };
  const { ort, device, features, errors } = (scope.peer ??= await open());
  errors.length = 0;
  const names = Object.keys(work.outputs);
  const session = await ort.InferenceSession.create(work.model, {
    executionProviders: [{ name: 'webgpu', device }],
    preferredOutputLocation: Object.fromEntries(names.map((name) => [name, 'gpu-buffer'])),
    ...(work.mode !== 'dynamic' && { freeDimensionOverrides: { tokens: work.tokens } }),
  });
  const size = work.dtype === 'float16' ? 2 : 4;
  const buffers: GPUBuffer[] = [];
  const tensors: OrtTensor[] = [];
  const tensorOf = (dims: number[]): { buffer: GPUBuffer; tensor: OrtTensor; bytes: number } => {
    const sized = dims.map((dim) => (dim === -1 ? work.tokens : dim));
    const bytes = sized.reduce((product, dim) => product * dim, size);
    const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
    const buffer = device.createBuffer({ size: Math.ceil(bytes / 16) * 16, usage });
    const tensor = ort.Tensor.fromGpuBuffer(buffer, { dataType: work.dtype, dims: sized });
    buffers.push(buffer);
    tensors.push(tensor);
    return { buffer, tensor, bytes };
  };
  try {
    const feeds: Record<string, OrtTensor> = {};
    for (const [name, dims] of Object.entries(work.inputs)) {
      if (name.startsWith('past.')) continue;
      const { buffer, tensor, bytes } = tensorOf(dims);
      const response = await fetch(work.data[name] ?? '');
      if (!response.ok) throw new Error(`no data for the input ${name}`);
      device.queue.writeBuffer(buffer, 0, await response.arrayBuffer(), 0, bytes);
      feeds[name] = tensor;
    }
    const fetches: Record<string, OrtTensor> = {};
    let read: { buffer: GPUBuffer; from: number; bytes: number } | null = null;
    for (const name of names) {
      const { buffer, tensor, bytes } = tensorOf(work.outputs[name] ?? []);
      fetches[name] = tensor;
      const past = name.replace('present.', 'past.');
      if (past in work.inputs) feeds[past] = tensor;
      const rows = (bytes / work.tokens) * work.rows;
      if (name === work.result) read = { buffer, from: bytes - rows, bytes: rows };
    }
    if (!read) throw new Error(`no output ${work.result}`);
    const staging = device.createBuffer({
      size: read.bytes,
      usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
    });
    buffers.push(staging);
    let result: number[] = [];
    const once = async (): Promise<number> => {
      const start = performance.now();
      await session.run(feeds, fetches);
      const encoder = device.createCommandEncoder();
      encoder.copyBufferToBuffer(read.buffer, read.from, staging, 0, read.bytes);
      device.queue.submit([encoder.finish()]);
      await staging.mapAsync(GPUMapMode.READ);
      const ms = performance.now() - start;
      result = [...new Uint8Array(staging.getMappedRange())];
      staging.unmap();
      if (errors[0] !== undefined) throw new Error(errors[0]);
      return ms;
    };
    // Shaders are compiled in the first run, and buffers are kept for the next ones.
    await once();
    await once();
    const samples: number[] = [];
    for (let run = 0; run < work.repeat; run++) samples.push(await once());
    return { version: ort.env.versions.web ?? '', features, samples, result };
  } finally {
    await session.release();
    for (const tensor of tensors) tensor.dispose();
    for (const buffer of buffers) buffer.destroy();
  }
}

/** Throws with onnxruntime's own message where it can't do what is asked. */
export function runPeer(page: Page, work: PeerWork): Promise<PeerTimes> {
  return page.evaluate(inPage, work);
}
