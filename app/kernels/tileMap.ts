import { defineKernel, type Pipeline } from '../gpu/kernel';
import type { Binding, Recorder } from '../gpu/recorder';
import shader from '../../shaders/attention/tile_map.wgsl';

export const tileMap = defineKernel({
  shader,
  bindings: { counts: 'read', tiles: 'read', columns: 'read', maps: 'read_write' },
  variants: [],
});

export interface MapScale {
  /** Cells of a side, at most 128. */
  cells: number;
  /** Row blocks, and key tiles, of a cell's side. */
  blocksPerCell: number;
}

/** The finest map of at most `most` cells a side (128 or fewer) for a prompt of so many row blocks. */
export function mapScale(rowBlocks: number, most: number): MapScale {
  const blocksPerCell = Math.ceil(rowBlocks / most);
  return { cells: Math.ceil(rowBlocks / blocksPerCell), blocksPerCell };
}

/** What one gathered column adds to the high half of a cell: a full cell, of 64 a tile, comes to 65,000. */
export function columnScale({ blocksPerCell }: MapScale): number {
  return Math.min(1, 65_000 / (64 * blocksPerCell ** 2));
}

export interface TileMapShape extends MapScale {
  /** Rows of the chunk, and the row block of the prompt that is its first. */
  rows: number;
  firstBlock: number;
  heads: number;
  /** Head 0's map. */
  firstMap: number;
  /** null: every head is dense. */
  index: { rowBlocks: number; tileCapacity: number; columnCapacity: number } | null;
}

/**
 * Adds a chunk's index to maps u32 [map][cells][cells]: tiles in the low half, columns times `columnScale` in the high.
 * For prompts without a past; the maps begin as zeros.
 */
export function recordTileMap(
  recorder: Recorder,
  pipeline: Pipeline<keyof typeof tileMap.bindings>,
  buffers: Record<keyof typeof tileMap.bindings, Binding>,
  shape: TileMapShape,
  phase: string,
): void {
  const { firstBlock, blocksPerCell } = shape;
  const last = firstBlock + Math.ceil(shape.rows / 64) - 1;
  const cellRows = Math.floor(last / blocksPerCell) - Math.floor(firstBlock / blocksPerCell) + 1;
  recorder.dispatch(pipeline, {
    buffers,
    params: {
      rows: shape.rows,
      first_block: firstBlock,
      heads: shape.heads,
      first_map: shape.firstMap,
      indexed: Number(shape.index !== null),
      index_row_blocks: shape.index?.rowBlocks ?? 0,
      tile_capacity: shape.index?.tileCapacity ?? 0,
      column_capacity: shape.index?.columnCapacity ?? 0,
      cells: shape.cells,
      blocks_per_cell: blocksPerCell,
      column_scale: columnScale(shape),
    },
    workgroups: [shape.heads, cellRows],
    phase,
    flops: shape.heads * shape.rows * 16,
  });
}
