/** Sizes of known models, for kernels alone and for models with random weights. */
import { UserError } from '../../errors';
import { parseConfig, type ModelConfig } from '../../model/config';

/** What decides the cost of a prefill; plain data, so that a test can pass sizes of its own. */
export interface ModelShape {
  family: 'llama' | 'qwen2' | 'qwen3';
  layers: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  intermediate: number;
  vocab: number;
  tiedEmbeddings: boolean;
  ropeTheta: number;
  contextLength: number;
}

/** From the models' own `config.json`; `tiny` is for software adapters. */
export const modelShapes: Readonly<Record<string, ModelShape>> = {
  'qwen2.5-0.5b': {
    family: 'qwen2',
    layers: 24,
    hidden: 896,
    heads: 14,
    kvHeads: 2,
    headDim: 64,
    intermediate: 4_864,
    vocab: 151_936,
    tiedEmbeddings: true,
    ropeTheta: 1e6,
    contextLength: 32_768,
  },
  'qwen3-0.6b': {
    family: 'qwen3',
    layers: 28,
    hidden: 1_024,
    heads: 16,
    kvHeads: 8,
    headDim: 128,
    intermediate: 3_072,
    vocab: 151_936,
    tiedEmbeddings: true,
    ropeTheta: 1e6,
    contextLength: 40_960,
  },
  builtin: {
    family: 'qwen3',
    layers: 8,
    hidden: 384,
    heads: 6,
    kvHeads: 2,
    headDim: 64,
    intermediate: 1_024,
    vocab: 4_096,
    tiedEmbeddings: true,
    ropeTheta: 1e9,
    contextLength: 1_048_576,
  },
  tiny: {
    family: 'qwen2',
    layers: 2,
    hidden: 64,
    heads: 4,
    kvHeads: 2,
    headDim: 16,
    intermediate: 128,
    vocab: 512,
    tiedEmbeddings: true,
    ropeTheta: 1e4,
    contextLength: 4_096,
  },
};

/** Throws 'bad-setting' for a name that is not in `modelShapes`. */
export function modelShape(name: string): ModelShape {
  const shape = modelShapes[name];
  if (shape) return shape;
  throw new UserError(
    'bad-setting',
    `There is no shape '${name}'.`,
    `Use one of ${Object.keys(modelShapes).join(', ')}.`,
  );
}

/** As a model's own file would give it, checked like one. */
export function configOfShape(shape: ModelShape): ModelConfig {
  return parseConfig({
    model_type: shape.family,
    num_hidden_layers: shape.layers,
    hidden_size: shape.hidden,
    num_attention_heads: shape.heads,
    num_key_value_heads: shape.kvHeads,
    head_dim: shape.headDim,
    intermediate_size: shape.intermediate,
    vocab_size: shape.vocab,
    tie_word_embeddings: shape.tiedEmbeddings,
    rope_theta: shape.ropeTheta,
    max_position_embeddings: shape.contextLength,
  });
}
