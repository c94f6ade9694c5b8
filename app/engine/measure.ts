/** Figures by layer and head of one pattern on one prompt: a prefill that is measured, and therefore never timed. */
import { createPattern, type PatternRequest } from '../attention/pattern';
import { columnScale, type MapScale } from '../kernels/tileMap';
import { HeadMeasure, mapScaleFor, sampledPositions } from '../model/headMeasure';
import { KeyMeasure, type KeyFigures } from '../model/keyMeasure';
import { KvCache } from '../model/kvCache';
import { joined } from '../model/observers';
import { prefill } from '../model/prefill';
import type { LoadedModel } from './loader';
import { etaMs, geometryOf } from './run';
import type { Passages } from './passages';
import type { HeadMaps, HeadReport, RetentionReport, RunProgress } from './types';

export interface MeasureOptions {
  ids: Uint32Array<ArrayBuffer>;
  pattern: PatternRequest;
  maps?: boolean | undefined;
  /** Where in the document tokens stand, by bins of so many; null where that is not known. */
  passages?: (tokensPerBin: number) => Passages | null;
  signal: AbortSignal;
  onProgress: (progress: RunProgress) => void;
}

/** Prefills a cache of its own with the pattern, measuring its heads as it goes. */
export async function measureHeads(
  model: Pick<LoadedModel, 'config' | 'transformer'>,
  { ids, pattern: request, maps, passages, signal, onProgress }: MeasureOptions,
): Promise<HeadReport> {
  const { layers, heads } = model.config;
  const { gpu } = model.transformer;
  const cache = new KvCache(gpu, model.config, ids.length);
  const owned: { destroy(): void }[] = [cache];
  try {
    const geometry = geometryOf(model, ids.length, 0, cache.stride);
    const pattern = await createPattern(gpu, request, geometry);
    owned.push(pattern);
    const scale = maps === true ? mapScaleFor(geometry) : null;
    const observer = await HeadMeasure.create(gpu, geometry, null, scale);
    owned.push(observer);
    const keys = await KeyMeasure.create(gpu, geometry);
    owned.push(keys);
    const start = performance.now();
    await prefill(model.transformer, ids, cache, pattern, {
      signal,
      observer: joined([observer, keys]),
      onProgress: (progress) => {
        const elapsedMs = performance.now() - start;
        onProgress({
          ...progress,
          lane: request.name === 'dense' ? 'dense' : 'sparse',
          stage: 'measure',
          elapsedMs,
          etaMs: etaMs(progress.fraction, elapsedMs),
        });
      },
    });
    const [figures] = await observer.read();
    const found = await keys.read();
    const { headDensity } = await pattern.statistics();
    const byLayer = (values: readonly number[]): number[][] =>
      Array.from({ length: layers }, (_, layer) => values.slice(layer * heads, (layer + 1) * heads));
    return {
      layers,
      heads,
      sampledRows: sampledPositions(geometry),
      density: byLayer(headDensity),
      recall: byLayer(figures?.recall ?? []),
      outputError: byLayer(figures?.outputError ?? []),
      retention: retentionOf(found, passages?.(found.keysPerBin) ?? null),
      ...(scale && { maps: sharesOf(await observer.readMaps(scale), scale, Math.ceil(ids.length / 64)) }),
    };
  } finally {
    for (const item of owned) item.destroy();
  }
}

function retentionOf(found: KeyFigures, passages: Passages | null): RetentionReport {
  // Four digits are more than anyone sees, and half the size in a file.
  const rounded = (values: readonly number[]): number[] =>
    values.map((value) => Number(value.toPrecision(4)));
  const none = found.coverage.map(() => null);
  return {
    tokensPerBin: found.keysPerBin,
    lastRows: found.lastRows,
    coverage: rounded(found.coverage),
    lastCoverage: rounded(found.lastCoverage),
    lastMass: rounded(found.lastMass),
    lastKept: rounded(found.lastKept),
    missed: rounded(found.missed),
    starts: passages?.starts ?? none,
    ends: passages?.ends ?? none,
  };
}

/** Counts of `tile_map` as shares of what a cell could hold; any share above zero is at least 1 of 255. */
export function sharesOf(maps: Uint32Array, scale: MapScale, rowBlocks: number): HeadMaps {
  const { cells, blocksPerCell: side } = scale;
  const size = cells ** 2;
  // Causal tiles of each cell, and key tiles before the row block, where columns are.
  const causal = new Uint32Array(size);
  const before = new Uint32Array(size);
  for (let block = 0; block < rowBlocks; block++) {
    const row = Math.floor(block / side) * cells;
    for (let cell = 0; cell * side <= block; cell++) {
      causal[row + cell] = (causal[row + cell] ?? 0) + Math.min(side, block + 1 - cell * side);
      before[row + cell] = (before[row + cell] ?? 0) + Math.min(side, block - cell * side);
    }
  }
  const share = (count: number, of: number): number =>
    count === 0 ? 0 : Math.min(255, Math.max(1, Math.round((255 * count) / Math.max(1, of))));
  const columnUnit = 64 * columnScale(scale);
  return {
    cells,
    tokensPerCell: side * 64,
    tiles: Uint8Array.from(maps, (value, at) => share(value & 0xffff, causal[at % size] ?? 0)),
    columns: Uint8Array.from(maps, (value, at) => share(value >>> 16, (before[at % size] ?? 0) * columnUnit)),
  };
}
