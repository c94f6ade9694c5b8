import { splitHeadsReference } from './splitHeads';

/** Queries [heads][headDim] and keys and values [kvHeads][headDim] of one projected row x, in f64. */
export function splitRowReference(
  x: ArrayLike<number>,
  shape: { heads: number; kvHeads: number; headDim: number; position: number; epsilon: number },
  norms: { query: ArrayLike<number>; key: ArrayLike<number> } | null,
  rope: { inverse: Float64Array; scale: number },
): { q: Float64Array; k: Float64Array; v: Float64Array } {
  const { heads, kvHeads, headDim } = shape;
  const row = { ...shape, tokens: 1, rowWidth: (heads + 2 * kvHeads) * headDim };
  const keys = { ...row, heads: kvHeads, column: heads * headDim };
  return {
    q: splitHeadsReference(x, { ...row, column: 0 }, norms && norms.query, rope),
    k: splitHeadsReference(x, keys, norms && norms.key, rope),
    v: splitHeadsReference(x, { ...keys, column: (heads + kvHeads) * headDim }, null, null),
  };
}
