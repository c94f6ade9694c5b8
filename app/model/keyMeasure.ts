/**
 * Which keys a prefill's index covers, by bins of consecutive keys, averaged over layers and heads: for all rows, and
 * for the prompt's last rows, which hold the question's end and give the first token. Of the last rows also where dense
 * attention's mass lies, and of those that `HeadMeasure` samples how much of it lies on keys that are left out: what is
 * missing of MInference's attention recall (section 3.1), by place.
 */
import type { Geometry, RowsInput } from '../attention/pattern';
import { allocateAll, releaseAll } from '../attention/buffers';
import type { TileIndex } from '../attention/tileIndex';
import type { Gpu } from '../gpu/device';
import { readBuffer, type Binding, type Recorder } from '../gpu/recorder';
import { keyBins, keyCoverage, recordKeyCoverage, type KeyBins } from '../kernels/keyCoverage';
import { keyMass, keyMassValues, recordKeyMass } from '../kernels/keyMass';
import { recordSampledMass, sampledMass } from '../kernels/sampledMass';
import { headParts, sampledPositions, sampledRowBlocks } from './headMeasure';
import type { PrefillObserver } from './prefill';

/** Last rows of the prompt that are looked at by themselves, at most. */
export const lastRowsMeasured = 64;

/** One value a bin of `keysPerBin` keys, from the first key of the cache on. Shares are 0..1. */
export interface KeyFigures extends KeyBins {
  /** Last rows that the figures of last rows are of. */
  lastRows: number;
  /** Covered pairs of a row block and a key, of those that causality allows. */
  coverage: number[];
  /** Covered pairs of a last row and a key, of those that causality allows. */
  lastCoverage: number[];
  /** Dense softmax mass of a last row on the bin's keys, mean over rows: 1 over all bins. */
  lastMass: number[];
  /** The part of `lastMass` on covered keys. */
  lastKept: number[];
  /** Dense softmax mass of a sampled row on keys of the bin that are not covered: 1 - mean recall over all bins. */
  missed: number[];
}

type Sizes = ReturnType<typeof sizesOf>;

function sizesOf({ layers, heads }: Geometry, { bins }: KeyBins) {
  return {
    coverage_sums: layers * bins * 4,
    last_masses: heads * bins * keyMassValues * 4,
    sampled_masses: heads * bins * keyMassValues * 4,
    row_masses: heads * 64 * 8,
    no_lists: 16,
  };
}

/** Give it to `prefill` as `observer`, alone or with others (`observers.ts`). It measures the index of the run itself. */
export class KeyMeasure implements PrefillObserver {
  readonly tailRows = [];
  readonly observesRows = false;
  readonly layerFlops: number;
  private readonly bins: KeyBins;
  /** First row of the prompt that is a last row. */
  private readonly firstLast: number;
  /** Row blocks of the prompt that are sampled. */
  private readonly sampled: readonly number[];

  private constructor(
    private readonly gpu: Gpu,
    private readonly geometry: Geometry,
    private readonly buffers: Record<keyof Sizes, GPUBuffer>,
    private readonly pipelines: Awaited<ReturnType<typeof pipelinesOf>>,
  ) {
    const { rows, past, heads, headDim } = geometry;
    this.sampled = sampledRowBlocks(rows);
    this.bins = keyBins(past + rows);
    this.firstLast = Math.max(0, rows - lastRowsMeasured);
    const first = Math.floor(this.firstLast / 64);
    const last = Array.from({ length: Math.ceil(rows / 64) - first }, (_, at) => first + at);
    // Scores twice: for each row's sum, then for each key's share.
    this.layerFlops = [...this.sampled, ...last].reduce(
      (sum, block) => sum + 4 * 64 * headDim * heads * (past + block * 64 + 64),
      0,
    );
  }

  static async create(gpu: Gpu, geometry: Geometry): Promise<KeyMeasure> {
    const pipelines = await pipelinesOf(gpu);
    const buffers = allocateAll(gpu, sizesOf(geometry, keyBins(geometry.past + geometry.rows)));
    return new KeyMeasure(gpu, geometry, buffers, pipelines);
  }

  observeRows(): void {
    // Its index is the run's.
  }

  async prepareLayer(): Promise<void> {
    // Nothing ahead of the rows.
  }

  async rows(recorder: Recorder, layer: number, rows: RowsInput, index: TileIndex | null): Promise<void> {
    const { heads, past } = this.geometry;
    recordKeyCoverage(
      recorder,
      this.pipelines.coverage,
      { ...this.lists(index), sums: this.buffers.coverage_sums },
      { ...this.bins, rows: rows.count, rowPosition: past + rows.first, heads, firstSum: layer, index },
      'measure',
    );
    const { last_masses: last, sampled_masses: sampled } = this.buffers;
    const first = rows.first / 64;
    for (let block = 0; block * 64 < rows.count; block++) {
      const row = this.firstLast - rows.first - block * 64;
      if (row < 64) await this.block(recorder, rows, { block, firstRow: Math.max(0, row) }, index, last);
      if (this.sampled.includes(first + block))
        await this.block(recorder, rows, { block, firstRow: 0 }, index, sampled);
    }
  }

