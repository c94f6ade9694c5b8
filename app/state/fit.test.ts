import { readFileSync, statSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { parseConfig } from '../model/config';
import { fitOf, type FitRequest } from './fit';
import { listedModel, models, parameterCount, weightBytes } from './models';

const gib = 2 ** 30;

function request(id: string, changes: Partial<FitRequest> = {}): FitRequest {
  const model = listedModel(id);
  if (!model) throw new Error(`${id} is not listed`);
  return {
    shape: model.shape,
    weights: weightBytes(model.shape),
    adapter: { maxBufferSize: 4 * gib, maxStorageBufferBindingSize: 4 * gib - 4, tier: 'f16' },
    tokens: 32_768,
    newTokens: 64,
    gpuMemory: null,
    ...changes,
  };
}

describe('models', () => {
  // Parameters as the repositories state them; for tied embeddings, counted once.
  it.each([
    ['HuggingFaceTB/SmolLM2-135M-Instruct', 134_515_008],
    ['HuggingFaceTB/SmolLM2-360M-Instruct', 361_821_120],
    ['Qwen/Qwen2.5-0.5B-Instruct', 494_032_768],
    ['Qwen/Qwen2.5-1.5B-Instruct', 1_543_714_304],
    ['Qwen/Qwen3-0.6B', 596_049_920],
    ['Qwen/Qwen3-4B-Instruct-2507', 4_022_468_096],
    ['meta-llama/Llama-3.2-1B-Instruct', 1_235_814_400],
    ['meta-llama/Llama-3.2-3B-Instruct', 3_212_749_824],
  ])('%s has the shape of its parameters', (id, parameters) => {
    const model = listedModel(id);
    expect(model && parameterCount(model.shape)).toBe(parameters);
  });

  it('knows the built-in model as its files are', () => {
    const folder = fileURLToPath(new URL('../../public/models/needle/', import.meta.url));
    const config = parseConfig(JSON.parse(readFileSync(`${folder}config.json`, 'utf8')));
    const model = listedModel('builtin');
    expect(config).toMatchObject({ ...model?.shape, contextLength: model?.contextLength });
    expect(model?.downloadBytes).toBe(statSync(`${folder}model.safetensors`).size);
  });

  it('states no download smaller than 16 bits a parameter', () => {
    for (const { id, shape, downloadBytes } of models)
      expect(downloadBytes, id).toBeGreaterThan(weightBytes(shape) * 0.99);
  });
});

describe('fitOf', () => {
  it('is sure only of what one buffer could hold, while nobody stated the memory', () => {
    expect(fitOf(request('Qwen/Qwen2.5-0.5B-Instruct'))).toMatchObject({ verdict: 'fits', by: 'none' });
    expect(fitOf(request('Qwen/Qwen3-0.6B'))).toMatchObject({ verdict: 'tight', by: 'unknown' });
  });

  it('goes by the stated memory', () => {
    const asked = request('Qwen/Qwen3-0.6B');
    const { total } = fitOf(asked);
    expect(fitOf({ ...asked, gpuMemory: total / 0.84 })).toMatchObject({ verdict: 'fits' });
    expect(fitOf({ ...asked, gpuMemory: total * 1.01 })).toMatchObject({ verdict: 'tight', by: 'memory' });
    const small = fitOf({ ...asked, tokens: 131_072, gpuMemory: 6 * gib });
    expect(small).toMatchObject({ verdict: 'no', by: 'memory' });
    expect(fitOf({ ...asked, tokens: small.longest, gpuMemory: 6 * gib }).verdict).toBe('tight');
    expect(fitOf({ ...asked, tokens: small.longest * 1.1, gpuMemory: 6 * gib }).verdict).toBe('no');
    expect(String(small.longest)).toMatch(/^\d\d0+$/);
    expect(fitOf({ ...asked, gpuMemory: gib })).toMatchObject({ verdict: 'no', longest: 0 });
  });

  it('goes by the largest buffer where that is what lacks', () => {
    const adapter = {
      maxBufferSize: 2 ** 28,
      maxStorageBufferBindingSize: 2 ** 27,
      tier: 'portable',
    } as const;
    const fit = fitOf(request('builtin', { adapter, tokens: 2 ** 19, gpuMemory: 80 * gib }));
    expect(fit).toMatchObject({ verdict: 'fits' });
    const wide = fitOf(
      request('Qwen/Qwen3-4B-Instruct-2507', { adapter, tokens: 131_072, gpuMemory: 80 * gib }),
    );
    expect(wide).toMatchObject({ verdict: 'no', by: 'buffers' });
    expect(
      fitOf(request('Qwen/Qwen3-4B-Instruct-2507', { adapter, tokens: 131_072, gpuMemory: gib })).by,
    ).toBe('buffers');
  });
});
