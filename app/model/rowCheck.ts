/**
 * Whether a prefill's attention is right, on sampled rows of one layer: their outputs as the run computed them, against
 * f64 on the CPU over exactly the keys that the run's index covers (dense: all), from the run's own queries, keys and
 * values. K and V come back piece by piece, so that a million tokens need no more memory than a thousand.
 */
import type { Geometry, RowsInput } from '../attention/types';
import { DENSE_TILES, type TileIndex } from '../attention/tileIndex';
import { activationSize, type Tier } from '../gpu/capabilities';
import type { Gpu } from '../gpu/device';
import { placeOf, readBuffer, type Binding, type Recorder } from '../gpu/recorder';
import { addKeys, attended, noKeys } from '../reference/rowAttention';
import { halfToFloat } from './dtypes';
import type { KvCache } from './kvCache';
import type { PrefillObserver } from './prefill';

/** Relative to the largest value, and root of mean squares relative to that of the reference. */
export interface RowErrors {
  max: number;
  rms: number;
}

/**
 * What rounding explains. f16 tiers round outputs to 2^-11, and weights before they meet the values; the portable one sums
 * in f32, over a million keys perhaps. A key tile too many or too few, or a wrong mask, is above it unless it carries a
 * smaller share of the row than this.
 */
export function rowTolerance(tier: Tier): RowErrors {
  return tier === 'portable' ? { max: 1e-3, rms: 2e-4 } : { max: 1e-2, rms: 2e-3 };
}

export interface RowCheckReport {
  layer: number;
  /** Checked rows, counted from the prefill's first. */
  rows: number[];
  /** Keys of all rows and heads together. */
  keys: number;
  errors: RowErrors;
  /** Where `errors.max` is. */
  worst: { row: number; head: number };
  tolerance: RowErrors;
  ok: boolean;
}

/** Keys of one (row, head): first keys of tiles, and single keys. */
type Covered = 'dense' | { tiles: Uint32Array; columns: Uint32Array };

interface Kept {
  row: number;
  /** [head][dim] */
  queries: Float32Array[];
  covered: Covered[];
  /** [head][dim], as the run computed it. */
  out: Float32Array[];
}

/** Give it to `prefill` as `observer`, then `compare` while the cache is filled. It reads back between chunks: time other runs. */
export class RowCheck implements PrefillObserver {
  readonly tailRows = [];
  readonly layerFlops = 0;
  readonly observesRows = false;
  private readonly kept: Kept[] = [];

  constructor(
    private readonly gpu: Gpu,
    private readonly geometry: Pick<Geometry, 'heads' | 'kvHeads' | 'headDim' | 'past'>,
    private readonly layer: number,
    private readonly sampled: readonly number[],
    /** Keys that are on the CPU at a time. */
    private readonly pieceKeys = 2 ** 15,
  ) {}

  observeRows(): void {}

  async prepareLayer(): Promise<void> {}

  async rows(recorder: Recorder, layer: number, rows: RowsInput, index: TileIndex | null): Promise<void> {
    const wanted = layer === this.layer ? this.sampledIn(rows) : [];
    if (wanted.length === 0) return;
    await recorder.drain();
    const { heads, headDim } = this.geometry;
    const { buffer, offset = 0 } =
      rows.queries instanceof GPUBuffer ? { buffer: rows.queries } : rows.queries;
    for (const row of wanted) {
      const queries: Float32Array[] = [];
      const covered: Covered[] = [];
      for (let head = 0; head < heads; head++) {
        const from = offset + (head * rows.queryStride + row - rows.first) * headDim * 2;
        queries.push(floats(await readBuffer(this.gpu, buffer, from, headDim * 2), 2));
        const block = Math.floor((row - rows.first) / 64);
        covered.push(index ? await this.lists(index, head * index.rowBlocks + block) : 'dense');
      }
      this.kept.push({ row, queries, covered, out: [] });
    }
  }

  async attended(recorder: Recorder, layer: number, rows: RowsInput, out: GPUBuffer): Promise<void> {
    const wanted = layer === this.layer ? this.sampledIn(rows) : [];
    if (wanted.length === 0) return;
    await recorder.drain();
    const { heads, headDim } = this.geometry;
    const size = activationSize(this.gpu.tier);
    const bytes = heads * headDim * size;
    for (const kept of this.kept) {
      if (!wanted.includes(kept.row)) continue;
      const all = floats(await readBuffer(this.gpu, out, (kept.row - rows.first) * bytes, bytes), size);
      for (let head = 0; head < heads; head++)
        kept.out.push(all.subarray(head * headDim, (head + 1) * headDim));
    }
  }

  /** Against the keys and values that the run has left in its cache. `onProgress` hears the share that is done. */
  async compare(
    cache: KvCache,
    onProgress: (fraction: number) => void = () => undefined,
  ): Promise<RowCheckReport> {
    const { kvHeads } = this.geometry;
    const figures = new Figures();
    for (const { k, v, kvHeadBase, kvHeads: count } of cache.layer(this.layer)) {
      for (let head = 0; head < count; head++) {
        await this.compareGroup(
          { k: k.buffer, v: v.buffer },
          kvHeadBase + head,
          head * cache.stride,
          figures,
        );
        onProgress((kvHeadBase + head + 1) / kvHeads);
      }
    }
    const { errors, worst, keys } = figures;
    const rows = this.kept.map(({ row }) => row);
    const all = rows.length === this.sampled.length;
    const tolerance = rowTolerance(this.gpu.tier);
    const ok = all && errors.max <= tolerance.max && errors.rms <= tolerance.rms;
    return { layer: this.layer, rows, keys, errors, worst, tolerance, ok };
  }

