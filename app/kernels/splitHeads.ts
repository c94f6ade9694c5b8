import { grid } from '../gpu/grid';
import { defineKernel, type Pipeline, type Specialisation } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/model/split_heads.wgsl';

export const splitHeads = defineKernel({
  shader,
  bindings: { x: 'read', norm: 'read', tables: 'read', out: 'read_write' },
  variants: ['f16'],
});

/** Positions a row of the fine table covers: position = 1024 * coarse + fine. */
export const fineRows = 1024;

export function splitHeadsSpec(headDim: number): Specialisation {
  return { constants: { HALF4: headDim / 8 } };
}

/** Heads of one token that a workgroup takes: VECTORS of `head_vector`. */
export function headsPerWorkgroup(headDim: number): number {
  return Math.floor(64 / (headDim / 8));
}

/**
 * cos and sin for positions below `positions`, for `split_heads`: [coarse rows, then 1,024 fine rows][dim / 8][cos x 4, sin x 4].
 * `inverse` are the dim / 2 inverse frequencies in f64; `scale` multiplies cos and sin (YaRN's attention factor).
 */
export function ropeTables(
  inverse: Float64Array,
  scale: number,
  positions: number,
): { data: Float32Array<ArrayBuffer>; coarseRows: number } {
  const coarseRows = Math.max(1, Math.ceil(positions / fineRows));
  const half = inverse.length;
  const data = new Float32Array((coarseRows + fineRows) * half * 2);
  for (let row = 0; row < coarseRows + fineRows; row++) {
    const coarse = row < coarseRows;
    const position = coarse ? row * fineRows : row - coarseRows;
    const amplitude = coarse ? scale : 1;
    inverse.forEach((frequency, pair) => {
      const at = row * half * 2 + Math.floor(pair / 4) * 8 + (pair % 4);
      data[at] = amplitude * Math.cos(position * frequency);
      data[at + 4] = amplitude * Math.sin(position * frequency);
    });
  }
  return { data, coarseRows };
}

export interface SplitHeadsShape {
  tokens: number;
  heads: number;
  headDim: number;
  /** Width of a row of x, and the column where the first head starts. */
  rowWidth: number;
  column: number;
  /** Rows a head of out has, and the first one written. */
  outStride: number;
  outFirst: number;
  /** Position of token 0. */
  position: number;
  /** RMS norm over each head with `norm`, before RoPE (Qwen3). */
  hasNorm: boolean;
  hasRope: boolean;
  epsilon: number;
  coarseRows: number;
}

/** x [token][rowWidth] f32, one projection of it, into out [head][outStride][headDim] half. */
export function recordSplitHeads(
  recorder: Recorder,
  pipeline: Pipeline<'x' | 'norm' | 'tables' | 'out'>,
  buffers: { x: Binding; norm: Binding; tables: Binding; out: Binding },
  shape: SplitHeadsShape,
  phase: string,
): void {
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      tokens: shape.tokens,
      heads: shape.heads,
      row4: shape.rowWidth / 4,
      offset4: shape.column / 4,
      out_stride: shape.outStride,
      out_first: shape.outFirst,
      position: shape.position,
      has_norm: Number(shape.hasNorm),
      has_rope: Number(shape.hasRope),
      epsilon: shape.epsilon,
      coarse_rows: shape.coarseRows,
    },
    workgroups: grid(Math.ceil((shape.tokens * shape.heads) / headsPerWorkgroup(shape.headDim))),
    phase,
    flops: shape.tokens * shape.heads * shape.headDim * 8,
  });
}
