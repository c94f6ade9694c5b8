/** What a sparse pattern costs beside attention: estimate and index of one layer, by phase. */
import { createPattern, type Geometry, type Pattern, type RowsInput } from '../../attention/pattern';
import { readTileIndex } from '../../attention/readTileIndex';
import type { Gpu } from '../../gpu/device';
import { Recorder } from '../../gpu/recorder';
import { chunkRowsFor, followingChunks, planChunks } from '../../model/plan';
import { bandIndexReference } from '../../reference/bandIndex';
import type { RowIndex } from '../../reference/rowIndex';
import { selectTopReference } from '../../reference/selectTop';
import { bandSumsReference, verticalSlashEstimateReference } from '../../reference/verticalSlashEstimate';
import type { PatternRequest } from '../types';
import { withLab, type Lab } from './lab';
import { noiseValues } from './noise';
import type { ModelShape } from './shapes';
import type { KernelMeasurement } from './types';

type Heads = Pick<ModelShape, 'heads' | 'kvHeads' | 'headDim'>;

const seeds = { q: 6, k: 7 };
/** The f64 estimate of a head takes about as long as everything else together here, and beyond far longer. */
const mostCheckedKeys = 2 ** 18;

interface Inputs {
  geometry: Geometry;
  rows: RowsInput[];
  tail: GPUBuffer;
}

async function inputsOf(lab: Lab, { heads, kvHeads, headDim }: Heads, tokens: number): Promise<Inputs> {
  const keyStride = Math.ceil(tokens / 64) * 64;
  const chunkRows = Math.min(chunkRowsFor(tokens, heads * headDim), keyStride);
  const k = await lab.noise(kvHeads * keyStride * headDim, seeds.k);
  // Each chunk sees the same queries; a tail of at most 256 rows is the start of them.
  const queries = await lab.noise(heads * Math.max(256, chunkRows) * headDim, seeds.q);
  const caches = [{ headBase: 0, heads, kvHeadBase: 0, k: { buffer: k }, v: { buffer: k } }];
  const chunks = planChunks(tokens, chunkRows);
  return {
    geometry: {
      heads,
      kvHeads,
      headDim,
      layers: 1,
      keys: tokens,
      past: 0,
      rows: tokens,
      chunkRows,
      keyStride,
    },
    rows: chunks.map(({ first, count }) => ({ first, count, queries, queryStride: chunkRows, caches })),
    tail: queries,
  };
}

function recordLayer(recorder: Recorder, pattern: Pattern, { rows, tail }: Inputs): void {
  for (const chunk of rows) pattern.observeRows?.(recorder, 0, chunk);
  pattern.prepareLayer(recorder, { layer: 0, caches: rows[0]?.caches ?? [], tail });
  rows.forEach((chunk, at) => {
    pattern.indexRows(recorder, 0, { ...chunk, following: followingChunks(rows, at) });
  });
}

/** The first head's last row block of `vertical_slash` with `budget=scaled`, in f64; null for what isn't checked here. */
function referenceIndex(pattern: Pattern, { geometry }: Inputs): RowIndex | null {
  const { verticalSize, slashSize, budget, lastQ } = pattern.settings;
  if (pattern.name !== 'vertical_slash' || budget !== 'scaled') return null;
  const { keys, headDim } = geometry;
  if (keys > mostCheckedKeys) return null;
  const tailRows = Number(lastQ);
  const tail = noiseValues(tailRows * headDim, seeds.q);
  const k = noiseValues(keys * headDim, seeds.k);
  const sums = verticalSlashEstimateReference(tail, k, { tailRows, keys, dim: headDim });
  const open = sums.columnSums.map((sum, key) => (key >= 64 && key < keys - 128 ? sum : 0));
  const bands = bandSumsReference(sums.diagonalSums).map((sum, band) => (band < 2 ? Infinity : sum));
  return bandIndexReference(
    Math.floor((keys - 1) / 64) * 64,
    keys,
    selectTopReference(open, Number(verticalSize)),
    selectTopReference(bands, Math.min(bands.length, Number(slashSize) / 64)),
  );
}

/**
 * The estimate keeps exponents as halves, so that column sums of noise, which lie close together, may change places around
 * the last that is chosen: one exchange is two of the few hundred entries that short prompts have.
 */
const tolerance = 2e-2;

/** Share of entries that are in one list only; only near ties may differ. */
export function indexDifference(actual: RowIndex, expected: RowIndex): number {
  const entries = ({ tiles, columns }: RowIndex) =>
    new Set([...tiles.map((tile) => `tile ${tile}`), ...columns.map((column) => `column ${column}`)]);
  const [a, b] = [entries(actual), entries(expected)];
  const all = new Set([...a, ...b]);
  const differing = [...all].filter((entry) => !a.has(entry) || !b.has(entry));
  return differing.length / Math.max(1, all.size);
}

async function checkIndex(
  gpu: Gpu,
  pattern: Pattern,
  inputs: Inputs,
  signal: AbortSignal,
): Promise<number | null> {
  const expected = referenceIndex(pattern, inputs);
  if (!expected) return null;
  const recorder = new Recorder(gpu, signal);
  try {
    const last = inputs.rows.at(-1);
    if (!last) return null;
    pattern.prepareLayer(recorder, { layer: 0, caches: last.caches, tail: inputs.tail });
    const index = pattern.indexRows(recorder, 0, last);
    await recorder.drain();
    if (!index) return null;
    const [head] = await readTileIndex(gpu, index, inputs.geometry.heads);
    const actual = head?.[Math.ceil(last.count / 64) - 1];
    // A dense head has no list to compare.
    return actual === undefined || actual === 'dense' ? null : indexDifference(actual, expected);
  } finally {
    await recorder.destroy();
  }
}

export interface Indexing {
  /** Estimate and index, or both as one without timestamp queries. */
  measurements: KernelMeasurement[];
  /** Why there are none: the pattern runs dense at this length. */
  note: string | null;
}

export function measureIndexing(
  gpu: Gpu,
  shape: Heads,
  tokens: number,
  request: PatternRequest,
  signal: AbortSignal,
): Promise<Indexing> {
  return withLab(gpu, async (lab) => {
    const inputs = await inputsOf(lab, shape, tokens);
    const pattern = await createPattern(gpu, request, inputs.geometry);
    try {
      if (pattern.note !== undefined) return { measurements: [], note: pattern.note };
      const error = await checkIndex(gpu, pattern, inputs, signal);
      const { ms, phases } = await lab.time((recorder) => {
        recordLayer(recorder, pattern, inputs);
      }, signal);
      const { heads, kvHeads, headDim } = shape;
      const common = { shape: `${tokens} tokens, ${heads}/${kvHeads} heads of ${headDim}`, tokens };
      const timed = Object.keys(phases).length > 0;
      const { estimate = 0, index = 0 } = phases;
      const measured: KernelMeasurement[] = [
        {
          ...common,
          kernel: timed ? `${request.name} index` : `${request.name} estimate and index`,
          error,
          tolerance,
          ms: timed ? index : ms,
          rate: null,
          unit: null,
        },
      ];
      if (timed && estimate > 0) {
        const flops = pattern.prepareFlops;
        measured.unshift({
          ...common,
          kernel: `${request.name} estimate`,
          // The index is checked, and it can be right only if the estimate is.
          error,
          tolerance,
          ms: estimate,
          rate: flops > 0 ? flops / estimate / 1e9 : null,
          unit: flops > 0 ? 'TFLOP/s' : null,
        });
      }
      return { measurements: measured, note: null };
    } finally {
      pattern.destroy();
    }
  });
}
