/**
 * Logits of many rows at once, for fidelity. One row at a time would read the whole head for each of them; as a product
 * it is read once.
 */
import type { Recorder } from '../gpu/recorder';
import { recordMatmul } from '../kernels/matmul';
import { recordMatvec } from '../kernels/matvec';
import type { Transformer } from './transformer';
import type { TablePiece } from './weights';

/** Columns of a product's tile. */
const tile = 128;
/** Products make whole vec4s. */
const quad = 4;
/** Where a binding may start, bytes. */
const bindingAlign = 256;

/** Columns [first, first + cols) of a piece's product, [rows][cols] f32 from byte `offset` of the output on. */
export interface HeadSlice<Piece> {
  piece: Piece;
  first: number;
  cols: number;
  offset: number;
}

/**
 * The head in slices of at most `most` columns, a multiple of 128; up to three that make no whole vec4 at the end of a
 * piece are a slice of their own. Answers with the bytes of the whole output.
 */
export function headSlices<Piece extends Pick<TablePiece, 'rows'>>(
  head: readonly Piece[],
  rows: number,
  most: number,
): { slices: HeadSlice<Piece>[]; bytes: number } {
  const slices: HeadSlice<Piece>[] = [];
  let bytes = 0;
  const add = (piece: Piece, first: number, cols: number): void => {
    slices.push({ piece, first, cols, offset: bytes });
    bytes += Math.ceil((rows * cols * 4) / bindingAlign) * bindingAlign;
  };
  for (const piece of head) {
    const whole = Math.floor(piece.rows / quad) * quad;
    for (let first = 0; first < whole; first += most) add(piece, first, Math.min(most, whole - first));
    if (whole < piece.rows) add(piece, whole, piece.rows - whole);
  }
  return { slices, bytes };
}

/** Logits [rows][vocab] of the first rows of the normed activations. */
export async function readLogits(
  model: Transformer,
  recorder: Recorder,
  normed: GPUBuffer,
  rows: number,
): Promise<Float32Array> {
  const { gpu, config, weights, pipelines } = model;
  const { hidden: length, vocab } = config;
  // Rows are computed in whole tiles, so that a column costs as much for few.
  const flopsPerTile = 2 * tile * Math.max(tile, rows) * length;
  const tiles = Math.max(1, Math.floor(gpu.pacer.dispatchFlops / flopsPerTile));
  const { slices, bytes } = headSlices(weights.head, rows, tiles * tile);
  const out = gpu.memory.allocate('logits of rows', bytes);
  try {
    for (const { piece, first, cols, offset } of slices) {
      const part = { buffer: out, offset, size: rows * cols * 4 };
      const buffers = { a: normed, w: piece.buffer, bias: weights.zeros, out: part };
      if (cols % quad === 0)
        recordMatmul(recorder, pipelines.matmul, buffers, { rows, cols, wFirst: first, length }, 'fidelity');
      else
        for (let row = 0; row < rows; row++) {
          const shape = { aRow: row, rows: cols, wFirst: first, outFirst: row * cols, length };
          recordMatvec(recorder, pipelines.matvec, buffers, shape, 'fidelity');
        }
      await recorder.pace();
    }
    const data = await recorder.drainAndRead(out, bytes);
    const logits = new Float32Array(rows * vocab);
    for (const { piece, first, cols, offset } of slices) {
      const part = new Float32Array(data, offset, rows * cols);
      for (let row = 0; row < rows; row++)
        logits.set(part.subarray(row * cols, (row + 1) * cols), row * vocab + piece.first + first);
    }
    return logits;
  } finally {
    gpu.memory.release(out);
  }
}
