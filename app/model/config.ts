/** A Hugging Face `config.json` as the engine needs it, or a clear refusal. Old and new (transformers 5) key names. */
import * as v from 'valibot';
import { UserError } from '../errors';

export type Family = 'llama' | 'qwen2' | 'qwen3';

export interface RopeConfig {
  theta: number;
  kind: 'default' | 'linear' | 'llama3' | 'yarn';
  factor: number;
  /** Tokens of the original training context (llama3, yarn). */
  originalContext: number;
  lowFrequencyFactor: number;
  highFrequencyFactor: number;
  betaFast: number;
  betaSlow: number;
  attentionFactor: number | null;
  mscale: number | null;
  mscaleAllDim: number | null;
  truncate: boolean;
}

export interface ModelConfig {
  family: Family;
  layers: number;
  hidden: number;
  heads: number;
  kvHeads: number;
  headDim: number;
  intermediate: number;
  vocab: number;
  rmsNormEps: number;
  contextLength: number;
  tiedEmbeddings: boolean;
  qkvBias: boolean;
  outputBias: boolean;
  qkNorm: boolean;
  rope: RopeConfig;
  eosIds: number[];
  bosId: number | null;
}

const families: Record<string, Family> = {
  LlamaForCausalLM: 'llama',
  llama: 'llama',
  Qwen2ForCausalLM: 'qwen2',
  qwen2: 'qwen2',
  Qwen3ForCausalLM: 'qwen3',
  qwen3: 'qwen3',
};

/** Hugging Face's defaults (`configuration_*.py`) where a field may be missing. */
const tiedByDefault: Record<Family, boolean> = { llama: false, qwen2: false, qwen3: false };

function bad(sentence: string, detail?: string): UserError {
  return new UserError(
    'bad-model',
    sentence,
    'Check that config.json belongs to this model and is whole.',
    detail,
  );
}

function unsupported(sentence: string): UserError {
  return new UserError(
    'unsupported-model',
    sentence,
    'Supported are Llama, Qwen2 and Qwen3 models (LlamaForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM).',
  );
}

const Json = v.record(v.string(), v.unknown());
type JsonObject = v.InferOutput<typeof Json>;

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && !Array.isArray(value) && v.is(Json, value);
}

/** A whole number field within [least, most]; missing (or null) gives `fallback`, and without one an error. */
function whole(json: JsonObject, name: string, least: number, most: number, fallback?: number): number {
  const value = json[name] ?? fallback;
  if (value === undefined) throw bad(`config.json lacks ${name}.`);
  if (!v.is(v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most)), value)) {
    throw bad(`config.json has ${name} = ${JSON.stringify(value)}, and ${least} to ${most} can be used.`);
  }
  return value;
}

function real(json: JsonObject, name: string, fallback: number): number {
  const value = json[name] ?? fallback;
  if (!v.is(v.pipe(v.number(), v.finite(), v.gtValue(0)), value)) {
    throw bad(`config.json has ${name} = ${JSON.stringify(value)}, and a positive number is needed.`);
  }
  return value;
}

function optionalReal(json: JsonObject, name: string): number | null {
  return json[name] === undefined || json[name] === null ? null : real(json, name, 1);
}

function flag(json: JsonObject, name: string, fallback: boolean): boolean {
  const value = json[name] ?? fallback;
  if (typeof value !== 'boolean')
    throw bad(`config.json has ${name} = ${JSON.stringify(value)}, and true or false is needed.`);
  return value;
}

function parseRope(json: JsonObject, contextLength: number): RopeConfig {
  const parameters = isObject(json.rope_parameters) ? json.rope_parameters : null;
  const scaling = parameters ?? (isObject(json.rope_scaling) ? json.rope_scaling : {});
  const theta = real({ rope_theta: parameters?.rope_theta ?? json.rope_theta }, 'rope_theta', 10_000);
  const kind = scaling.rope_type ?? scaling.type ?? 'default';
  if (kind !== 'default' && kind !== 'linear' && kind !== 'llama3' && kind !== 'yarn') {
    throw unsupported(
      `This model scales RoPE by ${JSON.stringify(kind)}, which is not supported (default, linear, llama3 and yarn are).`,
    );
  }
  if (kind !== 'default' && scaling.factor === undefined)
    throw bad(`config.json scales RoPE by '${kind}' without a factor.`);
  return {
    theta,
    kind,
    factor: real(scaling, 'factor', 1),
    originalContext: real(
      {
        ...scaling,
        original_max_position_embeddings:
          scaling.original_max_position_embeddings ?? json.original_max_position_embeddings,
      },
      'original_max_position_embeddings',
      contextLength,
    ),
    lowFrequencyFactor: real(scaling, 'low_freq_factor', 1),
    highFrequencyFactor: real(scaling, 'high_freq_factor', 4),
    betaFast: real(scaling, 'beta_fast', 32),
    betaSlow: real(scaling, 'beta_slow', 1),
    attentionFactor: optionalReal(scaling, 'attention_factor'),
    mscale: optionalReal(scaling, 'mscale'),
    mscaleAllDim: optionalReal(scaling, 'mscale_all_dim'),
    truncate: flag(scaling, 'truncate', true),
  };
}

