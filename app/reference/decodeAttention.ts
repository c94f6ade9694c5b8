/**
 * Partial attention of one row over `splits` splits of the keys, in f64; split s has the tiles of 64 keys from
 * floor(s * tiles / splits) on. For each head and split the unnormalised output, the largest score and the sum of exp2(score - largest), scores in base 2. q [head][dim],
 * k and v [kvHead][key][dim]; returns [head][split][dim + 2]. Flash-Decoding (Dao et al. 2023).
 */
export function decodeAttentionReference(
  q: ArrayLike<number>,
  k: ArrayLike<number>,
  v: ArrayLike<number>,
  shape: { keys: number; heads: number; kvHeads: number; headDim: number; splits: number },
): Float64Array {
  const { keys, heads, kvHeads, headDim, splits } = shape;
  const tiles = Math.ceil(keys / 64);
  const out = new Float64Array(heads * splits * (headDim + 2));
  for (let head = 0; head < heads; head++) {
    const kvBase = Math.floor(head / (heads / kvHeads)) * keys;
    for (let split = 0; split < splits; split++) {
      const first = Math.floor((split * tiles) / splits) * 64;
      const end = Math.min(keys, Math.floor(((split + 1) * tiles) / splits) * 64);
      const scores = Array.from({ length: end - first }, (_, slot) => {
        let dot = 0;
        for (let d = 0; d < headDim; d++) {
          dot += (q[head * headDim + d] ?? NaN) * (k[(kvBase + first + slot) * headDim + d] ?? NaN);
        }
        return (dot / Math.sqrt(headDim)) * Math.LOG2E;
      });
      const widest = scores.reduce((most, score) => Math.max(most, score), -Infinity);
      const to = (head * splits + split) * (headDim + 2);
      scores.forEach((score, slot) => {
        const weight = 2 ** (score - widest);
        out[to + headDim + 1] = (out[to + headDim + 1] ?? NaN) + weight;
        for (let d = 0; d < headDim; d++) {
          out[to + d] = (out[to + d] ?? NaN) + weight * (v[(kvBase + first + slot) * headDim + d] ?? NaN);
        }
      });
      out[to + headDim] = widest;
    }
  }
  return out;
}
