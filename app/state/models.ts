/** Models to choose from, and what is known of each before anything is downloaded. Sources: the repositories' own files. */
import type { PlanShape } from '../model/plan';

export interface ModelShape extends PlanShape {
  vocab: number;
  /** Biases of Q, K and V. */
  qkvBias: boolean;
  /** RMS norms of Q and K. */
  qkNorm: boolean;
}

export interface ListedModel {
  /** 'builtin' or a Hub id. */
  id: string;
  name: string;
  licence: string;
  /** Its licence has to be accepted on the Hub, and a token of that account given. */
  gated: boolean;
  /** `max_position_embeddings`. */
  contextLength: number;
  /** Bytes of its weight files, rounded; the Hub states them exactly when a download starts. */
  downloadBytes: number;
  shape: ModelShape;
}

const qwen = { vocab: 151_936, qkvBias: false, qkNorm: true };
const llama = { vocab: 128_256, qkvBias: false, qkNorm: false };

export const models: readonly ListedModel[] = [
  {
    id: 'builtin',
    name: 'Built-in',
    licence: 'MIT',
    gated: false,
    contextLength: 1_048_576,
    downloadBytes: 28_336_352,
    shape: {
      layers: 8,
      hidden: 384,
      heads: 6,
      kvHeads: 2,
      headDim: 64,
      intermediate: 1_024,
      vocab: 4_096,
      qkvBias: false,
      qkNorm: true,
    },
  },
  {
    id: 'HuggingFaceTB/SmolLM2-135M-Instruct',
    name: 'SmolLM2 135M',
    licence: 'Apache 2.0',
    gated: false,
    contextLength: 8_192,
    downloadBytes: 269_000_000,
    shape: {
      layers: 30,
      hidden: 576,
      heads: 9,
      kvHeads: 3,
      headDim: 64,
      intermediate: 1_536,
      vocab: 49_152,
      qkvBias: false,
      qkNorm: false,
    },
  },
  {
    id: 'HuggingFaceTB/SmolLM2-360M-Instruct',
    name: 'SmolLM2 360M',
    licence: 'Apache 2.0',
    gated: false,
    contextLength: 8_192,
    downloadBytes: 724_000_000,
    shape: {
      layers: 32,
      hidden: 960,
      heads: 15,
      kvHeads: 5,
      headDim: 64,
      intermediate: 2_560,
      vocab: 49_152,
      qkvBias: false,
      qkNorm: false,
    },
  },
  {
    id: 'Qwen/Qwen2.5-0.5B-Instruct',
    name: 'Qwen2.5 0.5B',
    licence: 'Apache 2.0',
    gated: false,
    contextLength: 32_768,
    downloadBytes: 988_000_000,
    shape: {
      layers: 24,
      hidden: 896,
      heads: 14,
      kvHeads: 2,
      headDim: 64,
      intermediate: 4_864,
      vocab: 151_936,
      qkvBias: true,
      qkNorm: false,
    },
  },
  {
    id: 'Qwen/Qwen3-0.6B',
    name: 'Qwen3 0.6B',
    licence: 'Apache 2.0',
    gated: false,
    contextLength: 40_960,
    downloadBytes: 1_500_000_000,
    shape: { layers: 28, hidden: 1_024, heads: 16, kvHeads: 8, headDim: 128, intermediate: 3_072, ...qwen },
  },
  {
    id: 'meta-llama/Llama-3.2-1B-Instruct',
    name: 'Llama 3.2 1B',
    licence: 'Llama 3.2 Community',
    gated: true,
    contextLength: 131_072,
    downloadBytes: 2_470_000_000,
    shape: { layers: 16, hidden: 2_048, heads: 32, kvHeads: 8, headDim: 64, intermediate: 8_192, ...llama },
  },
  {
    id: 'Qwen/Qwen2.5-1.5B-Instruct',
    name: 'Qwen2.5 1.5B',
    licence: 'Apache 2.0',
    gated: false,
    contextLength: 32_768,
    downloadBytes: 3_090_000_000,
    shape: {
      layers: 28,
      hidden: 1_536,
      heads: 12,
      kvHeads: 2,
      headDim: 128,
      intermediate: 8_960,
      vocab: 151_936,
      qkvBias: true,
      qkNorm: false,
    },
  },
  {
    id: 'meta-llama/Llama-3.2-3B-Instruct',
    name: 'Llama 3.2 3B',
    licence: 'Llama 3.2 Community',
    gated: true,
    contextLength: 131_072,
    downloadBytes: 6_430_000_000,
    shape: { layers: 28, hidden: 3_072, heads: 24, kvHeads: 8, headDim: 128, intermediate: 8_192, ...llama },
  },
  {
    id: 'Qwen/Qwen3-4B-Instruct-2507',
    name: 'Qwen3 4B 2507',
    licence: 'Apache 2.0',
    gated: false,
    contextLength: 262_144,
    downloadBytes: 8_040_000_000,
    shape: { layers: 36, hidden: 2_560, heads: 32, kvHeads: 8, headDim: 128, intermediate: 9_728, ...qwen },
  },
];

export function listedModel(id: string): ListedModel | undefined {
  return models.find((model) => model.id === id);
}

/** Parameters of a model with tied embeddings, as all of the list are. */
export function parameterCount(shape: ModelShape): number {
  const { layers, hidden, heads, kvHeads, headDim, intermediate, vocab, qkvBias, qkNorm } = shape;
  const queries = heads * headDim;
  const keys = kvHeads * headDim;
  const attention = hidden * (queries + 2 * keys) + queries * hidden;
  const norms = 2 * hidden + (qkNorm ? 2 * headDim : 0) + (qkvBias ? queries + 2 * keys : 0);
  return vocab * hidden + hidden + layers * (attention + 3 * hidden * intermediate + norms);
}

/** Bytes of its weights on the GPU: 16 bits each. */
export function weightBytes(shape: ModelShape): number {
  return parameterCount(shape) * 2;
}
