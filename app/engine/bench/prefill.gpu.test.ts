/** The prefill and kernel suites on a tiny model: every figure is there, and is what it says. */
import { expect, test } from 'vitest';
import { testGpu } from '../../gpu/testing';
import { benchKernels } from './kernels';
import { openBenchModel, type BenchModel } from './model';
import { benchPrefill } from './prefill';
import { differs } from './report';
import { modelShape, type ModelShape } from './shapes';
import type { KernelBenchRequest, NotRun, PrefillBenchRequest } from './types';

const hooks = { signal: new AbortController().signal, onProgress: () => undefined };
const tiny: ModelShape = { ...modelShape('tiny'), hidden: 32, intermediate: 64, vocab: 96 };

async function open(seed: number): Promise<BenchModel> {
  return openBenchModel(await testGpu(), { kind: 'synthetic', name: 'test', shape: tiny, seed }, '', hooks);
}

const request: Omit<PrefillBenchRequest, 'model'> = {
  suite: 'prefill',
  tokens: [64, 128],
  patterns: [
    { name: 'dense', set: {} },
    { name: 'a_shape', set: { init: 16, local: 64, fallback: 'off' } },
  ],
  repeat: 2,
  denseUpTo: 64,
  seed: 1,
};

test('prefill: dense up to its length, sparse at each, memory as the formula says', async () => {
  const gpu = await testGpu();
  const model = await open(3);
  const updates: number[] = [];
  const source = { kind: 'synthetic', name: 'test', shape: tiny, seed: 3 } as const;
  const { measurements, notRun } = await benchPrefill(
    gpu,
    model,
    { ...request, model: source },
    { ...hooks, onMeasured: (results) => updates.push(results.measurements.length) },
  );
  expect(measurements.map(({ tokens, pattern }) => `${pattern} ${tokens}`)).toEqual([
    'dense 64',
    'a_shape 64',
    'a_shape 128',
  ]);
  expect(notRun).toEqual<NotRun[]>([
    { tokens: 128, pattern: 'dense', reason: 'left out above 64 tokens, as asked' },
  ]);
  expect(updates).toEqual([2, 3]);
  for (const measured of measurements) {
    expect(measured.samples).toHaveLength(2);
    const times = measured.samples.map(({ ttftMs }) => ttftMs);
    expect(measured.ttftMs).toBe(Math.min(...times));
    expect(measured.ttftMs).toBeGreaterThanOrEqual(measured.prefillMs);
    expect(measured.tokensPerSecond).toBeCloseTo((1000 * measured.tokens) / measured.prefillMs, 6);
    expect(measured.memoryRatio).toBeCloseTo(measured.peakBytes / measured.plannedBytes, 12);
    // All that is planned was allocated; RoPE tables, logits and parameter slots come on top.
    expect(measured.peakBytes).toBeGreaterThan(measured.plannedBytes);
    expect(measured.density).toBeGreaterThan(0);
  }
  expect(measurements[0]?.density).toBe(1);
  model.destroy();
});

test('rows are checked in a run of their own: as many as asked for, the last one among them', async () => {
  const gpu = await testGpu();
  const model = await open(3);
  const source = { kind: 'synthetic', name: 'test', shape: tiny, seed: 3 } as const;
  const asked = { ...request, model: source, tokens: [128], denseUpTo: null, repeat: 1, checkRows: 5 };
  const quiet = { ...hooks, onMeasured: () => undefined };
  const { measurements } = await benchPrefill(gpu, model, { ...asked, checkLayer: 0 }, quiet);
  for (const { check, samples } of measurements) {
    expect(check).toMatchObject({ ok: true, layer: 0 });
    expect(check?.rows).toHaveLength(5);
    expect(check?.rows.at(-1)).toBe(127);
    expect(samples).toHaveLength(1);
  }
  const wrong = benchPrefill(gpu, model, { ...asked, checkLayer: 2 }, quiet);
  await expect(wrong).rejects.toThrow('checkLayer: the model has no layer 2.');
  model.destroy();
});

test('a synthetic model has the shape asked for, and is freed whole', async () => {
  const gpu = await testGpu();
  const before = gpu.memory.bytes;
  const model = await open(3);
  expect(model.report).toMatchObject({
    id: 'synthetic:test',
    family: 'qwen2',
    layers: 2,
    hidden: 32,
    vocab: 96,
  });
  // Tied: the embedding is counted once. Biases of q, k and v; two norms a layer and one at the end.
  const perLayer = 2 * 64 * 32 + 2 * 32 * 32 + 64 + 2 * 32 + 3 * 64 * 32 + 2 * 32;
  expect(model.report.parameters).toBe(96 * 32 + 2 * perLayer + 32);
  model.destroy();
  expect(gpu.memory.bytes).toBe(before);
});

test('kernels: each is within its tolerance of the reference, and nothing stays allocated', async () => {
  const gpu = await testGpu();
  const before = gpu.memory.bytes;
  const kernels: KernelBenchRequest = {
    suite: 'kernels',
    shapeName: 'test',
    shape: tiny,
    // Long enough for split attention.
    tokens: [520],
    densities: [0.5],
    patterns: [
      { name: 'vertical_slash', set: { verticalSize: 8, slashSize: 128, fallback: 'off' } },
      { name: 'a_shape', set: {} },
    ],
  };
  const { ceilings, measurements, notRun } = await benchKernels(gpu, kernels, {
    ...hooks,
    onMeasured: () => undefined,
  });
  expect(measurements.filter(differs)).toEqual([]);
  const names = measurements.map(({ kernel }) => kernel);
  for (const wanted of ['copy', 'plain product f32', 'matmul', 'matmul_swiglu', 'tile_attention dense'])
    expect(names).toContain(wanted);
  expect(names).toContain('tile_attention density 0.5');
  expect(names).toContain('tile_attention split');
  expect(names).toContain('decode_attention');
  expect(names).toContain('decode step');
  const index = measurements.find(({ kernel }) => kernel.endsWith('index'));
  expect(index?.error).toBe(0);
  expect(notRun).toMatchObject([{ tokens: 520, pattern: 'a_shape' }]);
  expect(ceilings?.f32).toBeGreaterThan(0);
  expect(ceilings?.copy).toBeGreaterThan(0);
  expect(gpu.memory.bytes).toBe(before);
});
