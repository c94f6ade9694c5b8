/** The last row block dense, its keys split over workgroups and joined: what `adaptive` does at the end of every prompt. */
import type { Gpu } from '../../gpu/device';
import { activationSize } from '../../gpu/capabilities';
import {
  mergeSplits,
  mergeSplitsSpec,
  recordMergeSplits,
  splitBytes,
  splitsFor,
} from '../../kernels/mergeSplits';
import { denseFlops, recordTileAttention, tileAttentionPipeline } from '../../kernels/tileAttention';
import { attend, seeds, type Heads } from './attention';
import { withLab } from './lab';
import { noiseValues, worst } from './noise';
import type { KernelMeasurement } from './types';

/** Null where the prompt is too short to be split. */
export async function measureSplit(
  gpu: Gpu,
  shape: Heads,
  tokens: number,
  signal: AbortSignal,
): Promise<KernelMeasurement | null> {
  const { heads, kvHeads, headDim } = shape;
  const splits = splitsFor(1, heads, tokens);
  if (splits === 1 || tokens < 64) return null;
  const rows = 64;
  return withLab(gpu, async (lab) => {
    const attention = await tileAttentionPipeline(gpu, headDim);
    const merge = await gpu.pipelines.get(mergeSplits, mergeSplitsSpec(headDim));
    const keyStride = Math.ceil(tokens / 64) * 64;
    const q = await lab.noise(heads * rows * headDim, seeds.q);
    const k = await lab.noise(kvHeads * keyStride * headDim, seeds.k);
    const v = await lab.noise(kvHeads * keyStride * headDim, seeds.v);
    const bytes = splitBytes(headDim, activationSize(gpu.tier));
    const [parts, stats, unread] = [lab.empty(bytes.parts), lab.empty(bytes.stats), lab.empty(16)];
    const out = lab.empty(rows * heads * headDim * activationSize(gpu.tier));
    const range = { heads, headBase: 0, totalHeads: heads, headDim };
    const flops = denseFlops(rows, tokens - rows, headDim, heads);
    const { ms } = await lab.time((recorder) => {
      // Parts of one dispatch by what the GPU is known to do in the time that one may take.
      const step = Math.max(1, Math.floor((splits * gpu.pacer.dispatchFlops) / flops));
      for (let first = 0; first < splits; first += step) {
        const count = Math.min(step, splits - first);
        recordTileAttention(
          recorder,
          attention,
          { q, k, v, counts: unread, tiles: unread, columns: unread, out: parts, stats },
          {
            ...range,
            rows,
            firstRowBlock: 0,
            rowBlocks: 1,
            rowPosition: tokens - rows,
            keys: tokens,
            qStride: rows,
            keyStride,
            group: heads / kvHeads,
            index: null,
            split: { splits, first, count, rows },
            flops: (flops * count) / splits,
          },
          'bench',
        );
      }
      const joined = { ...range, rows, firstRow: 0, splits, splitRows: rows };
      recordMergeSplits(recorder, merge, { parts, stats, out }, joined, 'bench');
    }, signal);

    const head = heads - 1;
    const kvFirst = (kvHeads - 1) * keyStride * headDim;
    const expected = attend(
      noiseValues(headDim, seeds.q, (head * rows + rows - 1) * headDim),
      Array.from({ length: tokens }, (_, key) => key),
      noiseValues(tokens * headDim, seeds.k, kvFirst),
      noiseValues(tokens * headDim, seeds.v, kvFirst),
    );
    const actual = await lab.readActivations(out, ((rows - 1) * heads + head) * headDim, headDim);
    return {
      kernel: 'tile_attention split',
      shape: `last ${rows} of ${tokens} rows in ${splits} parts, ${heads}/${kvHeads} heads of ${headDim}`,
      tokens,
      error: worst(actual, expected),
      tolerance: 5e-3,
      ms,
      rate: flops / ms / 1e9,
      unit: 'TFLOP/s',
    };
  });
}
