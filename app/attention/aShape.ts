/**
 * A-shape (StreamingLLM): `init` sink tokens, and a window of `local` tokens rounded up to whole tiles.
 * MInference's kernel has init 128 and local 3,968, which is dense below 4,000 tokens; the window here grows with the
 * prompt, a sixteenth of it between 1,024 and 3,968, so that it means something at the lengths of a browser.
 *
 * Tri-shape (SCBench, arXiv 2412.10319) is the same with row blocks dense that hold any of the `last` rows (100).
 */
import { aShapeIndex, recordAShapeIndex } from '../kernels/aShapeIndex';
import { allocateAll, releaseAll, totalBytes } from './buffers';
import { densePattern } from './dense';
import { choice, readSettings, whole, type PatternFactory } from './settings';
import { causalTiles, denseAbove, rowBlocksOf } from './tiles';
import type { Geometry, Pattern, Settings } from './types';

interface Window {
  init: number;
  local: number;
  /** Rows at the end whose row blocks are dense. */
  last: number;
}

const never = 0xffffffff;

function readWindow(name: 'a_shape' | 'tri_shape', set: Settings, { keys }: Geometry) {
  const local = Math.min(3968, Math.max(1024, Math.round(keys / 16 / 64) * 64));
  const length = "the prompt's length";
  const fields = {
    init: whole(128, 0, keys, length),
    local: whole(local, 1, keys, length),
    fallback: choice(['auto', 'off'], 'auto'),
  };
  return name === 'a_shape'
    ? readSettings(name, set, fields)
    : readSettings(name, set, { ...fields, last: whole(100, 0, keys, length) });
}

export const aShape = windowPattern('a_shape', 'A-shape');
export const triShape = windowPattern('tri_shape', 'tri-shape');

function windowPattern(name: 'a_shape' | 'tri_shape', words: string): PatternFactory {
  const plan: PatternFactory['plan'] = (set, geometry) => {
    const settings = readWindow(name, set, geometry);
    const window: Window = { last: 0, ...settings };
    const density = computedTiles(geometry, window) / causalTiles(geometry);
    const note =
      settings.fallback === 'auto' && density > denseAbove
        ? `Dense was used: with ${settings.init} and ${settings.local} tokens ${words} would compute ${Math.round(density * 100)}% of the tiles.`
        : null;
    const sizes = indexSizes(geometry, window);
    return {
      settings,
      note,
      bytes: totalBytes(sizes),
      listRoom: [capacity(geometry, window), columnsOf(window)],
      create: async (gpu) => {
        const pipeline = await gpu.pipelines.get(aShapeIndex);
        const buffers = allocateAll(gpu, sizes);
        const tileCapacity = capacity(geometry, window);
        const columnCapacity = columnsOf(window);
        const { heads, layers } = geometry;
        const totalHeads = heads * layers;
        const pattern: Pattern = {
          ...densePattern(geometry, { name, settings }),
          indexBytes: totalBytes(sizes),
          denseRows: window.last,
          indexRows(recorder, layer, { first, count }) {
            const rowBlocks = rowBlocksOf(count);
            recordAShapeIndex(recorder, pipeline, buffers, {
              heads,
              layer,
              keys: geometry.past + first + count,
              rowBlocks,
              rowPosition: geometry.past + first,
              tileCapacity,
              columnCapacity,
              init: settings.init,
              local: settings.local,
              denseFrom: window.last > 0 ? geometry.keys - window.last : never,
            });
            return { ...buffers, tileCapacity, columnCapacity, rowBlocks };
          },
          statistics: () =>
            Promise.resolve({
              density,
              headDensity: Array.from({ length: totalHeads }, () => density),
              denseHeads: 0,
              totalHeads,
            }),
          destroy: () => {
            releaseAll(gpu, buffers);
          },
        };
        return pattern;
      },
    };
  };
  return { plan };
}

function capacity({ keys }: Geometry, { init, local }: Window): number {
  // A window of `local` keys before each of 64 rows touches at most two tiles more than it is long.
  return Math.min(Math.floor(init / 64) + Math.ceil(local / 64) + 2, Math.ceil(keys / 64));
}

/** First keys beyond whole tiles. */
function columnsOf({ init }: Window): number {
  return init % 64;
}

function indexSizes(geometry: Geometry, window: Window) {
  const blocks = geometry.heads * rowBlocksOf(geometry.chunkRows);
  return {
    counts: blocks * 8,
    tiles: blocks * capacity(geometry, window) * 4,
    // A binding is never empty.
    columns: Math.max(16, blocks * columnsOf(window) * 4),
  };
}

/** What the kernel computes, for all row blocks; columns count as the tile that they are gathered into. */
function computedTiles({ past, rows, keys }: Geometry, { init, local, last: denseRows }: Window): number {
  let tiles = 0;
  for (let row = 0; row < rows; row += 64) {
    const end = past + Math.min(rows, row + 64);
    const last = Math.ceil(end / 64) - 1;
    const dense = denseRows > 0 && end > keys - denseRows;
    const window = dense ? 0 : Math.floor(Math.max(0, past + row + 1 - local) / 64);
    tiles += Math.min(Math.ceil(init / 64), window) + last - window + 1;
  }
  return tiles;
}
