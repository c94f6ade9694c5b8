/** Recall and output error by head over a small model's prefill, against a recomputation of its last layer in f64. */
import { expect, test } from 'vitest';
import { createPattern, type Pattern, type PatternRequest } from '../attention/pattern';
import { readTileIndex } from '../attention/readTileIndex';
import { downloadHalf, normals } from '../gpu/testing';
import { sampledErrorReference } from '../reference/sampledError';
import { recallReference, sampledMassReference } from '../reference/sampledMass';
import { coveredKeys, tileAttentionReference, type BlockList } from '../reference/tileAttention';
import { HeadMeasure, type HeadFigures } from './headMeasure';
import { KvCache } from './kvCache';
import { chunkRowsFor } from './plan';
import { prefill, type PrefillObserver } from './prefill';
import { loadFixture } from './testing';
import type { Transformer } from './transformer';

const rows = 270;
const aShape: PatternRequest = { name: 'a_shape', set: { init: 64, local: 30, fallback: 'off' } };
const slash: PatternRequest = {
  name: 'vertical_slash',
  set: { verticalSize: 12, slashSize: 128, lastQ: 40, fallback: 'off' },
};
const dense: PatternRequest = { name: 'dense', set: {} };

function geometryOf(model: Transformer, cache: KvCache) {
  const { heads, kvHeads, headDim, layers, hidden } = model.config;
  const chunkRows = Math.min(chunkRowsFor(rows, hidden), Math.ceil(rows / 64) * 64);
  return { heads, kvHeads, headDim, layers, keys: rows, past: 0, rows, chunkRows, keyStride: cache.stride };
}

interface Outcome {
  figures: HeadFigures[];
  logits: Float32Array;
  densities: number[][];
  /** Of the last layer: queries, keys, values, and each measured pattern's lists. */
  layer: { q: Float32Array; k: Float32Array; v: Float32Array; lists: (BlockList[][] | 'dense')[] };
}

/** One prefill with `run`, measuring it or the candidates beside it. */
async function measure(
  model: Transformer,
  run: PatternRequest,
  candidates: PatternRequest[] | null,
): Promise<Outcome> {
  const { gpu, config } = model;
  const { heads, kvHeads, headDim, layers } = config;
  const cache = new KvCache(gpu, config, rows);
  const geometry = geometryOf(model, cache);
  const owned: { destroy(): void }[] = [cache];
  const pattern = await createPattern(gpu, run, geometry);
  const others: Pattern[] = [];
  for (const candidate of candidates ?? []) others.push(await createPattern(gpu, candidate, geometry));
  const measured = candidates ? others : [pattern];
  const inner = await HeadMeasure.create(gpu, geometry, candidates && others);
  const queries = gpu.memory.allocate('queries', heads * rows * headDim * 2);
  owned.push(pattern, ...others, inner, { destroy: () => gpu.memory.release(queries) });
  const indexes = new Map<Pattern, ReturnType<Pattern['indexRows']>>();
  const observer: PrefillObserver = {
    tailRows: inner.tailRows,
    layerFlops: inner.layerFlops,
    observesRows: inner.observesRows,
    observeRows: (...given) => {
      inner.observeRows(...given);
    },
    prepareLayer: (...given) => inner.prepareLayer(...given),
    rows: async (recorder, layer, input, index) => {
      await inner.rows(recorder, layer, input, index);
      if (layer < layers - 1) return;
      // One chunk holds this prompt; heads stand `queryStride` apart.
      for (let head = 0; head < heads; head++) {
        const size = rows * headDim * 2;
        recorder.copy(
          input.queries as GPUBuffer,
          head * input.queryStride * headDim * 2,
          queries,
          head * size,
          size,
        );
      }
      for (const one of measured)
        indexes.set(one, candidates ? one.indexRows(recorder, layer, input) : index);
    },
  };
  try {
    const ids = Uint32Array.from(normals(rows, 5, 60), (value) => Math.min(255, Math.abs(Math.round(value))));
    const { logits } = await prefill(model, ids, cache, pattern, { observer });
    const lists: Outcome['layer']['lists'] = [];
    for (const one of measured) {
      const index = indexes.get(one);
      lists.push(index ? await readTileIndex(gpu, index, heads) : 'dense');
    }
    const [range] = cache.layer(layers - 1);
    if (!range || range.heads !== heads) throw new Error('expected one cache range');
    const packed = async (name: 'k' | 'v'): Promise<Float32Array> => {
      const all = await downloadHalf(gpu, range[name].buffer, kvHeads * cache.stride * headDim);
      const out = new Float32Array(kvHeads * rows * headDim);
      for (let head = 0; head < kvHeads; head++) {
        const from = head * cache.stride * headDim;
        out.set(all.subarray(from, from + rows * headDim), head * rows * headDim);
      }
      return out;
    };
    const densities: number[][] = [];
    for (const one of measured) densities.push((await one.statistics()).headDensity);
    return {
      figures: await inner.read(),
      logits,
      densities,
      layer: {
        q: await downloadHalf(gpu, queries, heads * rows * headDim),
        k: await packed('k'),
        v: await packed('v'),
        lists,
      },
    };
  } finally {
    for (const item of owned) item.destroy();
  }
}

