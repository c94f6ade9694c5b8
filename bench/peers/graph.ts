/**
 * The ONNX graphs that are measured: decoder layers with the operators of onnxruntime's own exported language models
 * (its model builder and the onnx-community's files for the browser), and one attention alone.
 */
import type { ModelShape } from '../../app/engine/bench/shapes';
import { GraphBuilder, type ModelProto } from './onnx';
import { floatBytes, quantBlock, quantised, stacked, transposed, type Float, type Matrix } from './weights';
import { layerWeights, type LayerWeights } from './layer';

export type Variant = 'f16' | 'int4' | 'attention';

export interface GraphOptions {
  shape: ModelShape;
  float: Float;
  /** Longest sequence, for the tables of cosines and sines. */
  most: number;
  seed: number;
  /** int4 weights instead of `float` ones. `accuracy` 4 lets MatMulNBits multiply in 8-bit integers, 0 keeps floats. */
  int4: { accuracy: 0 | 4 } | null;
  /** One product for queries, keys and values, which GroupQueryAttention takes apart; otherwise three. */
  packed: boolean;
  /** The cache is an input as well, so that the caller's buffers can be written in place. */
  shared: boolean;
}

const microsoft = 'com.microsoft';
const epsilon = 1e-6;

/** Cosines or sines [most][headDim / 2] of the rotary embedding. */
function ropeTable(shape: ModelShape, most: number, of: (angle: number) => number): Float32Array {
  const pairs = shape.headDim / 2;
  const table = new Float32Array(most * pairs);
  for (let position = 0; position < most; position++)
    for (let pair = 0; pair < pairs; pair++)
      table[position * pairs + pair] = of(position * shape.ropeTheta ** (-pair / pairs));
  return table;
}

class Decoder {
  readonly graph = new GraphBuilder();
  readonly weights: LayerWeights;

  constructor(readonly options: GraphOptions) {
    this.weights = layerWeights(options.shape, options.seed);
  }

  floats(name: string, dims: readonly number[], values: () => ArrayLike<number>): string {
    const { float } = this.options;
    return this.graph.initialiser(name, float, dims, () => floatBytes(values(), float));
  }

  /** `input` times a matrix; all layers share the initialiser of a name. */
  product(node: string, input: string, name: string, matrix: () => Matrix, size: [number, number]): string {
    const { int4 } = this.options;
    const [out, width] = size;
    if (int4 === null) {
      const weight = this.floats(`${name}.weight`, [width, out], () => transposed(matrix()));
      return this.graph.node(node, 'MatMul', [input, weight]);
    }
    const blocks = width / quantBlock;
    const packed = this.graph.initialiser(`${name}.q4`, 'uint8', [out, blocks, quantBlock / 2], () =>
      quantised(matrix()).packed.slice(),
    );
    const scales = this.floats(`${name}.scales`, [out * blocks], () => quantised(matrix()).scales);
    return this.graph.node(node, 'MatMulNBits', [input, packed, scales], {
      domain: microsoft,
      attributes: {
        K: { int: width },
        N: { int: out },
        bits: { int: 4 },
        block_size: { int: quantBlock },
        accuracy_level: { int: int4.accuracy },
      },
    });
  }

  /** Names of the two small inputs that GroupQueryAttention takes, from the length of `like` [1][tokens][…]. */
  lengths(like: string): { last: string; total: string } {
    const { graph } = this;
    const int64 = (name: string, dims: number[], value: number): string =>
      graph.initialiser(name, 'int64', dims, () => new Uint8Array(BigInt64Array.of(BigInt(value)).buffer));
    const shape = graph.node('length/shape', 'Shape', [like]);
    const size = graph.node('length/size', 'Gather', [shape, int64('length/axis', [], 1)]);
    const total = graph.node('length/total', 'Cast', [size], { attributes: { to: { int: 6 } } });
    const before = graph.node('length/before', 'Sub', [size, int64('length/one', [], 1)]);
    const asList = graph.node('length/list', 'Unsqueeze', [before, int64('length/axes', [1], 0)]);
    const last = graph.node('length/last', 'Cast', [asList], { attributes: { to: { int: 6 } } });
    return { last, total };
  }

  /** Queries, keys and values (or all packed as queries) to attended values; the layer's cache is an output. */
  attention(layer: number, [q, k, v]: [string, string, string], lengths: { last: string; total: string }) {
    const { shape, most, float, shared } = this.options;
    const { heads, kvHeads, headDim } = shape;
    const cacheDims = [1, kvHeads, 'tokens', headDim];
    const past = ['key', 'value'].map((name) =>
      shared ? this.graph.input(`past.${layer}.${name}`, float, cacheDims) : '',
    );
    const table = [most, headDim / 2];
    const cos = this.floats('cos_cache', table, () => ropeTable(shape, most, Math.cos));
    const sin = this.floats('sin_cache', table, () => ropeTable(shape, most, Math.sin));
    const name = `layer.${layer}/attention`;
    const cache = [`present.${layer}.key`, `present.${layer}.value`];
    for (const present of cache) this.graph.output(present, float, cacheDims);
    return this.graph.node(
      name,
      'GroupQueryAttention',
      [q, k, v, ...past, lengths.last, lengths.total, cos, sin],
      {
        domain: microsoft,
        output: [name, ...cache],
        attributes: {
          num_heads: { int: heads },
          kv_num_heads: { int: kvHeads },
          do_rotary: { int: 1 },
          rotary_interleaved: { int: 0 },
          scale: { float: 1 / Math.sqrt(headDim) },
        },
      },
    );
  }

