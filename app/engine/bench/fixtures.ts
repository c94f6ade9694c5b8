/** Results as tests need them: figures that are easy to follow and that nobody measured. */
import type { KernelBenchResult, KernelMeasurement, PrefillBenchResult, PrefillMeasurement } from './types';

const header = {
  version: 1 as const,
  date: '2026-01-02T03:04:05.000Z',
  commit: 'abc1234',
  browser: 'Mozilla/5.0 Chrome/156.0.0.0 Safari/537.36',
  adapter: {
    vendor: 'example',
    architecture: 'example',
    description: 'Example GPU',
    software: false,
    tier: 'f16' as const,
    features: [],
    maxBufferSize: 2 ** 32,
    maxStorageBufferBindingSize: 2 ** 31,
  },
};

const kernel: KernelMeasurement = {
  kernel: 'matmul',
  shape: '64 x 64 x 64',
  tokens: null,
  error: 1e-5,
  tolerance: 1e-4,
  ms: 2,
  rate: 20,
  unit: 'TFLOP/s',
};

export const kernelResult: KernelBenchResult = {
  ...header,
  suite: 'kernels',
  request: {
    suite: 'kernels',
    shapeName: 'tiny',
    tokens: [8_192],
    densities: [0.1],
    patterns: [],
  },
  ceilings: { f32: 40, f16: 50, copy: 4_000 },
  measurements: [
    kernel,
    {
      ...kernel,
      kernel: 'decode_attention',
      shape: '8192 keys',
      tokens: 8_192,
      error: 0.1,
      ms: 0.5,
      rate: 1_000,
      unit: 'GB/s',
    },
  ],
  notRun: [],
};

const phasesMs = { projections: 40, estimate: 0, index: 0, attention: 300, mlp: 50, head: 1 };
const dense: PrefillMeasurement = {
  tokens: 8_192,
  pattern: 'dense',
  settings: {},
  ttftMs: 400,
  prefillMs: 398,
  phasesMs,
  wallOverPhases: 398 / 391,
  tokensPerSecond: 20_000,
  attentionRate: 20,
  linearRate: 25,
  density: 1,
  denseHeads: 0,
  totalHeads: 8,
  beyondContext: false,
  peakBytes: 2 ** 30,
  plannedBytes: 2 ** 30,
  memoryRatio: 1,
  samples: [],
};
const sparse: PrefillMeasurement = {
  ...dense,
  pattern: 'vertical_slash',
  ttftMs: 200,
  phasesMs: { ...phasesMs, attention: 90, estimate: 6, index: 4 },
  density: 0.3,
};

export const prefillResult: PrefillBenchResult = {
  ...header,
  suite: 'prefill',
  request: {
    suite: 'prefill',
    model: { kind: 'builtin' },
    tokens: [8_192, 32_768],
    patterns: [
      { name: 'dense', set: {} },
      { name: 'vertical_slash', set: {} },
    ],
    repeat: 3,
    denseUpTo: 8_192,
    seed: 1,
  },
  model: {
    id: 'builtin',
    family: 'qwen3',
    layers: 8,
    hidden: 384,
    heads: 6,
    kvHeads: 2,
    headDim: 64,
    vocab: 4_096,
    contextLength: 131_072,
    parameters: 14_000_000,
    weightBytes: 28_000_000,
    hasChatTemplate: true,
  },
  measurements: [dense, sparse, { ...sparse, tokens: 32_768, ttftMs: 1_200 }],
  notRun: [{ tokens: 32_768, pattern: 'dense', reason: 'left out above 8192 tokens, as asked' }],
};
