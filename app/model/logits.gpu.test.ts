import { expect, test } from 'vitest';
import { densePattern } from '../attention/dense';
import { createPattern, type Pattern, type PatternRequest } from '../attention/pattern';
import type { Tier } from '../gpu/capabilities';
import { downloadU32, seeded, testGpu } from '../gpu/testing';
import { Decoder } from './decode';
import { KvCache } from './kvCache';
import { chunkRowsFor } from './plan';
import { prefill } from './prefill';
import { json, loadFixture } from './testing';
import type { Transformer } from './transformer';
import type { ModelWeights } from './weights';

/**
 * The last token's logits against Hugging Face transformers in float32, for the same weights and ids
 * (`training/make_fixtures.py`): relative error by tier. Arithmetic is f32 everywhere. The portable tier stores weights,
 * keys and values in 16 bits, about 2^-11 per value (1.5e-3 at most when measured); f16 tiers store activations so too
 * (2.3e-3 at most when measured, on an H200).
 */
const bounds: Record<Tier, number> = {
  portable: 2e-3,
  f16: 5e-3,
  'f16-subgroups': 5e-3,
  'subgroup-matrix': 5e-3,
};

interface Expected {
  ids: number[];
  logits: number[];
  ropeVariants?: { name: string; configOverride: Record<string, unknown>; logits: number[] }[];
}

/** L2 norm of the difference over that of the expectation. */
function relativeError(actual: ArrayLike<number>, expected: readonly number[]): number {
  expect(actual.length).toBe(expected.length);
  let difference = 0;
  let size = 0;
  expected.forEach((want, at) => {
    difference += ((actual[at] ?? NaN) - want) ** 2;
    size += want ** 2;
  });
  return Math.sqrt(difference / size);
}

async function lastLogits(
  model: Transformer,
  ids: readonly number[],
  decodeLast: number,
  request: PatternRequest = { name: 'dense', set: {} },
  wrap: (pattern: Pattern) => Pattern = (pattern) => pattern,
): Promise<Float32Array> {
  const { gpu, config } = model;
  const cache = new KvCache(gpu, config, ids.length);
  const prompt = Uint32Array.from(ids.slice(0, ids.length - decodeLast));
  const { heads, kvHeads, headDim, layers } = config;
  const rows = prompt.length;
  const geometry = {
    heads,
    kvHeads,
    headDim,
    layers,
    keys: rows,
    past: 0,
    rows,
    chunkRows: chunkRowsFor(rows, config.hidden),
  };
  const pattern = wrap(await createPattern(gpu, request, { ...geometry, keyStride: cache.stride }));
  try {
    let { logits } = await prefill(model, prompt, cache, pattern);
    const decoder = new Decoder(model, cache);
    for (const id of ids.slice(rows)) logits = await decoder.step(id);
    await decoder.destroy();
    return logits;
  } finally {
    pattern.destroy();
    cache.destroy();
  }
}

const bound = async (): Promise<number> => bounds[(await testGpu()).tier];

const fixtures = '/app/model/fixtures/';

test.each(['llama', 'qwen2', 'qwen3'])("%s: the last token's logits equal transformers'", async (family) => {
  const expected = (await json(`${fixtures}${family}/expected.json`)) as Expected;
  const { model, destroy } = await loadFixture(`${fixtures}${family}/`);
  expect(relativeError(await lastLogits(model, expected.ids, 0), expected.logits)).toBeLessThan(
    await bound(),
  );
  // The same through decoding: the last three tokens one at a time over the cache.
  expect(relativeError(await lastLogits(model, expected.ids, 3), expected.logits)).toBeLessThan(
    await bound(),
  );
  destroy();
});

test.each(['llama', 'qwen2', 'qwen3'])('%s: every RoPE variant equals transformers', async (family) => {
  const expected = (await json(`${fixtures}${family}/expected.json`)) as Expected;
  expect(expected.ropeVariants?.length).toBeGreaterThan(0);
  for (const variant of expected.ropeVariants ?? []) {
    const { model, destroy } = await loadFixture(`${fixtures}${family}/`, variant.configOverride);
    const error = relativeError(await lastLogits(model, expected.ids, 0), variant.logits);
    expect(error, variant.name).toBeLessThan(await bound());
    destroy();
  }
});

