import { expect, test } from 'vitest';
import { Recorder } from '../gpu/recorder';
import { downloadU32, seeded, testGpu, uploadU32 } from '../gpu/testing';
import type { BlockList } from '../reference/tileAttention';
import { tileMapReference } from '../reference/tileMap';
import { DENSE_TILES } from './tileAttention';
import { columnScale, mapScale, recordTileMap, tileMap } from './tileMap';

test('the scale is the finest that fits', () => {
  expect(mapScale(1, 128)).toEqual({ cells: 1, blocksPerCell: 1 });
  expect(mapScale(128, 128)).toEqual({ cells: 128, blocksPerCell: 1 });
  expect(mapScale(129, 128)).toEqual({ cells: 65, blocksPerCell: 2 });
  expect(mapScale(16_384, 128)).toEqual({ cells: 128, blocksPerCell: 128 });
});

test.each([
  { blocks: 7, heads: 2, most: 128, chunk: 3 },
  { blocks: 21, heads: 3, most: 8, chunk: 5 },
  { blocks: 9, heads: 1, most: 128, chunk: 9 },
])('maps of $blocks row blocks in chunks of $chunk equal the reference', async (shape) => {
  const { blocks, heads, most, chunk } = shape;
  const gpu = await testGpu();
  const random = seeded(blocks);
  const scale = mapScale(blocks, most);
  const lists: BlockList[][] = Array.from({ length: heads }, (_, head) =>
    Array.from({ length: blocks }, (__, block) => {
      if (head === 2) return 'dense';
      const shift = head === 1 ? 37 : 0;
      const tiles = Array.from({ length: block + 1 }, (___, tile) => tile * 64 + (tile < block ? shift : 0));
      return {
        tiles: tiles.filter((first) => first >= block * 64 || random() < 0.3),
        columns: Array.from({ length: block * 64 }, (___, key) => key).filter(() => random() < 0.1),
      };
    }),
  );
  const maps = uploadU32(gpu, new Uint32Array((heads + 1) * scale.cells ** 2));
  const pipeline = await gpu.pipelines.get(tileMap);
  const recorder = new Recorder(gpu);
  const [tileCapacity, columnCapacity] = [blocks, blocks * 64];
  const buffers: GPUBuffer[] = [maps];
  for (let firstBlock = 0; firstBlock < blocks; firstBlock += chunk) {
    const rowBlocks = Math.min(chunk, blocks - firstBlock);
    const counts = new Uint32Array(heads * rowBlocks * 2);
    const tiles = new Uint32Array(heads * rowBlocks * tileCapacity);
    const columns = new Uint32Array(heads * rowBlocks * columnCapacity);
    for (let at = 0; at < heads * rowBlocks; at++) {
      const list = lists[Math.floor(at / rowBlocks)]?.[firstBlock + (at % rowBlocks)] ?? 'dense';
      counts.set(list === 'dense' ? [DENSE_TILES, 9] : [list.tiles.length, list.columns.length], at * 2);
      if (list === 'dense') continue;
      tiles.set(list.tiles, at * tileCapacity);
      columns.set(list.columns, at * columnCapacity);
    }
    const bound = {
      counts: uploadU32(gpu, counts),
      tiles: uploadU32(gpu, tiles),
      columns: uploadU32(gpu, columns),
      maps,
    };
    buffers.push(bound.counts, bound.tiles, bound.columns);
    const index = { rowBlocks, tileCapacity, columnCapacity };
    // The last row block is not full.
    const rows = rowBlocks * 64 - (firstBlock + rowBlocks === blocks ? 40 : 0);
    recordTileMap(
      recorder,
      pipeline,
      bound,
      { ...scale, rows, firstBlock, heads, firstMap: 1, index },
      'test',
    );
  }
  await recorder.drain();
  await recorder.destroy();
  const size = scale.cells ** 2;
  const all = await downloadU32(gpu, maps, (heads + 1) * size);
  expect(all.subarray(0, size).every((value) => value === 0)).toBe(true);
  lists.forEach((list, head) => {
    const actual = all.subarray((head + 1) * size, (head + 2) * size);
    const expected = tileMapReference(list, scale);
    expect(Array.from(actual, (value) => value & 0xffff)).toEqual(expected.tiles);
    // Columns are scaled and rounded up, once a chunk.
    expected.columns.forEach((count, at) => {
      const got = (actual[at] ?? 0) >>> 16;
      const wanted = count * columnScale(scale);
      expect(got).toBeGreaterThanOrEqual(Math.floor(wanted));
      expect(got).toBeLessThanOrEqual(Math.ceil(wanted) + 2);
    });
    if (head === 0) expect(expected.columns.some((count) => count > 0)).toBe(true);
  });
  for (const buffer of buffers) gpu.memory.release(buffer);
});
