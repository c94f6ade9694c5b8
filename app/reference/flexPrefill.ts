import type { RowIndex } from './rowIndex';

/**
 * FlexPrefill (arXiv 2502.20766, algorithms 1 to 4; `get_active_blocks` in ByteDance-Seed/FlexPrefill,
 * flex_prefill/ops/flex_prefill_attention.py) for one head, in f64. Steps in the order of the source. The source knows
 * no past; behind one, row blocks stand where they would in the whole prompt, and the first may have fewer queries.
 */
export interface FlexShape {
  /** Keys, the past included. */
  tokens: number;
  /** Keys before the first query. */
  past: number;
  dim: number;
  /** 128 or 64 rows and keys. */
  block: number;
  gamma: number;
  tau: number;
  /** Tokens. */
  minBudget: number;
}

export interface FlexResult {
  /** Largest number of top columns, and of top diagonals, whose mass is at most gamma, and one more. */
  covers: [number, number];
  /** Blocks of columns and block diagonals that were asked for. */
  budgets: [number, number];
  /** Square root of the Jensen-Shannon divergence between pooled and true attention of the last queries. */
  divergence: number;
  queryAware: boolean;
  /** [row block]: active causal key blocks, ascending; none where a row block has no query. */
  active: number[][];
}

/** q [token - past][dim], k [token][dim]. */
export function flexPrefillReference(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  shape: FlexShape,
): FlexResult {
  const { tokens, past, dim, block, gamma, tau } = shape;
  const blocks = Math.ceil(tokens / block);
  const firstRow = Math.floor(past / block);
  const tailRows = Math.min(block, tokens - past);
  const scale = 1 / Math.sqrt(dim);
  const dot = (a: ArrayLike<number>, at: number, b: ArrayLike<number>, bt: number): number => {
    let sum = 0;
    for (let i = 0; i < dim; i++) sum += (a[at * dim + i] ?? NaN) * (b[bt * dim + i] ?? NaN);
    return sum * scale;
  };

  // Softmax of the last block of queries against all keys: means by column and by diagonal (j = tokens - 1 - offset).
  const vertical = new Float64Array(tokens);
  const slash = new Float64Array(tokens);
  for (let row = tokens - tailRows; row < tokens; row++) {
    const weights = softmax(Array.from({ length: row + 1 }, (_, key) => dot(q, row - past, k, key)));
    weights.forEach((weight, key) => {
      add(vertical, key, weight / tailRows);
      add(slash, tokens - 1 - (row - key), weight / tailRows);
    });
  }
  const covers: [number, number] = [cover(vertical, gamma), cover(slash, gamma)];
  const least = Math.max(1, Math.ceil(shape.minBudget / block));
  // 128 in the source too, whatever the block.
  const budgets = covers.map((count) =>
    Math.min(blocks, Math.max(least, Math.floor(count / 128) + 1)),
  ) as FlexResult['budgets'];
  const verticalPooled = sumPool(vertical, block);
  const slashPooled = sumPool(slash, block);

  // Is attention by pooled keys like attention?
  const lastMean = meanPool(q, tokens, past, { from: tokens - tailRows, block: tokens, dim });
  const keyMeans = meanPool(k, tokens, 0, { from: 0, block, dim });
  const pooled = softmax(Array.from({ length: blocks }, (_, key) => dot(lastMean, 0, keyMeans, key)));
  const divergence = rootJensenShannon(pooled, verticalPooled);
  const queryAware = divergence < tau;
  if (queryAware) budgets.fill(least);

  // The first column and the diagonal are always among the chosen.
  verticalPooled[0] = Infinity;
  slashPooled[blocks - 1] = Infinity;
  const columns = top(verticalPooled, budgets[0]);
  const diagonals = top(slashPooled, budgets[1]).map((j) => blocks - 1 - j);
  const active = Array.from({ length: blocks }, () => new Set<number>());
  active.forEach((keys, row) => {
    if (row < firstRow) return;
    for (const column of columns) if (column <= row) keys.add(column);
    for (const diagonal of diagonals) if (diagonal <= row) keys.add(row - diagonal);
  });
  if (queryAware) {
    const queryMeans = meanPool(q, tokens, past, { from: past, block, dim });
    const map = active.flatMap((_, row) =>
      row < firstRow
        ? []
        : softmax(Array.from({ length: row + 1 }, (_key, key) => dot(queryMeans, row, keyMeans, key))).map(
            (weight, key) => ({ weight, row, key }),
          ),
    );
    // Entries of equal weight stand or fall together (the source takes them in the order of an unstable sort).
    let mass = 0;
    const sorted = map.toSorted((a, b) => b.weight - a.weight);
    for (let at = 0; at < sorted.length;) {
      const weight = sorted[at]?.weight ?? NaN;
      let end = at;
      for (; sorted[end]?.weight === weight; end++) mass += weight;
      if (mass > gamma * (blocks - firstRow)) break;
      for (; at < end; at++) active[sorted[at]?.row ?? -1]?.add(sorted[at]?.key ?? NaN);
    }
  }
  return {
    covers,
    budgets,
    divergence,
    queryAware,
    active: active.map((keys) => [...keys].toSorted((a, b) => a - b)),
  };
}