test("the built-in model's logits equal transformers'", async () => {
  const expected = (await json(`${fixtures}needle.json`)) as Expected;
  const { model, destroy } = await loadFixture('/models/needle/');
  expect(relativeError(await lastLogits(model, expected.ids, 1), expected.logits)).toBeLessThan(
    await bound(),
  );
  destroy();
});

test('a pattern observes the queries that it indexes, and one that keeps all attention changes nothing', async () => {
  const { model, destroy } = await loadFixture(`${fixtures}qwen3/`);
  const { gpu, config } = model;
  const random = seeded(3);
  const ids = Array.from({ length: 200 }, () => Math.floor(random() * config.vocab));
  let words = 0;
  const seen: Record<string, GPUBuffer> = {};
  const flex = (set: PatternRequest['set']): PatternRequest => ({
    name: 'flexprefill',
    set: { block: 64, minBudget: 64, tau: 1, fallback: 'off', ...set },
  });
  const kept = await lastLogits(model, ids, 0, flex({ gamma: 1 }), (pattern) => {
    const keep: NonNullable<Pattern['observeRows']> = (recorder, layer, { queries, queryStride }) => {
      words = (config.heads * queryStride * config.headDim) / 2;
      const name = `${Object.keys(seen).length} layer ${layer}`;
      const copy = gpu.memory.allocate(name, words * 4);
      seen[name] = copy;
      recorder.copy(queries as GPUBuffer, 0, copy, 0, words * 4);
    };
    return {
      ...pattern,
      observeRows: (recorder, layer, rows) => {
        keep(recorder, layer, rows);
        pattern.observeRows?.(recorder, layer, rows);
      },
      indexRows: (recorder, layer, rows) => {
        keep(recorder, layer, rows);
        return pattern.indexRows(recorder, layer, rows);
      },
    };
  });
  expect(Object.keys(seen)).toEqual(['0 layer 0', '1 layer 0', '2 layer 1', '3 layer 1']);
  const copies = await Promise.all(Object.values(seen).map((buffer) => downloadU32(gpu, buffer, words)));
  expect(copies[0]).toEqual(copies[1]);
  expect(copies[2]).toEqual(copies[3]);
  expect(copies[0]).not.toEqual(copies[2]);
  for (const buffer of Object.values(seen)) gpu.memory.release(buffer);

  const dense = [...(await lastLogits(model, ids, 0))];
  expect(relativeError(kept, dense)).toBeLessThan(1e-4);
  expect(relativeError(await lastLogits(model, ids, 0, flex({ gamma: 0.2 })), dense)).toBeGreaterThan(1e-3);
  destroy();
});

test('the logits of the last rows are those that each of them has as the last token', async () => {
  const expected = (await json(`${fixtures}qwen3/expected.json`)) as Expected;
  const { model, destroy } = await loadFixture(`${fixtures}qwen3/`);
  const { gpu, config } = model;
  // As of a vocabulary that is no whole number of vec4s.
  const vocab = 131;
  const head = model.weights.head.map((piece) => ({ ...piece, rows: vocab }));
  const weights = Object.assign(Object.create(model.weights) as ModelWeights, { head });
  const short = Object.assign(Object.create(model) as Transformer, { weights });
  const rows = 3;
  const cache = new KvCache(gpu, config, expected.ids.length);
  const ids = Uint32Array.from(expected.ids);
  const pattern = densePattern(config);
  const { tailLogits } = await prefill(short, ids, cache, pattern, { tailRows: rows });
  expect(tailLogits).toHaveLength(rows * config.vocab);
  for (let row = 0; row < rows; row++) {
    const last = await lastLogits(model, expected.ids.slice(0, ids.length - rows + 1 + row), 0);
    const own = tailLogits.subarray(row * config.vocab, row * config.vocab + vocab);
    expect(relativeError(own, Array.from(last.subarray(0, vocab))), `row ${row}`).toBeLessThan(await bound());
  }
  cache.destroy();
  destroy();
});
