/** Weights of the one layer that all layers share, and the same layer in f64. */
import { matmulReference } from '../../app/reference/matmul';
import { matmulSwigluReference } from '../../app/reference/matmulSwiglu';
import { rmsNormReference } from '../../app/reference/rmsNorm';
import { splitHeadsReference } from '../../app/reference/splitHeads';
import { tileAttentionReference } from '../../app/reference/tileAttention';
import type { ModelShape } from '../../app/engine/bench/shapes';
import { dequantised, randomValues, stacked, type Matrix } from './weights';

/** Matrices are made when asked for, and once. */
export interface LayerWeights {
  q: () => Matrix;
  k: () => Matrix;
  v: () => Matrix;
  /** Of queries, keys and values, in this order. */
  bias: Float32Array;
  o: () => Matrix;
  gate: () => Matrix;
  up: () => Matrix;
  down: () => Matrix;
  norm: Float32Array;
}

/**
 * Products keep the size of their inputs, and the two that add to the residual share it out among the layers, so that
 * activations stay near 1 as deep as the model goes.
 */
export function layerWeights(shape: ModelShape, seed: number): LayerWeights {
  const { layers, hidden, heads, kvHeads, headDim, intermediate } = shape;
  let next = seed * 16;
  const once = (out: number, width: number, adds = false): (() => Matrix) => {
    const own = next++;
    const deviation = 1 / Math.sqrt(adds ? 2 * layers * width : width);
    let made: Matrix | undefined;
    return () => (made ??= { out, in: width, values: randomValues(out * width, deviation, own) });
  };
  const [qSize, kvSize] = [heads * headDim, kvHeads * headDim];
  return {
    q: once(qSize, hidden),
    k: once(kvSize, hidden),
    v: once(kvSize, hidden),
    bias: randomValues(qSize + 2 * kvSize, 0.1, next++),
    o: once(hidden, qSize, true),
    gate: once(intermediate, hidden),
    up: once(intermediate, hidden),
    down: once(hidden, intermediate, true),
    norm: new Float32Array(hidden).fill(1),
  };
}

const epsilon = 1e-6;

function frequencies({ headDim, ropeTheta }: ModelShape): Float64Array {
  return Float64Array.from({ length: headDim / 2 }, (_, pair) => ropeTheta ** ((-2 * pair) / headDim));
}

/** What `attentionGraph` computes for queries, keys and values [tokens][heads][headDim], in f64: the same form. */
export function attentionReference(
  shape: ModelShape,
  [q, k, v]: readonly [ArrayLike<number>, ArrayLike<number>, ArrayLike<number>],
  tokens: number,
): Float64Array {
  const { heads, kvHeads, headDim } = shape;
  const rope = { inverse: frequencies(shape), scale: 1 };
  const split = (x: ArrayLike<number>, count: number, rotated: boolean): Float64Array =>
    splitHeadsReference(
      x,
      { tokens, heads: count, headDim, rowWidth: count * headDim, column: 0, position: 0, epsilon },
      null,
      rotated ? rope : null,
    );
  return tileAttentionReference(
    split(q, heads, true),
    split(k, kvHeads, true),
    split(v, kvHeads, false),
    { rows: tokens, rowPosition: 0, keys: tokens, heads, kvHeads, headDim },
    () => 'dense',
  );
}

/** What `decoderGraph` computes for `input` [tokens][hidden], in f64: [tokens][hidden]. */
export function decoderReference(
  shape: ModelShape,
  seed: number,
  int4: boolean,
  input: ArrayLike<number>,
  tokens: number,
): Float64Array {
  const { layers, hidden, heads, kvHeads, headDim, intermediate } = shape;
  const weights = layerWeights(shape, seed);
  const stored = (matrix: Matrix): Float32Array => (int4 ? dequantised(matrix) : matrix).values;
  const { bias, norm } = weights;
  const qkv = stored(stacked([weights.q(), weights.k(), weights.v()]));
  const o = stored(weights.o());
  const gateUp = stored(stacked([weights.gate(), weights.up()]));
  const down = stored(weights.down());
  const [qSize, kvSize] = [heads * headDim, kvHeads * headDim];
  const rowWidth = qSize + 2 * kvSize;
  const normed = (x: ArrayLike<number>): Float64Array => rmsNormReference(x, norm, tokens, hidden, epsilon);
  /** Columns of rows [tokens][rowWidth]. */
  const columns = (rows: Float64Array, first: number, count: number): Float64Array =>
    Float64Array.from(
      { length: tokens * count },
      (_, at) => rows[Math.floor(at / count) * rowWidth + first + (at % count)] ?? NaN,
    );
  let x = Float64Array.from(input);
  const add = (to: Float64Array, what: Float64Array): Float64Array<ArrayBuffer> =>
    Float64Array.from(to, (value, at) => value + (what[at] ?? NaN));
  for (let layer = 0; layer < layers; layer++) {
    const rows = matmulReference(normed(x), qkv, bias, tokens, rowWidth, hidden);
    const attended = attentionReference(
      shape,
      [columns(rows, 0, qSize), columns(rows, qSize, kvSize), columns(rows, qSize + kvSize, kvSize)],
      tokens,
    );
    x = add(x, matmulReference(attended, o, null, tokens, hidden, qSize));
    const joined = matmulSwigluReference(normed(x), gateUp, tokens, intermediate, hidden);
    x = add(x, matmulReference(joined, down, null, tokens, hidden, intermediate));
  }
  return normed(x);
}