  /** The query heads of one KV head, whose first key is the buffers' row `base`. */
  private async compareGroup(
    buffers: { k: GPUBuffer; v: GPUBuffer },
    kvHead: number,
    base: number,
    figures: Figures,
  ): Promise<void> {
    const { heads, kvHeads, headDim, past } = this.geometry;
    const group = heads / kvHeads;
    const own = Array.from({ length: group }, (_, at) => kvHead * group + at);
    const sums = this.kept.map(() => own.map(() => noKeys(headDim)));
    const last = Math.max(...this.kept.map(({ row }) => past + row));
    for (let first = 0; first <= last; first += this.pieceKeys) {
      const end = Math.min(last + 1, first + this.pieceKeys);
      const read = async (buffer: GPUBuffer): Promise<Float32Array> => {
        const size = headDim * 2;
        return floats(await readBuffer(this.gpu, buffer, (base + first) * size, (end - first) * size), 2);
      };
      const piece = { k: await read(buffers.k), v: await read(buffers.v), first };
      for (const [at, { row, queries, covered }] of this.kept.entries()) {
        for (const [place, head] of own.entries()) {
          const to = sums[at]?.[place];
          if (!to) continue;
          const keys = keysOf(covered[head] ?? 'dense', first, Math.min(end, past + row + 1));
          addKeys(to, queries[head] ?? [], piece, keys);
          figures.keys += keys.length;
        }
      }
    }
    for (const [at, { row, out }] of this.kept.entries()) {
      own.forEach((head, place) => {
        figures.add({ row, head }, out[head] ?? [], attended(sums[at]?.[place] ?? noKeys(headDim)));
      });
    }
  }

  private sampledIn({ first, count }: RowsInput): number[] {
    return this.sampled.filter((row) => row >= first && row < first + count);
  }

  private async lists(index: TileIndex, place: number): Promise<Covered> {
    const { counts, tiles, columns, tileCapacity, columnCapacity } = index;
    const words = async (binding: Binding, first: number, count: number): Promise<Uint32Array> => {
      const { buffer, offset } = placeOf(binding);
      return count === 0
        ? new Uint32Array()
        : new Uint32Array(await readBuffer(this.gpu, buffer, offset + first * 4, count * 4));
    };
    const [tileCount = 0, columnCount = 0] = await words(counts, place * 2, 2);
    if (tileCount === DENSE_TILES) return 'dense';
    return {
      tiles: await words(tiles, place * tileCapacity, tileCount),
      columns: await words(columns, place * columnCapacity, columnCount),
    };
  }
}

/** The errors of all rows and heads; what is no number counts as the largest number, which JSON can hold. */
class Figures {
  keys = 0;
  worst = { row: 0, head: 0 };
  private max = 0;
  private squares = 0;
  private norm = 0;

  add(where: { row: number; head: number }, values: ArrayLike<number>, wanted: Float64Array): void {
    let most = 0;
    let scale = 0;
    for (let at = 0; at < wanted.length; at++) {
      const want = wanted[at] ?? NaN;
      const difference = Math.abs((values[at] ?? NaN) - want);
      most = Number.isNaN(difference) ? Infinity : Math.max(most, difference);
      scale = Math.max(scale, Math.abs(want));
      this.squares += difference ** 2;
      this.norm += want ** 2;
    }
    const relative = most === 0 ? 0 : most / scale;
    const error = Number.isFinite(relative) ? relative : Infinity;
    if (error <= this.max) return;
    this.max = error;
    this.worst = where;
  }

  get errors(): RowErrors {
    const { max, squares, norm } = this;
    const held = (value: number): number => (value <= Number.MAX_VALUE ? value : Number.MAX_VALUE);
    return { max: held(max), rms: held(squares === 0 ? 0 : Math.sqrt(squares / norm)) };
  }
}

/** Covered keys in [first, end), in the order of the lists. */
function keysOf(covered: Covered, first: number, end: number): Uint32Array | number[] {
  if (covered === 'dense')
    return Uint32Array.from({ length: Math.max(0, end - first) }, (_, at) => first + at);
  const keys: number[] = [];
  for (const tile of covered.tiles)
    for (let key = Math.max(first, tile); key < Math.min(end, tile + 64); key++) keys.push(key);
  for (const key of covered.columns) if (key >= first && key < end) keys.push(key);
  return keys;
}

let halves: Float32Array | undefined;

/** Values of 2 (f16) or 4 (f32) bytes as numbers. */
function floats(bytes: ArrayBuffer, size: number): Float32Array {
  if (size === 4) return new Float32Array(bytes);
  const table = (halves ??= Float32Array.from({ length: 2 ** 16 }, (_, bits) => halfToFloat(bits)));
  const bits = new Uint16Array(bytes);
  const values = new Float32Array(bits.length);
  for (let at = 0; at < bits.length; at++) values[at] = table[bits[at] ?? 0] ?? NaN;
  return values;
}
