import { beforeAll, expect, test } from 'vitest';
import type { Capabilities } from './capabilities';
import { GpuMemory } from './memory';

interface FakeBuffer {
  label: string;
  size: number;
  usage: number;
  destroyed: boolean;
}

beforeAll(() => {
  Object.assign(globalThis, { GPUBufferUsage: { COPY_SRC: 4, COPY_DST: 8, UNIFORM: 64, STORAGE: 128 } });
});

function memory(): { memory: GpuMemory; made: FakeBuffer[] } {
  const made: FakeBuffer[] = [];
  const device = {
    createBuffer: (descriptor: { label: string; size: number; usage: number }) => {
      const buffer = {
        ...descriptor,
        destroyed: false,
        destroy: () => {
          buffer.destroyed = true;
        },
      };
      made.push(buffer);
      return buffer;
    },
  };
  const capabilities = { limits: { maxBufferSize: 2 ** 20 } };
  return {
    memory: new GpuMemory(device as unknown as GPUDevice, capabilities as unknown as Capabilities),
    made,
  };
}

test('scratch is taken again by size and use; other buffers never are', () => {
  const { memory: gpu, made } = memory();
  const first = gpu.scratch('a', 100);
  gpu.release(first);
  expect(gpu.bytes).toBe(0);
  expect(gpu.scratch('b', 112)).toBe(first);
  expect(first.label).toBe('b');
  expect(gpu.bytes).toBe(112);
  gpu.release(first);
  const plain = gpu.allocate('c', 112);
  expect(plain).not.toBe(first);
  gpu.release(plain);
  expect(made.map(({ destroyed }) => destroyed)).toEqual([false, true]);
  expect(gpu.scratch('d', 112, GPUBufferUsage.UNIFORM)).not.toBe(first);
});

test('scratch of another size frees what waits before more is asked for', () => {
  const { memory: gpu, made } = memory();
  const all = [gpu.scratch('a', 64), gpu.scratch('b', 128)];
  for (const buffer of all) gpu.release(buffer);
  gpu.resetPeak();
  expect(gpu.peakBytes).toBe(192);
  gpu.resetPeak();
  expect(gpu.scratch('c', 64)).toBe(all[0]);
  gpu.scratch('d', 256);
  expect(made.map(({ destroyed }) => destroyed)).toEqual([false, true, false]);
  expect(gpu.peakBytes).toBe(64 + 256);
});

test('a buffer is released once, and trimming frees what waits', () => {
  const { memory: gpu, made } = memory();
  const one = gpu.scratch('a', 64);
  gpu.release(one);
  gpu.release(one);
  expect(gpu.scratch('b', 64)).toBe(one);
  gpu.release(one);
  gpu.trim();
  expect(made[0]?.destroyed).toBe(true);
  expect(gpu.scratch('c', 64)).not.toBe(one);
  gpu.destroy();
  expect(made.every(({ destroyed }) => destroyed)).toBe(true);
});
