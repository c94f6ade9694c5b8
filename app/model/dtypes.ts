/** Weights as they lie on disk to f16 bits, the storage of every tier (design 5). */
import { UserError } from '../errors';

export type Dtype = 'F16' | 'BF16' | 'F32';

export const dtypeBytes: Record<Dtype, number> = { F16: 2, BF16: 2, F32: 4 };

const word = new Uint32Array(1);
const real = new Float32Array(word.buffer);

/** f32 bits to f16 bits, round to nearest even; what exceeds 65504 becomes an infinity. */
export function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  // 65520 and above round to infinity; NaN keeps a fraction bit.
  if (magnitude >= 0x477ff000) return sign | (magnitude > 0x7f800000 ? 0x7e00 : 0x7c00);
  if (magnitude >= 0x38800000) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return sign | ((rounded - 0x38000000) >>> 13);
  }
  if (magnitude < 0x33000000) return sign;
  // Subnormal: the fraction with its hidden bit, shifted so that one unit is 2^-24.
  const shift = 126 - (magnitude >>> 23);
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const kept = fraction >>> shift;
  const lost = fraction & ((1 << shift) - 1);
  const middle = 1 << (shift - 1);
  return sign | (kept + (lost > middle || (lost === middle && (kept & 1) === 1) ? 1 : 0));
}

/** A number to f16 bits, round to nearest even. */
export function floatToHalf(value: number): number {
  real[0] = value;
  return halfBits(word[0] ?? 0);
}

/** f16 bits to a number. */
export function halfToFloat(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/**
 * Converts whole values of `dtype` (little-endian, at any byte offset) to f16 bits. Throws 'bad-weights' naming the
 * tensor when a value is NaN, infinite or beyond f16's 65504.
 */
export function toHalf(bytes: Uint8Array, dtype: Dtype, tensor: string): Uint16Array<ArrayBuffer> {
  const count = bytes.byteLength / dtypeBytes[dtype];
  const out = new Uint16Array(count);
  // Typed arrays want aligned offsets: copy when the slice is not.
  const aligned = bytes.byteOffset % dtypeBytes[dtype] === 0 ? bytes : bytes.slice();
  let overflow = 0;
  if (dtype === 'F16') {
    out.set(new Uint16Array(aligned.buffer, aligned.byteOffset, count));
    for (let at = 0; at < count; at++) overflow |= Number(((out[at] ?? 0) & 0x7c00) === 0x7c00);
  } else if (dtype === 'BF16') {
    const values = new Uint16Array(aligned.buffer, aligned.byteOffset, count);
    for (let at = 0; at < count; at++) {
      const half = halfBits((values[at] ?? 0) << 16);
      overflow |= Number((half & 0x7c00) === 0x7c00);
      out[at] = half;
    }
  } else {
    const values = new Uint32Array(aligned.buffer, aligned.byteOffset, count);
    for (let at = 0; at < count; at++) {
      const half = halfBits(values[at] ?? 0);
      overflow |= Number((half & 0x7c00) === 0x7c00);
      out[at] = half;
    }
  }
  if (overflow !== 0) {
    throw new UserError(
      'bad-weights',
      `The tensor ${tensor} has values that 16-bit floats cannot hold.`,
      'This model cannot be run here; choose another one.',
    );
  }
  return out;
}
