/** The buffers of a pattern by name, sized before a GPU exists, so that plan and allocation cannot disagree. */
import { UserError } from '../errors';
import type { Gpu } from '../gpu/device';

export type Sizes<Name extends string> = Readonly<Record<Name, number>>;

export function totalBytes(sizes: Readonly<Record<string, number>>): number {
  return Object.values(sizes).reduce((sum, bytes) => sum + Math.max(16, Math.ceil(bytes / 16) * 16), 0);
}

export function allocateAll<Name extends string>(gpu: Gpu, sizes: Sizes<Name>): Record<Name, GPUBuffer> {
  const limit = gpu.capabilities.limits.maxStorageBufferBindingSize;
  const entries = Object.entries<number>(sizes);
  for (const [name, bytes] of entries) {
    if (bytes <= limit) continue;
    throw new UserError(
      'limit-too-small',
      `The sparse index (${name}) would need ${Math.ceil(bytes / 2 ** 20)} MiB in one binding, and this adapter allows ${Math.floor(limit / 2 ** 20)} MiB.`,
      'Use smaller budgets, a shorter context or the dense pattern.',
    );
  }
  return Object.fromEntries(
    entries.map(([name, bytes]) => [name, gpu.memory.allocate(name, bytes)]),
  ) as Record<Name, GPUBuffer>;
}

export function releaseAll(gpu: Gpu, buffers: Readonly<Record<string, GPUBuffer>>): void {
  for (const buffer of Object.values(buffers)) gpu.memory.release(buffer);
}
