import { expect, test } from 'vitest';
import { BindGroups, type Binding } from './bindGroups';
import type { Pipeline } from './kernel';

// Objects that only have to differ: nothing here looks into a buffer or a layout.
const buffer = (): GPUBuffer => ({}) as GPUBuffer;
const pipeline = (): Pipeline<'a' | 'b'> =>
  ({
    kernel: { shader: { name: 'test', text: '' } },
    layout: {},
    names: ['a', 'b'],
    params: { bytes: new Uint8Array(20) },
  }) as unknown as Pipeline<'a' | 'b'>;

function groups(): { get: BindGroups['get']; made: GPUBindGroupDescriptor[] } {
  const made: GPUBindGroupDescriptor[] = [];
  const device = {
    createBindGroup: (descriptor: GPUBindGroupDescriptor) => {
      made.push(descriptor);
      return { descriptor };
    },
  };
  const all = new BindGroups(device as unknown as GPUDevice, buffer());
  return { get: (of, buffers) => all.get(of, buffers), made };
}

test('the same bindings are made into a group once, whatever objects name their parts', () => {
  const { get, made } = groups();
  const [one, a, b] = [pipeline(), buffer(), buffer()];
  const part = (): Binding => ({ buffer: b, offset: 256, size: 64 });
  expect(get(one, { a, b: part() })).toBe(get(one, { b: part(), a }));
  expect(made).toHaveLength(1);
  expect(Array.from(made[0]?.entries ?? [], ({ binding }) => binding)).toEqual([0, 1, 2]);
});

test('another pipeline, buffer, order, offset or size is another group', () => {
  const { get, made } = groups();
  const [one, a, b] = [pipeline(), buffer(), buffer()];
  const parts: { a: Binding; b: Binding }[] = [
    { a, b },
    { a: b, b: a },
    { a, b: a },
    { a, b: { buffer: b } },
    { a, b: { buffer: b, size: 64 } },
    { a, b: { buffer: b, offset: 64 } },
    { a, b: { buffer: b, offset: 64, size: 64 } },
    { a: { buffer: a, offset: 64, size: 64 }, b },
  ];
  const seen = new Set([...parts.map((bound) => get(one, bound)), get(pipeline(), { a, b })]);
  expect(seen.size).toBe(parts.length + 1);
  expect(made).toHaveLength(parts.length + 1);
});