/** Prompts that the source computes densely. */
export function flexPrefillIsDense(tokens: number, block: number, minBudget: number): boolean {
  return tokens <= Math.max(2 * block, Math.ceil(minBudget / block) * block);
}

/** The tile index of the 64-row block at `start` by `active`: a row block that lies in two blocks has the tiles of both. */
export function flexRowIndexReference(
  active: readonly (readonly number[])[],
  start: number,
  { tokens, block }: Pick<FlexShape, 'tokens' | 'block'>,
): RowIndex {
  const last = Math.min(start + 64, tokens) - 1;
  const both = [...(active[Math.floor(start / block)] ?? []), ...(active[Math.floor(last / block)] ?? [])];
  const tiles = [...new Set(both)]
    .toSorted((a, b) => a - b)
    .flatMap((key) => Array.from({ length: block / 64 }, (_, i) => key * block + i * 64))
    .filter((first) => first <= last);
  return { tiles, columns: [] };
}

function add(to: Float64Array, at: number, value: number): void {
  to[at] = (to[at] ?? NaN) + value;
}

function softmax(scores: readonly number[]): number[] {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  const weights = scores.map((score) => Math.exp(score - largest));
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** `score_cover_topk`: entries in descending order whose running sum is at most `mass`, and one more. */
function cover(values: Float64Array, mass: number): number {
  let sum = 0;
  let count = 0;
  for (const value of values.toSorted((a, b) => b - a)) {
    sum += value;
    if (sum > mass) break;
    count++;
  }
  return count + 1;
}

function sumPool(values: Float64Array, block: number): Float64Array {
  const pooled = new Float64Array(Math.ceil(values.length / block));
  values.forEach((value, i) => {
    add(pooled, Math.floor(i / block), value);
  });
  return pooled;
}

/** Means by block of the rows from position `from` on, of fewer where a block has fewer. x [token - past][dim]. */
function meanPool(
  x: ArrayLike<number>,
  tokens: number,
  past: number,
  { from, block, dim }: { from: number; block: number; dim: number },
): Float64Array {
  const means = new Float64Array(Math.ceil(tokens / block) * dim);
  for (let row = from; row < tokens; row++) {
    const at = Math.floor(row / block);
    const size = Math.min(tokens, (at + 1) * block) - Math.max(from, at * block);
    for (let i = 0; i < dim; i++) add(means, at * dim + i, (x[(row - past) * dim + i] ?? NaN) / size);
  }
  return means;
}

/** A share that is 0 adds nothing (the limit; the source's f32 gives NaN there, which counts as unlike). */
function rootJensenShannon(p: ArrayLike<number>, q: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < p.length; i++) {
    const [a, b] = [p[i] ?? NaN, q[i] ?? NaN];
    const middle = (a + b) / 2;
    if (a > 0) sum += 0.5 * a * Math.log(a / middle);
    if (b > 0) sum += 0.5 * b * Math.log(b / middle);
  }
  return Math.sqrt(Math.max(0, sum));
}

/** Places of the `count` largest; of equals those with the lowest index. */
function top(values: Float64Array, count: number): number[] {
  const places = [...values.keys()];
  return places
    .toSorted((a, b) => {
      const [x, y] = [values[a] ?? NaN, values[b] ?? NaN];
      return x === y ? a - b : y - x;
    })
    .slice(0, count);
}
