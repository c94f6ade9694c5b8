/** Seeded inputs without large arrays on the CPU, and how far results are from what they should be. */

const multiplier = 1_664_525;
const increment = 1_013_904_223;

/** State of the generator after `steps` steps from `state`: a step is affine, so steps double. */
function advance(state: number, steps: number): number {
  let [factor, offset] = [multiplier, increment];
  let at = state;
  for (let left = steps; left > 0; left = Math.floor(left / 2)) {
    if (left % 2 === 1) at = (Math.imul(at, factor) + offset) >>> 0;
    offset = (Math.imul(offset, factor) + offset) >>> 0;
    factor = Math.imul(factor, factor) >>> 0;
  }
  return at;
}

/**
 * Elements [first, first + count) of a seeded sequence of f16 bits: either sign, magnitudes in [1/4, 1), never a
 * subnormal. Any part can be made by itself, so that no array is as long as the buffer it fills.
 */
export function noise(count: number, seed: number, first = 0): Uint16Array<ArrayBuffer> {
  const bits = new Uint16Array(count);
  let state = advance(Math.imul(seed, 0x9e3779b1) >>> 0, first);
  for (let at = 0; at < count; at++) {
    state = (Math.imul(state, multiplier) + increment) >>> 0;
    // The high bits of the state are the good ones: sign, one of two exponents, ten fraction bits.
    bits[at] = ((state >>> 16) & 0x8000) | ((state >>> 30) & 1 ? 0x3800 : 0x3400) | ((state >>> 20) & 0x3ff);
  }
  return bits;
}

/** The same as numbers. As no value is a subnormal, f16 bits become f32 bits by a shift and the difference of biases. */
export function noiseValues(count: number, seed: number, first = 0): Float32Array<ArrayBuffer> {
  const words = new Uint32Array(count);
  noise(count, seed, first).forEach((bits, at) => {
    words[at] = ((bits & 0x8000) << 16) | (((bits & 0x7fff) << 13) + 0x3800_0000);
  });
  return new Float32Array(words.buffer);
}

/** The middle one; of an even number the lower middle, so that it is one that was measured. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) / 2)] ?? NaN;
}

/** Largest difference relative to the largest expected value; NaN anywhere is the largest number, which JSON can hold. */
export function worst(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let scale = 0;
  let most = 0;
  for (let at = 0; at < expected.length; at++) {
    const want = expected[at] ?? NaN;
    const difference = Math.abs((actual[at] ?? NaN) - want);
    if (Number.isNaN(difference)) return Number.MAX_VALUE;
    scale = Math.max(scale, Math.abs(want));
    most = Math.max(most, difference);
  }
  return scale > 0 ? most / scale : Number.MAX_VALUE;
}
