/** Which parameters each dispatch sees, on a device that only keeps what it is told. */
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Gpu } from './device';
import type { Pipeline } from './kernel';
import { Recorder } from './recorder';
import { StallWatch } from './stallWatch';

beforeEach(() => {
  vi.stubGlobal('GPUBufferUsage', {
    UNIFORM: 1,
    COPY_DST: 2,
    QUERY_RESOLVE: 4,
    COPY_SRC: 8,
    MAP_READ: 16,
    STORAGE: 32,
  });
});
afterEach(() => {
  vi.unstubAllGlobals();
});

/** Ends in `seen` with the parameter of every dispatch, in the order in which they ran. */
function fakeGpu(seen: number[]): { gpu: Gpu; pipeline: Pipeline } {
  const arena = new Uint32Array(64 * 1024);
  let offsets: number[] = [];
  const pass = {
    setPipeline: vi.fn(),
    setBindGroup: (_group: number, _bound: unknown, [offset = -1]: number[]) => offsets.push(offset),
    dispatchWorkgroups: vi.fn(),
    end: vi.fn(),
  };
  const encoder = {
    beginComputePass: () => pass,
    resolveQuerySet: vi.fn(),
    copyBufferToBuffer: vi.fn(),
    finish: vi.fn(),
  };
  const device = {
    createCommandEncoder: () => encoder,
    createQuerySet: vi.fn(() => ({})),
    createBindGroup: vi.fn(() => ({})),
    queue: {
      writeBuffer: (_to: unknown, _at: number, from: Uint8Array, _first: number, bytes: number) => {
        new Uint8Array(arena.buffer).set(from.subarray(0, bytes));
      },
      submit: () => {
        seen.push(...offsets.map((offset) => arena[offset / 4] ?? -1));
        offsets = [];
      },
      onSubmittedWorkDone: () => Promise.resolve(),
    },
  };
  const memory = { scratch: () => ({}), allocate: () => ({}), release: vi.fn() };
  const gpu = {
    device,
    memory,
    capabilities: { timestamps: true },
    pacer: { submitFlops: Infinity, record: vi.fn() },
    stall: new StallWatch(false),
    takeFailure: () => null,
  };
  const pipeline = {
    kernel: { shader: { name: 'echo' } },
    pipeline: {},
    layout: {},
    names: [],
    params: {
      bytes: new Uint8Array(4),
      write: ({ n = 0 }: Record<string, number>) => new Uint8Array(Uint32Array.of(n).buffer),
    },
  };
  return { gpu: gpu as unknown as Gpu, pipeline: pipeline as unknown as Pipeline };
}

test('a dispatch that finds the timestamps full keeps its own parameters', async () => {
  const seen: number[] = [];
  const { gpu, pipeline } = fakeGpu(seen);
  const recorder = new Recorder(gpu);
  const record = (n: number, phase: string): void => {
    recorder.dispatch(pipeline, { buffers: {}, params: { n }, workgroups: [1], phase, flops: 0 });
  };
  // Passes run ahead of slots: the set fills while slots are left, which would submit as well.
  for (let n = 0; n < 3; n++) record(n, 'a');
  await recorder.drain();
  for (let n = 3; n < 1100; n++) record(n, n % 2 === 0 ? 'a' : 'b');
  await recorder.drain();
  expect(seen).toEqual(Array.from({ length: 1100 }, (_, n) => n));
});
