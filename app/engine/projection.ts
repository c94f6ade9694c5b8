/**
 * Dense attention of a prompt from a measured sample of it (design 6). A row block costs a constant and its causal tiles;
 * both coefficients come from the sample, and all row blocks of all layers are added up. What else a prefill does, dense
 * and sparse do alike: that part is the sparse run's own.
 */
import { causalTiles, DenseSample, type DenseTime } from '../model/denseSample';
import type { KvCache } from '../model/kvCache';
import { relativeLeastSquares } from './leastSquares';
import type { LoadedModel } from './loader';
import type { CompareRequest, ProjectedDense, RunProgress, RunResult } from './types';

/** What the lane about to run must keep for a projection; null where none is wanted, or there is a past. */
export function sampleFor(
  { transformer }: Pick<LoadedModel, 'transformer'>,
  { dense }: CompareRequest,
  lane: RunProgress['lane'],
  tokens: number,
  past: number,
): DenseSample | null {
  return dense === 'projected' && lane === 'sparse' && past === 0
    ? new DenseSample(transformer, tokens)
    : null;
}

/** Measures over the cache that the sparse run has left. null: the run skipped nothing, and is a dense one itself. */
export async function projectFrom(
  sample: DenseSample,
  cache: KvCache,
  run: RunResult,
  { config }: Pick<LoadedModel, 'config'>,
  hooks: { signal: AbortSignal; onProgress: (progress: RunProgress) => void },
): Promise<ProjectedDense | null> {
  if (run.note !== undefined) return null;
  const { layers } = config;
  const start = performance.now();
  const times = await sample.measure(cache, hooks.signal, (fraction) => {
    hooks.onProgress({
      lane: 'sparse',
      stage: 'project',
      layer: layers - 1,
      layers,
      chunk: 0,
      chunks: 1,
      fraction,
      elapsedMs: performance.now() - start,
      etaMs: null,
    });
  });
  return projectDense(times, { rows: sample.tokens, layers }, run);
}

/** `run` is the sparse run of a prompt of `rows` tokens, without a past; `times` are not empty. */
export function projectDense(
  times: readonly DenseTime[],
  { rows, layers }: { rows: number; layers: number },
  run: Pick<RunResult, 'ttftMs' | 'phasesMs' | 'density'>,
): ProjectedDense {
  const terms = times.map(({ rowBlocks, tiles }) => [rowBlocks, tiles]);
  const [perRowBlock = 0, perTile = 0] = relativeLeastSquares(
    terms,
    times.map(({ ms }) => ms),
  );
  const rowBlocks = Math.ceil(rows / 64);
  const tiles = causalTiles(rows, 0, rowBlocks);
  const attentionMs = layers * (perRowBlock * rowBlocks + perTile * tiles);
  const spread = Math.max(
    ...times.map((time) => Math.abs((perRowBlock * time.rowBlocks + perTile * time.tiles) / time.ms - 1)),
  );

  const { phasesMs: phases, ttftMs, density } = run;
  const sparseAttention = phases ? phases.estimate + phases.index + phases.attention : null;
  // Without timestamps the sparse run's own share is taken from the tiles that it computed.
  const rest = Math.max(0, ttftMs - (sparseAttention ?? density * attentionMs));
  const denseTtft = rest + attentionMs;
  return {
    ttftMs: denseTtft,
    attentionMs,
    ratio: {
      ttft: denseTtft / ttftMs,
      attention: sparseAttention ? attentionMs / sparseAttention : null,
    },
    method: methodOf(times, { rowBlocks, layers }, phases !== null),
    sampledRows: [...new Map(times.map((time) => [time.firstRow, time.rows])).values()].reduce(
      (sum, count) => sum + count,
      0,
    ),
    sampledLayers: [...new Set(times.map(({ layer }) => layer))],
    spread,
    samples: times.map((time) => ({ ...time })),
  };
}

function methodOf(
  times: readonly DenseTime[],
  { rowBlocks, layers }: { rowBlocks: number; layers: number },
  timestamps: boolean,
): string {
  const number = (value: number): string => value.toLocaleString('en');
  const windows = new Set(times.map(({ firstRow }) => firstRow)).size;
  const sampled = [...new Set(times.map(({ layer }) => layer + 1))];
  const blocks = times.reduce((sum, time) => sum + time.rowBlocks, 0) / sampled.length;
  const others = timestamps
    ? 'All other work is as measured in the sparse run.'
    : 'All other work is what the sparse run took without its share of these tiles, its estimate and index included: this adapter has no timestamp queries.';
  return (
    `Dense was not run. Its attention was measured on ${number(blocks)} of ${number(rowBlocks)} row blocks, in ` +
    `${windows} ${windows === 1 ? 'place' : 'places'} of ${sampled.length === 1 ? 'layer' : 'layers'} ` +
    `${sampled.join(' and ')} of ${layers}, with the sparse run’s own queries, keys and values; a time for each row ` +
    `block and each tile was fitted to that and added up over all of them. ${others}`
  );
}