function familyOf(json: JsonObject): Family {
  const architectures = Array.isArray(json.architectures) ? json.architectures : [];
  const named: unknown = architectures[0] ?? json.model_type;
  if (typeof named !== 'string') throw bad('config.json names no architecture.');
  const family = families[named];
  if (family === undefined) throw unsupported(`The architecture ${named} is not supported.`);
  return family;
}

function refuseWhatIsMissing(json: JsonObject): void {
  if (json.quantization_config !== undefined && json.quantization_config !== null) {
    throw unsupported('This model is quantised; only 16- and 32-bit weights can be loaded.');
  }
  const act = json.hidden_act ?? 'silu';
  if (act !== 'silu') throw unsupported(`The activation ${JSON.stringify(act)} is not supported (silu is).`);
  const kinds = Array.isArray(json.layer_types) ? json.layer_types : [];
  if (json.use_sliding_window === true || kinds.some((kind) => kind !== 'full_attention')) {
    throw unsupported('This model uses sliding-window attention, which is not supported.');
  }
  if (json.mlp_bias === true) throw unsupported('This model has biases in its MLP, which is not supported.');
}

/** Reads `config.json` and `generation_config.json` (for its end-of-text ids). Throws 'bad-model' or 'unsupported-model'. */
export function parseConfig(value: unknown, generation?: unknown): ModelConfig {
  if (!isObject(value)) throw bad('config.json is not a JSON object.');
  const json = value;
  const family = familyOf(json);
  refuseWhatIsMissing(json);
  const hidden = whole(json, 'hidden_size', 8, 65_536);
  const heads = whole(json, 'num_attention_heads', 1, 1_024);
  const kvHeads = whole(json, 'num_key_value_heads', 1, 1_024, heads);
  const headDim = whole(json, 'head_dim', 1, 65_536, family === 'qwen3' ? 128 : Math.floor(hidden / heads));
  if (headDim % 8 !== 0 || headDim > 256) {
    throw unsupported(`This model has heads of ${headDim} dims; multiples of 8 up to 256 are supported.`);
  }
  if (heads % kvHeads !== 0) throw bad(`config.json has ${heads} heads for ${kvHeads} key-value heads.`);
  if (hidden % 8 !== 0)
    throw unsupported(`A hidden size of ${hidden} is not supported (multiples of 8 are).`);
  const intermediate = whole(json, 'intermediate_size', 8, 1_048_576);
  if (intermediate % 8 !== 0)
    throw unsupported(`An MLP width of ${intermediate} is not supported (multiples of 8 are).`);
  const contextLength = whole(
    json,
    'max_position_embeddings',
    1,
    2 ** 27,
    family === 'llama' ? 2_048 : 32_768,
  );
  const attentionBias = flag(json, 'attention_bias', false);
  return {
    family,
    layers: whole(json, 'num_hidden_layers', 1, 1_024),
    hidden,
    heads,
    kvHeads,
    headDim,
    intermediate,
    vocab: whole(json, 'vocab_size', 1, 2 ** 22),
    rmsNormEps: real(json, 'rms_norm_eps', 1e-6),
    contextLength,
    tiedEmbeddings: flag(json, 'tie_word_embeddings', tiedByDefault[family]),
    qkvBias: family === 'qwen2' || attentionBias,
    outputBias: family !== 'qwen2' && attentionBias,
    qkNorm: family === 'qwen3',
    rope: parseRope(json, contextLength),
    eosIds: eosIds(json, generation),
    bosId: typeof json.bos_token_id === 'number' ? json.bos_token_id : null,
  };
}

function eosIds(json: JsonObject, generation: unknown): number[] {
  const named = (isObject(generation) ? generation.eos_token_id : undefined) ?? json.eos_token_id ?? [];
  const ids = Array.isArray(named) ? named : [named];
  return ids.filter((id): id is number => Number.isInteger(id));
}
