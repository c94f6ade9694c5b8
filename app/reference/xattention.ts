/**
 * XAttention for one head, in f64 (arXiv 2503.16428; `xattn_estimate` and `find_blocks_chunked` of its code, as in
 * MInference's modules/xattention.py).
 */
import type { RowIndex } from './rowIndex';

export interface XAttentionShape {
  /** Position of the first row of q; keys there are: past + rows. */
  past: number;
  rows: number;
  keys: number;
  dim: number;
  stride: number;
}

/** The nearest f16, even ones first, as f64; beyond the largest with as many bits, where the original gets infinities. */
function half(value: number): number {
  const size = Math.abs(value);
  if (!(size >= 2 ** -24)) return size > 2 ** -25 ? Math.sign(value) * 2 ** -24 : 0;
  const step = 2 ** (Math.max(-14, Math.floor(Math.log2(size))) - 10);
  const below = Math.floor(size / step);
  const rest = size / step - below;
  const up = rest > 0.5 || (rest === 0.5 && below % 2 === 1);
  return Math.sign(value) * (below + Number(up)) * step;
}

/**
 * Sums [row block of 128][key block of 128] of the softmax over strided keys. Queries of a stride are taken last first
 * and keys first first, so that a product of both sums an antidiagonal; scale 1 / (sqrt(dim) stride); a strided key is
 * causal if it begins no later than the strided row. Rows and keys past the end are zero.
 *
 * Rounded to f16 where the original, run in f16 through PyTorch's operations, rounds: the product (`torch.matmul`), its
 * quotients by sqrt(dim), taken as a product with the f32 inverse, and by the stride; the weights after a softmax in
 * f32; their sums over the keys of a block, and the sums of these over its rows (`.sum(dim=-1).sum(dim=-2)`). Where the
 * original adds and divides in f32, this does in f64.
 */
export function antidiagonalSumsReference(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  shape: XAttentionShape,
): number[][] {
  const { past, rows, keys, dim, stride } = shape;
  const inverse = Math.fround(1 / Math.fround(Math.sqrt(dim)));
  const at = (x: ArrayLike<number>, row: number, count: number, i: number) =>
    row < count ? (x[row * dim + i] ?? NaN) : 0;
  const sums = Array.from({ length: Math.ceil(rows / 128) }, (_, block) =>
    Array.from({ length: Math.ceil(Math.min(past + block * 128 + 128, keys) / 128) }, () => 0),
  );
  for (let row = 0; row * stride < rows; row++) {
    const scores: number[] = [];
    for (let key = 0; key * stride <= past + row * stride; key++) {
      let product = 0;
      for (let part = 0; part < stride; part++) {
        for (let i = 0; i < dim; i++)
          product += at(q, row * stride + stride - 1 - part, rows, i) * at(k, key * stride + part, keys, i);
      }
      const score = half(half(Math.fround(half(product) * inverse)) / stride);
      scores.push(Math.max(-65_504, Math.min(65_504, score)));
    }
    const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
    const weights = scores.map((score) => Math.exp(score - largest));
    const sum = weights.reduce((a, b) => a + b, 0);
    const ofRow: number[] = [];
    weights.forEach((weight, key) => {
      const block = Math.floor((key * stride) / 128);
      ofRow[block] = (ofRow[block] ?? 0) + half(weight / sum);
    });
    const into = sums[Math.floor((row * stride) / 128)] ?? [];
    ofRow.forEach((part, block) => (into[block] = (into[block] ?? NaN) + half(part)));
  }
  return sums.map((row) => row.map(half));
}

/**
 * Indices of `keys`, the largest first. PyTorch's sort on CUDA keeps the order of equal ones above 32 entries; up to 32
 * it runs this bitonic network (`bitonicSort` in its SortUtils.cuh), whose order of equal ones is fixed, but its own.
 */
function sortedDescending(keys: readonly number[]): number[] {
  const order = [...keys.keys()];
  if (keys.length > 32) return order.toSorted((a, b) => (keys[b] ?? NaN) - (keys[a] ?? NaN) || a - b);
  const places: (number | undefined)[] = Array.from({ length: 32 }, (_, at) => order[at]);
  const compare = (at: number, other: number, ascending: boolean) => {
    const [a, b] = [places[at], places[other]];
    const inOrder = b === undefined || (a !== undefined && (keys[a] ?? NaN) > (keys[b] ?? NaN));
    if (inOrder === ascending) [places[at], places[other]] = [b, a];
  };
  for (let size = 2; size <= 32; size *= 2) {
    for (let step = size / 2; step >= 1; step /= 2) {
      for (let thread = 0; thread < 16; thread++) {
        const at = 2 * thread - (thread % step);
        compare(at, at + step, size < 32 && Math.floor(thread / (size / 2)) % 2 === 1);
      }
    }
  }
  return places.filter((place) => place !== undefined);
}

/**
 * Blocks that the 128 rows at position `start` keep, ascending: the first and the row block's own, then by descending
 * sum until they hold `threshold` of all.
 *
 * `late`: what the original's code does to the rows of its first chunk. There its mask of forced blocks loses the first
 * column, so that only the diagonal is counted before the others, and its running sum lags by one block, so that one
 * block more is kept. The first block is kept anyway.
 *
 * `sorted`: how many blocks the original sorts, those of the prompt padded to whole chunks; what lies past `sums` is zero
 * and never kept. It decides which of equal sums comes first.
 */
export function xattentionBlocksReference(
  start: number,
  sums: readonly number[],
  threshold: number,
  late: boolean,
  sorted = 128,
): number[] {
  const own = Math.floor(start / 128);
  const forced = (block: number) => block < sums.length && (block >= own || (block === 0 && !late));
  const required = sums.reduce((a, b) => a + b, 0) * threshold;
  const led = sums.reduce((sum, value, block) => (forced(block) ? sum + value : sum), 0);
  const keys = Array.from({ length: Math.max(sums.length, sorted) }, (_, block) =>
    forced(block) ? 1e5 * (1 + (sums[block] ?? NaN)) : (sums[block] ?? 0),
  );
  const others = sortedDescending(keys).filter((block) => !forced(block));
  const kept = new Set([0, ...sums.keys()].filter((block) => block === 0 || block >= own));
  const lag = late ? 1 : 0;
  let held = led;
  others.forEach((block, place) => {
    if (place > lag) held += keys[others[place - lag - 1] ?? NaN] ?? NaN;
    if ((place < lag ? 0 : held) < required && block < sums.length) kept.add(block);
  });
  return [...kept].toSorted((a, b) => a - b);
}

/** The index of the 64 rows at position `start` from the blocks of their 128. */
export function xattentionIndexReference(start: number, keys: number, blocks: readonly number[]): RowIndex {
  const end = Math.min(start + 64, keys);
  const tiles = blocks.flatMap((block) => [block * 128, block * 128 + 64]);
  return { tiles: tiles.filter((tile) => tile < end), columns: [] };
}