/** Recall and output error of the last layer's heads, all rows, in f64. */
function recompute(model: Transformer, { q, k, v, lists }: Outcome['layer'], set: number) {
  const { heads, kvHeads, headDim } = model.config;
  const shape = { rows, rowPosition: 0, keys: rows, heads, kvHeads, headDim };
  const given = lists[set] ?? 'dense';
  const listOf = (head: number, block: number): BlockList =>
    given === 'dense' ? 'dense' : (given[head]?.[block] ?? 'dense');
  const all = (): BlockList => 'dense';
  const mass = (of: typeof listOf) =>
    sampledMassReference(q, k, shape, (head, row) => coveredKeys(of(head, Math.floor(row / 64)), row));
  const [sparseMass, denseMass] = [mass(listOf), mass(all)];
  const [sparse, wanted] = [listOf, all].map((of) => tileAttentionReference(q, k, v, shape, of));
  const none = { largest: NaN, sum: NaN };
  return Array.from({ length: heads }, (_, head) => {
    const { error, norm } = sampledErrorReference(
      sparse ?? [],
      wanted ?? [],
      { firstRow: 0, rows, heads, headDim },
      head,
    );
    const kept = Array.from({ length: rows }, (__, row) =>
      recallReference(sparseMass[head]?.[row] ?? none, denseMass[head]?.[row] ?? none),
    );
    return { recall: kept.reduce((sum, value) => sum + value, 0) / rows, error: Math.sqrt(error / norm) };
  });
}

function expectAsRecomputed(model: Transformer, outcome: Outcome, set: number): void {
  const { heads, layers } = model.config;
  recompute(model, outcome.layer, set).forEach(({ recall, error }, head) => {
    const at = (layers - 1) * heads + head;
    expect(outcome.figures[set]?.recall[at]).toBeCloseTo(recall, 5);
    expect(outcome.figures[set]?.outputError[at]).toBeCloseTo(error, 5);
  });
}

test('the sparse run itself, and candidates beside a dense run', async () => {
  const { model, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const { heads, layers } = model.config;

  const own = await measure(model, slash, null);
  expect(own.figures).toHaveLength(1);
  expectAsRecomputed(model, own, 0);
  const [figures] = own.figures;
  expect(figures?.recall).toHaveLength(layers * heads);
  for (const value of figures?.recall ?? []) {
    expect(value).toBeGreaterThan(0.3);
    expect(value).toBeLessThan(1);
  }
  expect(Math.min(...(figures?.outputError ?? []))).toBeGreaterThan(1e-3);
  // Every row block of so short a prompt is sampled: the density is the pattern's own.
  figures?.density.forEach((value, head) => {
    expect(value).toBeCloseTo(own.densities[0]?.[head] ?? NaN, 5);
  });

  // Tails of 40 and of no rows, and a candidate that is dense.
  const beside = await measure(model, dense, [aShape, slash, dense]);
  expect(beside.figures).toHaveLength(3);
  for (const set of [0, 1]) expectAsRecomputed(model, beside, set);
  expect(beside.figures[2]?.recall.every((value) => value === 1)).toBe(true);
  expect(beside.figures[2]?.outputError.every((value) => value === 0)).toBe(true);
  expect(beside.figures[2]?.density.every((value) => value === 1)).toBe(true);
  // The first layer has the same inputs in both runs, the second has not.
  const firstLayer = (values: number[] | undefined) => values?.slice(0, heads);
  expect(firstLayer(beside.figures[1]?.recall)).toEqual(firstLayer(figures?.recall));
  expect(beside.figures[1]?.recall).not.toEqual(figures?.recall);

  // Looking on changes nothing.
  const alone = await measure(model, dense, []);
  expect([...beside.logits]).toEqual([...alone.logits]);
  destroy();
});

test('a dense run keeps all and errs by nothing', async () => {
  const { model, destroy } = await loadFixture('/app/model/fixtures/qwen3/');
  const { figures } = await measure(model, dense, null);
  expect(figures[0]?.recall.every((value) => value === 1)).toBe(true);
  expect(figures[0]?.outputError.every((value) => value === 0)).toBe(true);
  destroy();
});
