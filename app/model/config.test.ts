import { expect, test } from 'vitest';
import { UserError } from '../errors';
import { parseConfig } from './config';

const qwen2 = {
  architectures: ['Qwen2ForCausalLM'],
  hidden_size: 896,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  intermediate_size: 4864,
  vocab_size: 151_936,
  rms_norm_eps: 1e-6,
  max_position_embeddings: 32_768,
  rope_theta: 1e6,
  tie_word_embeddings: true,
  use_sliding_window: false,
  sliding_window: 32_768,
  eos_token_id: 151_645,
  torch_dtype: 'bfloat16',
};

function failure(work: () => unknown): UserError {
  try {
    work();
  } catch (error) {
    if (error instanceof UserError) return error;
    throw error;
  }
  throw new Error('nothing was thrown');
}

test('Qwen2.5-0.5B as published', () => {
  expect(parseConfig(qwen2)).toMatchObject({
    family: 'qwen2',
    headDim: 64,
    qkvBias: true,
    outputBias: false,
    qkNorm: false,
    tiedEmbeddings: true,
    contextLength: 32_768,
    eosIds: [151_645],
    rope: { kind: 'default', theta: 1e6 },
  });
});

test('Llama 3 RoPE scaling under old key names, end ids from the generation config', () => {
  const config = parseConfig(
    {
      ...qwen2,
      architectures: ['LlamaForCausalLM'],
      head_dim: 64,
      rope_scaling: {
        rope_type: 'llama3',
        factor: 32,
        low_freq_factor: 1,
        high_freq_factor: 4,
        original_max_position_embeddings: 8192,
      },
    },
    { eos_token_id: [1, 2, 3] },
  );
  expect(config).toMatchObject({ family: 'llama', qkvBias: false, eosIds: [1, 2, 3] });
  expect(config.rope).toMatchObject({ kind: 'llama3', factor: 32, originalContext: 8192 });
});

test('YaRN under the new rope_parameters, Qwen3 with an explicit head dim', () => {
  const { rope_theta: _, ...rest } = qwen2;
  const config = parseConfig({
    ...rest,
    architectures: ['Qwen3ForCausalLM'],
    head_dim: 128,
    rope_parameters: {
      rope_type: 'yarn',
      rope_theta: 5e6,
      factor: 4,
      original_max_position_embeddings: 32_768,
    },
  });
  expect(config).toMatchObject({ family: 'qwen3', headDim: 128, qkNorm: true });
  expect(config.rope).toMatchObject({ kind: 'yarn', theta: 5e6, factor: 4, originalContext: 32_768 });
});

test.each([
  [{ architectures: ['MambaForCausalLM'] }, 'unsupported-model', 'MambaForCausalLM'],
  [{ architectures: undefined }, 'bad-model', 'no architecture'],
  [{ hidden_size: undefined }, 'bad-model', 'hidden_size'],
  [{ num_hidden_layers: -1 }, 'bad-model', 'num_hidden_layers'],
  [{ vocab_size: 'many' }, 'bad-model', 'vocab_size'],
  [{ num_key_value_heads: 3 }, 'bad-model', '3 key-value heads'],
  [{ head_dim: 100 }, 'unsupported-model', '100'],
  [{ head_dim: 512 }, 'unsupported-model', '512'],
  [{ hidden_act: 'gelu' }, 'unsupported-model', 'gelu'],
  [{ use_sliding_window: true }, 'unsupported-model', 'sliding'],
  [{ quantization_config: {} }, 'unsupported-model', 'quantised'],
  [{ rope_scaling: { type: 'dynamic', factor: 2 } }, 'unsupported-model', 'dynamic'],
  [{ rope_scaling: { type: 'linear' } }, 'bad-model', 'factor'],
  [{ rms_norm_eps: NaN }, 'bad-model', 'rms_norm_eps'],
])('%o is refused as %s, naming %s', (change, code, named) => {
  const error = failure(() => parseConfig({ ...qwen2, ...change }));
  expect(error.code).toBe(code);
  expect(error.sentence).toContain(named);
  expect(error.remedy).not.toBe('');
});

test.each([null, [], 'text', 3])('%j is no config', (value) => {
  expect(failure(() => parseConfig(value)).code).toBe('bad-model');
});
