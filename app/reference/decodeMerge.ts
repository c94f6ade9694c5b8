/** Joins partial outputs [head][split][dim + 2] (output, base-2 maximum, sum) into [head][dim], in f64. */
export function decodeMergeReference(
  partials: ArrayLike<number>,
  heads: number,
  splits: number,
  headDim: number,
): Float64Array {
  const out = new Float64Array(heads * headDim);
  const entry = headDim + 2;
  for (let head = 0; head < heads; head++) {
    const at = (split: number, field: number): number =>
      partials[(head * splits + split) * entry + field] ?? NaN;
    let widest = -Infinity;
    for (let split = 0; split < splits; split++) widest = Math.max(widest, at(split, headDim));
    let sum = 0;
    for (let split = 0; split < splits; split++) {
      const weight = 2 ** (at(split, headDim) - widest);
      sum += weight * at(split, headDim + 1);
      for (let d = 0; d < headDim; d++)
        out[head * headDim + d] = (out[head * headDim + d] ?? NaN) + weight * at(split, d);
    }
    for (let d = 0; d < headDim; d++) out[head * headDim + d] = (out[head * headDim + d] ?? NaN) / sum;
  }
  return out;
}
