/** Seeded random weights of one layer, and the bytes in which an ONNX model stores them. */
import { Random } from '../../app/documents/random';
import { floatToHalf, halfToFloat } from '../../app/model/dtypes';

/** Type of activations, norms and whatever is not quantised. */
export type Float = 'f16' | 'f32';

/** Weights [out][in] of a product, in values that the model's storage holds exactly. */
export interface Matrix {
  readonly out: number;
  readonly in: number;
  readonly values: Float32Array;
}

export const quantBlock = 32;
const tableSize = 2 ** 16;

/** Normal values times `deviation`, rounded to f16 so that they are the same in every precision. */
export function randomValues(count: number, deviation: number, seed: number): Float32Array {
  const random = new Random(seed);
  const table = Float32Array.from({ length: tableSize }, () => {
    const radius = Math.sqrt(-2 * Math.log(1 - random.next()));
    return halfToFloat(floatToHalf(deviation * radius * Math.cos(2 * Math.PI * random.next())));
  });
  const values = new Float32Array(count);
  // xorshift32 (Marsaglia 2003) picks from the table; never zero, which it would keep.
  let state = Math.imul(seed + 1, 0x9e3779b1) | 1;
  for (let at = 0; at < count; at++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    values[at] = table[state >>> 16] ?? 0;
  }
  return values;
}

export function floatBytes(values: ArrayLike<number>, float: Float): Uint8Array {
  const stored = float === 'f16' ? Uint16Array.from(values, floatToHalf) : Float32Array.from(values);
  return new Uint8Array(stored.buffer);
}

/** [in][out], as MatMul takes its second operand. */
export function transposed({ out: rows, in: cols, values }: Matrix): Float32Array {
  const turned = new Float32Array(values.length);
  for (let row = 0; row < rows; row++)
    for (let col = 0; col < cols; col++) turned[col * rows + row] = values[row * cols + col] ?? 0;
  return turned;
}

/** Several products of the same input as one. */
export function stacked(matrices: readonly Matrix[]): Matrix {
  const width = matrices[0]?.in ?? 0;
  const values = new Float32Array(matrices.reduce((sum, matrix) => sum + matrix.values.length, 0));
  let at = 0;
  for (const matrix of matrices) {
    values.set(matrix.values, at);
    at += matrix.values.length;
  }
  return { out: matrices.reduce((sum, { out }) => sum + out, 0), in: width, values };
}

export interface Quantised {
  /** [out][in / 32][16]: two values a byte, the earlier one in the low half. */
  packed: Uint8Array;
  /** [out][in / 32] */
  scales: Float32Array;
}

/** MatMulNBits with 4 bits, blocks of 32 and no zero points: value = (quantum - 8) * scale. */
export function quantised({ values }: Matrix): Quantised {
  const blocks = values.length / quantBlock;
  const packed = new Uint8Array(values.length / 2);
  const scales = new Float32Array(blocks);
  for (let block = 0; block < blocks; block++) {
    const first = block * quantBlock;
    let most = 0;
    for (let at = 0; at < quantBlock; at++) most = Math.max(most, Math.abs(values[first + at] ?? 0));
    const scale = halfToFloat(floatToHalf(most / 7));
    scales[block] = scale;
    for (let at = 0; at < quantBlock; at++) {
      const quantum = scale === 0 ? 8 : Math.round((values[first + at] ?? 0) / scale) + 8;
      const byte = (first + at) >> 1;
      packed[byte] = (packed[byte] ?? 0) | (Math.max(0, Math.min(15, quantum)) << (4 * (at & 1)));
    }
  }
  return { packed, scales };
}

/** The values that a quantised matrix stands for. */
export function dequantised(matrix: Matrix): Matrix {
  const { packed, scales } = quantised(matrix);
  const values = matrix.values.map((_, at) => {
    const quantum = ((packed[at >> 1] ?? 0) >> (4 * (at & 1))) & 15;
    return (quantum - 8) * (scales[Math.floor(at / quantBlock)] ?? 0);
  });
  return { ...matrix, values };
}
