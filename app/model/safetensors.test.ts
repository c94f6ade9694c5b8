import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { UserError } from '../errors';
import { headerLength, parseHeader } from './safetensors';

const header = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const f16 = (shape: number[], begin: number, end: number) => ({
  dtype: 'F16',
  shape,
  data_offsets: [begin, end],
});

test('entries come in file order, metadata and gaps are fine', () => {
  const entries = parseHeader(
    header({ __metadata__: { format: 'pt' }, b: f16([2], 8, 12), a: f16([2, 2], 0, 8), c: f16([0], 16, 16) }),
    16,
    'f',
  );
  expect(entries.map(({ name, begin }) => [name, begin])).toEqual([
    ['a', 0],
    ['b', 8],
    ['c', 16],
  ]);
});

test.each([
  ['beyond the end', { a: f16([8], 0, 16) }],
  ['overlap', { a: f16([4], 0, 8), b: f16([4], 4, 12) }],
  ['for its shape', { a: f16([3], 0, 8) }],
  ['for its shape', { a: f16([2 ** 30, 2 ** 30], 0, 8) }],
  ['unknown type F4', { a: { dtype: 'F4', shape: [1], data_offsets: [0, 2] } }],
  ['malformed', { a: f16([4], -8, 0) }],
  ['malformed', { a: f16([1.5], 0, 3) }],
  ['malformed', { a: { dtype: 'F16', shape: [1] } }],
  ['malformed', { a: 7 }],
  ['not an object', [1]],
])('hostile header: %s', (message, value) => {
  expect(() => parseHeader(header(value), 12, 'f')).toThrow(message);
});

test('a header that is not JSON, not UTF-8 or huge is refused', () => {
  expect(() => parseHeader(Uint8Array.of(0x7b), 0, 'f')).toThrow('not JSON');
  expect(() => parseHeader(Uint8Array.of(0xff, 0xfe), 0, 'f')).toThrow('not JSON');
  expect(() => headerLength(new Uint8Array(8).fill(255), 'f')).toThrow('claims');
  expect(() => headerLength(new Uint8Array(4), 'f')).toThrow('shorter');
});

test('whatever the bytes, the answer is entries inside the data or a UserError', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.nat(1000), (value, size) => {
      try {
        for (const entry of parseHeader(header(value), size, 'f'))
          expect(entry.end).toBeLessThanOrEqual(size);
      } catch (error) {
        expect(error).toBeInstanceOf(UserError);
      }
    }),
  );
});
