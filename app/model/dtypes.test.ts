import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { floatToHalf, halfToFloat, toHalf } from './dtypes';

test('every f16 value survives the way there and back', () => {
  for (let bits = 0; bits < 0x10000; bits++) {
    const value = halfToFloat(bits);
    if (Number.isNaN(value)) expect(halfToFloat(floatToHalf(value))).toBeNaN();
    else expect(floatToHalf(value)).toBe(bits);
  }
});

test('rounding is to the nearest f16, ties to even', () => {
  fc.assert(
    fc.property(fc.float({ noNaN: true, min: -65504, max: 65504 }), (value) => {
      const bits = floatToHalf(value);
      const error = Math.abs(halfToFloat(bits) - value);
      for (const other of [bits - 1, bits + 1]) {
        if ((other & 0x7c00) === 0x7c00 || (other & 0x8000) !== (bits & 0x8000) || other < 0) continue;
        const rival = Math.abs(halfToFloat(other) - value);
        expect(error).toBeLessThanOrEqual(rival);
        if (error === rival) expect(bits % 2).toBe(0);
      }
    }),
  );
});

test('bf16 and f32 convert from any byte offset; overflow names the tensor', () => {
  const values = Float32Array.of(1, -2.5, 0.333251953125, 65504, 1e-7, 0);
  const padded = new Uint8Array(values.byteLength + 1);
  padded.set(new Uint8Array(values.buffer), 1);
  expect([...toHalf(padded.subarray(1), 'F32', 't')]).toEqual([...values].map(floatToHalf));
  expect([...toHalf(Uint8Array.of(0x80, 0x3f, 0x20, 0xc0), 'BF16', 't')]).toEqual([0x3c00, 0xc100]);
  expect(() => toHalf(new Uint8Array(Float32Array.of(1, 1e6).buffer), 'F32', 'layer.w')).toThrow('layer.w');
  expect(() => toHalf(new Uint8Array(Float32Array.of(NaN).buffer), 'F32', 'layer.w')).toThrow('layer.w');
});
