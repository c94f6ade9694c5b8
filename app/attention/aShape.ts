/**
 * A-shape (StreamingLLM): `init` sink tokens and a window of `local` tokens, both rounded up to whole tiles.
 * MInference's kernel has init 128 and local 3,968, which is dense below 4,000 tokens; the window here grows with the
 * prompt, a sixteenth of it between 1,024 and 3,968, so that it means something at the lengths of a browser.
 */
import { aShapeIndex, recordAShapeIndex } from '../kernels/aShapeIndex';
import { allocateAll, releaseAll, totalBytes } from './buffers';
import { densePattern } from './dense';
import { choice, readSettings, whole, type PatternFactory } from './settings';
import { causalTiles, denseAbove, rowBlocksOf } from './tiles';
import type { Geometry, Pattern } from './types';

interface Window {
  init: number;
  local: number;
}

const never = 0xffffffff;

export const aShape: PatternFactory = {
  plan(set, geometry) {
    const { keys } = geometry;
    const local = Math.min(3968, Math.max(1024, Math.round(keys / 16 / 64) * 64));
    const settings = readSettings('a_shape', set, {
      init: whole(128, 0, keys, "the prompt's length"),
      local: whole(local, 1, keys, "the prompt's length"),
      fallback: choice(['auto', 'off'], 'auto'),
    });
    const density = computedTiles(geometry, settings) / causalTiles(geometry);
    const note =
      settings.fallback === 'auto' && density > denseAbove
        ? `Dense was used: with ${settings.init} and ${settings.local} tokens A-shape would compute ${Math.round(density * 100)}% of the tiles.`
        : null;
    const sizes = indexSizes(geometry, settings);
    return {
      settings,
      note,
      bytes: totalBytes(sizes),
      create: async (gpu) => {
        const pipeline = await gpu.pipelines.get(aShapeIndex);
        const buffers = allocateAll(gpu, sizes);
        const tileCapacity = capacity(geometry, settings);
        const { heads, layers } = geometry;
        const totalHeads = heads * layers;
        const pattern: Pattern = {
          ...densePattern(geometry, { name: 'a_shape', settings }),
          indexBytes: totalBytes(sizes),
          indexRows(recorder, layer, { first, count }) {
            const rowBlocks = rowBlocksOf(count);
            recordAShapeIndex(
              recorder,
              pipeline,
              { counts: buffers.counts, tiles: buffers.tiles },
              {
                heads,
                layer,
                keys: geometry.past + first + count,
                rowBlocks,
                rowPosition: geometry.past + first,
                tileCapacity,
                columnCapacity: 0,
                sinkTiles: Math.ceil(settings.init / 64),
                local: settings.local,
                denseFrom: never,
              },
            );
            return { ...buffers, tileCapacity, columnCapacity: 0, rowBlocks };
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
  },
};

function capacity({ keys }: Geometry, { init, local }: Window): number {
  // A window of `local` keys before each of 64 rows touches at most two tiles more than it is long.
  return Math.min(Math.ceil(init / 64) + Math.ceil(local / 64) + 2, Math.ceil(keys / 64));
}

function indexSizes(geometry: Geometry, window: Window) {
  const blocks = geometry.heads * rowBlocksOf(geometry.chunkRows);
  return { counts: blocks * 8, tiles: blocks * capacity(geometry, window) * 4, columns: 16 };
}

/** What the kernel counts, for all row blocks. */
function computedTiles({ past, rows }: Geometry, { init, local }: Window): number {
  let tiles = 0;
  for (let row = 0; row < rows; row += 64) {
    const last = Math.ceil((past + Math.min(rows, row + 64)) / 64) - 1;
    const window = Math.floor(Math.max(0, past + row + 1 - local) / 64);
    tiles += Math.min(Math.ceil(init / 64), window) + last - window + 1;
  }
  return tiles;
}
