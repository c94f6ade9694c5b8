/** One whole decoding step behind a prompt: everything from the token's id to its logits, of a model with random weights. */
import { densePattern } from '../../attention/dense';
import type { Gpu } from '../../gpu/device';
import { Decoder } from '../../model/decode';
import { KvCache } from '../../model/kvCache';
import { prefill } from '../../model/prefill';
import { withLab, type Lab } from './lab';
import { worst } from './noise';
import { randomIds, syntheticModel } from './synthetic';
import type { BenchHooks, KernelMeasurement } from './types';
import type { BenchModel } from './model';
import type { ModelShape } from './shapes';

const seeds = { weights: 1, ids: 2, k: 4, v: 5 };

/** Layers and logits in between round to 16 bits at other places in the two ways of computing them. */
const tolerance = 3e-2;

/** Keys and values as of a prompt, the same in every layer: what is timed depends on addresses alone. */
async function fillCache(lab: Lab, cache: KvCache, layers: number): Promise<void> {
  const ranges = Array.from({ length: layers }, (_, layer) => cache.layer(layer)).flat();
  const most = ranges.reduce((bytes, { k }) => Math.max(bytes, k.buffer.size), 0);
  const [k, v] = [await lab.noise(most / 2, seeds.k), await lab.noise(most / 2, seeds.v)];
  const encoder = lab.gpu.device.createCommandEncoder();
  for (const range of ranges) {
    encoder.copyBufferToBuffer(k, 0, range.k.buffer, 0, range.k.buffer.size);
    encoder.copyBufferToBuffer(v, 0, range.v.buffer, 0, range.v.buffer.size);
  }
  lab.gpu.device.queue.submit([encoder.finish()]);
}

/** Bytes that a step must read: every weight but what is looked up in an embedding of its own, and the cache. */
export function stepBytes({ config, report }: Pick<BenchModel, 'config' | 'report'>, keys: number): number {
  const { layers, kvHeads, headDim, hidden, vocab, tiedEmbeddings } = config;
  const lookup = tiedEmbeddings ? 0 : (vocab - 1) * hidden;
  return 2 * (report.parameters - lookup) + 4 * layers * kvHeads * headDim * keys;
}

/**
 * The step that reads `tokens` keys, the new one's among them. Its logits are compared with those of a prefill of that one
 * token, which other kernels compute.
 */
async function measureStep(
  gpu: Gpu,
  model: BenchModel,
  tokens: number,
  signal: AbortSignal,
): Promise<KernelMeasurement> {
  const { config, transformer } = model;
  const { layers, heads, kvHeads, headDim, vocab } = config;
  const cache = new KvCache(gpu, config, tokens);
  const decoder = new Decoder(transformer, cache);
  try {
    return await withLab(gpu, async (lab) => {
      await fillCache(lab, cache, layers);
      cache.length = tokens - 1;
      const ids = randomIds(1, vocab, seeds.ids);
      const { ms } = await lab.time((recorder) => {
        decoder.record(recorder, ids[0] ?? 0);
      }, signal);
      const actual = await lab.readF32(decoder.logits, 0, vocab);
      const { logits } = await prefill(transformer, ids, cache, densePattern(config), { signal });
      return {
        kernel: 'decode step',
        shape: `${tokens} keys, ${layers} layers, ${heads}/${kvHeads} heads of ${headDim}, whole model`,
        tokens,
        error: worst(actual, logits),
        tolerance,
        ms,
        rate: stepBytes(model, tokens) / ms / 1e6,
        unit: 'GB/s',
      };
    });
  } finally {
    await decoder.destroy();
    cache.destroy();
  }
}

/** One model for all lengths: half a billion random weights take seconds. */
export async function measureSteps(
  gpu: Gpu,
  source: { name: string; shape: ModelShape },
  tokens: readonly number[],
  hooks: BenchHooks,
): Promise<KernelMeasurement[]> {
  const model = await syntheticModel(gpu, { ...source, seed: seeds.weights }, hooks);
  try {
    const measured: KernelMeasurement[] = [];
    for (const length of tokens) {
      hooks.onProgress(`decoding step after ${length} tokens`);
      measured.push(await measureStep(gpu, model, length, hooks.signal));
    }
    return measured;
  } finally {
    model.destroy();
  }
}