  /** Queries, keys and values of normed rows, with their biases. */
  projections(layer: number, normed: string): [string, string, string] {
    const { shape, packed } = this.options;
    const { heads, kvHeads, headDim, hidden } = shape;
    const { q, k, v, bias } = this.weights;
    const [qSize, kvSize] = [heads * headDim, kvHeads * headDim];
    const biased = (name: string, matrix: () => Matrix, size: number, values: () => Float32Array): string => {
      const product = this.product(`layer.${layer}/${name}`, normed, name, matrix, [size, hidden]);
      const term = this.floats(`${name}.bias`, [size], values);
      return this.graph.node(`layer.${layer}/${name}_bias`, 'Add', [product, term]);
    };
    if (packed) {
      const all = biased(
        'qkv_proj',
        () => stacked([q(), k(), v()]),
        qSize + 2 * kvSize,
        () => bias,
      );
      return [all, '', ''];
    }
    return [
      biased('q_proj', q, qSize, () => bias.subarray(0, qSize)),
      biased('k_proj', k, kvSize, () => bias.subarray(qSize, qSize + kvSize)),
      biased('v_proj', v, kvSize, () => bias.subarray(qSize + kvSize)),
    ];
  }

  norm(name: string): string {
    return this.floats(`${name}.weight`, [this.options.shape.hidden], () => this.weights.norm);
  }

  /** [residual + added, its norm] */
  skipNorm(name: string, weight: string, residual: string, added: string): [string, string] {
    const sum = `${name}/sum`;
    const normed = this.graph.node(
      name,
      'SkipSimplifiedLayerNormalization',
      [residual, added, this.norm(weight)],
      {
        domain: microsoft,
        output: [name, '', '', sum],
        attributes: { epsilon: { float: epsilon } },
      },
    );
    return [sum, normed];
  }

  mlp(layer: number, normed: string): string {
    const { hidden, intermediate } = this.options.shape;
    const { gate, up, down } = this.weights;
    const { graph } = this;
    const at = `layer.${layer}/mlp`;
    const gated = this.product(`${at}/gate_proj`, normed, 'gate_proj', gate, [intermediate, hidden]);
    const raised = this.product(`${at}/up_proj`, normed, 'up_proj', up, [intermediate, hidden]);
    const sigmoid = graph.node(`${at}/sigmoid`, 'Sigmoid', [gated]);
    const silu = graph.node(`${at}/silu`, 'Mul', [gated, sigmoid]);
    const joined = graph.node(`${at}/joined`, 'Mul', [silu, raised]);
    return this.product(`${at}/down_proj`, joined, 'down_proj', down, [hidden, intermediate]);
  }
}

/** Layers from hidden states [1][tokens][hidden] to normed ones, and the cache of every layer. */
export function decoderGraph(options: GraphOptions): ModelProto {
  const { shape, float } = options;
  const { layers, hidden, heads, headDim } = shape;
  const decoder = new Decoder(options);
  const { graph } = decoder;
  const input = graph.input('hidden', float, [1, 'tokens', hidden]);
  const lengths = decoder.lengths(input);
  let residual: string = input;
  let normed = graph.node(
    'layer.0/input_norm',
    'SimplifiedLayerNormalization',
    [input, decoder.norm('input_norm')],
    { attributes: { axis: { int: -1 }, epsilon: { float: epsilon }, stash_type: { int: 1 } } },
  );
  for (let layer = 0; layer < layers; layer++) {
    const attended = decoder.attention(layer, decoder.projections(layer, normed), lengths);
    const projected = decoder.product(`layer.${layer}/o_proj`, attended, 'o_proj', decoder.weights.o, [
      hidden,
      heads * headDim,
    ]);
    [residual, normed] = decoder.skipNorm(`layer.${layer}/post_norm`, 'post_norm', residual, projected);
    const added = decoder.mlp(layer, normed);
    const next = layer + 1 < layers ? 'input_norm' : 'final_norm';
    const name = layer + 1 < layers ? `layer.${layer + 1}/input_norm` : 'normed';
    [residual, normed] = decoder.skipNorm(name, next, residual, added);
  }
  graph.output('normed', float, [1, 'tokens', hidden]);
  return graph.finish(`decoder, ${layers} layers`);
}

/** One GroupQueryAttention of given queries, keys and values, rotated inside as in the decoder. */
export function attentionGraph(
  options: Pick<GraphOptions, 'shape' | 'float' | 'most' | 'seed' | 'shared'>,
): ModelProto {
  const decoder = new Decoder({ ...options, int4: null, packed: false });
  const { heads, kvHeads, headDim } = options.shape;
  const { graph } = decoder;
  const { float } = options;
  const q = graph.input('query', float, [1, 'tokens', heads * headDim]);
  const k = graph.input('key', float, [1, 'tokens', kvHeads * headDim]);
  const v = graph.input('value', float, [1, 'tokens', kvHeads * headDim]);
  const attended = decoder.attention(0, [q, k, v], decoder.lengths(q));
  graph.output(attended, float, [1, 'tokens', heads * headDim]);
  return graph.finish('attention alone');
}

/** Sizes of every input and output by name; -1 stands for the number of tokens. */
export function sizesOf(model: ModelProto): Record<'inputs' | 'outputs', Record<string, number[]>> {
  const sizes = (values: ModelProto['graph']['input']): Record<string, number[]> =>
    Object.fromEntries(
      values.map(({ name, type }) => [
        name,
        type.tensorType.shape.dim.map((dim) => ('dimValue' in dim ? dim.dimValue : -1)),
      ]),
    );
  return { inputs: sizes(model.graph.input), outputs: sizes(model.graph.output) };
}
