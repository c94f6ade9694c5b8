import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/pooled_scores.wgsl';

export const pooledScores = defineKernel({
  shader,
  bindings: { pooled_q: 'read', pooled_k: 'read', scores: 'read_write' },
  variants: [],
});

export interface PooledShape {
  /** Row blocks of the chunk, and key tiles that its last row sees. */
  rowBlocks: number;
  tiles: number;
  /** Tiles per KV head of pooled_k. */
  tileStride: number;
  /** Query heads [headBase, headBase + batch); query heads per KV head. */
  headBase: number;
  batch: number;
  group: number;
  headDim: number;
}

/** Key tiles of a workgroup. */
const spanTiles = 128;

/** Scores as ordered u32 [batch][rowBlocks][tiles], in dispatches of at most `dispatchFlops`. */
export function recordPooledScores(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof pooledScores.bindings>,
  buffers: Record<keyof typeof pooledScores.bindings, Binding>,
  shape: PooledShape,
  dispatchFlops: number,
): void {
  const { rowBlocks, tiles, tileStride, headBase, batch, group, headDim } = shape;
  const spans = Math.ceil(tiles / spanTiles);
  const rowTiles = Math.ceil(rowBlocks / 64);
  const spanFlops = 2 * rowTiles * 64 * spanTiles * headDim * batch;
  const most = Math.max(1, Math.floor(dispatchFlops / spanFlops));
  for (let first = 0; first < spans; first += most) {
    const count = Math.min(most, spans - first);
    recorder.dispatch(pipeline, {
      buffers,
      params: {
        row_blocks: rowBlocks,
        tiles,
        tile_stride: tileStride,
        first_span: first,
        head_base: headBase,
        group,
        dim4: headDim / 4,
      },
      workgroups: [count, rowTiles, batch],
      phase: 'estimate',
      flops: count * spanFlops,
    });
  }
}