  /** After the run. */
  async read(): Promise<KeyFigures> {
    const { layers, heads, rows, past } = this.geometry;
    const { bins, keysPerBin } = this.bins;
    const { coverage_sums: coverage, last_masses: lastMasses, sampled_masses: sampledMasses } = this.buffers;
    const pairs = new Uint32Array(await readBuffer(this.gpu, coverage, 0, layers * bins * 4));
    const masses = async (buffer: GPUBuffer): Promise<Float32Array> =>
      new Float32Array(await readBuffer(this.gpu, buffer, 0, heads * bins * keyMassValues * 4));
    const last = await masses(lastMasses);
    const sampled = await masses(sampledMasses);
    const sampledRows = sampledPositions(this.geometry).length;
    const lastRows = rows - this.firstLast;
    const all = layers * heads;
    const sum = (count: number, value: (at: number) => number | undefined): number =>
      Array.from({ length: count }, (_, at) => value(at) ?? NaN).reduce((total, one) => total + one, 0);
    const massSum = (of: Float32Array, bin: number, value: number): number =>
      sum(heads, (head) => of[(head * bins + bin) * keyMassValues + value]);
    const causal = causalPairs({ keysPerBin, bins }, { past, rows, firstLast: this.firstLast });
    const byBin = (value: (bin: number) => number): number[] =>
      Array.from({ length: bins }, (_, bin) => value(bin));
    return {
      keysPerBin,
      bins,
      lastRows,
      coverage: byBin(
        (bin) => sum(layers, (layer) => pairs[layer * bins + bin]) / (all * (causal.blocks[bin] ?? NaN)),
      ),
      lastCoverage: byBin((bin) => massSum(last, bin, 2) / (all * (causal.last[bin] ?? NaN))),
      lastMass: byBin((bin) => massSum(last, bin, 0) / (all * lastRows)),
      lastKept: byBin((bin) => massSum(last, bin, 1) / (all * lastRows)),
      // Sums of the same terms in another order may differ in the last bit.
      missed: byBin((bin) =>
        Math.max(0, (massSum(sampled, bin, 0) - massSum(sampled, bin, 1)) / (all * sampledRows)),
      ),
    };
  }

  destroy(): void {
    releaseAll(this.gpu, this.buffers);
  }

  private lists(index: TileIndex | null): Record<'counts' | 'tiles' | 'columns', Binding> {
    const { no_lists: none } = this.buffers;
    return index ?? { counts: none, tiles: none, columns: none };
  }

  /** Adds what a row block's rows from `firstRow` on look at to `sums`. */
  private async block(
    recorder: Recorder,
    rows: RowsInput,
    { block, firstRow }: { block: number; firstRow: number },
    index: TileIndex | null,
    sums: GPUBuffer,
  ): Promise<void> {
    const { pipelines, buffers, bins } = this;
    const { heads, kvHeads, headDim, keyStride, past } = this.geometry;
    // Keys behind the row block's last row are masked for all of it.
    const keys = past + rows.first + Math.min(rows.count, block * 64 + 64);
    const flopsPerHead = 2 * 64 * headDim * keys;
    const { counts, tiles, columns } = this.lists(index);
    // A row block is one workgroup a head: fewer than this many leave a large GPU idle and end no sooner.
    const fewest = this.gpu.capabilities.software ? 1 : 256;
    const most = Math.max(fewest, Math.floor(this.gpu.pacer.dispatchFlops / flopsPerHead));
    const parts = headParts(rows.caches, heads / kvHeads, most, keyStride * headDim * 2);
    for (const { headBase, heads: count, k } of parts) {
      const bound = { q: rows.queries, k, counts, tiles, columns, masses: buffers.row_masses };
      const shape = {
        rows: rows.count,
        rowBlock: block,
        rowPosition: past + rows.first,
        keys,
        qStride: rows.queryStride,
        keyStride,
        heads: count,
        headBase,
        group: heads / kvHeads,
        headDim,
        flops: flopsPerHead * count,
      };
      recordSampledMass(recorder, pipelines.mass, bound, { ...shape, index: null }, 'measure');
      await recorder.pace();
      recordKeyMass(
        recorder,
        pipelines.byKey,
        { ...bound, sums },
        { ...shape, ...bins, firstRow, index },
        'measure',
      );
      await recorder.pace();
    }
  }
}

/** Pairs that causality allows, by bin: of row blocks of 64 and of last rows, with keys at or before them. */
function causalPairs(
  { keysPerBin, bins }: KeyBins,
  { past, rows, firstLast }: { past: number; rows: number; firstLast: number },
): { blocks: number[]; last: number[] } {
  const rowBlocks = Math.ceil(rows / 64);
  const zeros = (): number[] => Array.from({ length: bins }, () => 0);
  const pairs = { blocks: zeros(), last: zeros() };
  for (let key = 0; key < past + rows; key++) {
    const bin = Math.floor(key / keysPerBin);
    const row = Math.max(0, key - past);
    pairs.blocks[bin] = (pairs.blocks[bin] ?? NaN) + rowBlocks - Math.floor(row / 64);
    pairs.last[bin] = (pairs.last[bin] ?? NaN) + rows - Math.max(firstLast, row);
  }
  return pairs;
}

async function pipelinesOf(gpu: Gpu) {
  const [mass, byKey, coverage] = await Promise.all([
    gpu.pipelines.get(sampledMass),
    gpu.pipelines.get(keyMass),
    gpu.pipelines.get(keyCoverage),
  ]);
  return { mass, byKey, coverage };
}
