/** merge_index against its reference, for given and for random lists. */
import { expect, test } from 'vitest';
import { readTileIndex } from './readTileIndex';
import { DENSE_TILES } from './tileIndex';
import { Recorder } from '../gpu/recorder';
import { seeded, testGpu, uploadU32 } from '../gpu/testing';
import { mergeIndexReference } from '../reference/mergeIndex';
import type { RowIndex } from '../reference/rowIndex';
import { mergeIndex, recordMergeIndex } from '../kernels/mergeIndex';

type Row = RowIndex | 'dense';

const random = seeded(11);

/** Lists of any length up to the room, some rows dense; what lies behind a list is not to be copied. */
function lists(heads: number, rowBlocks: number, room: readonly [number, number]) {
  const list = (most: number) =>
    Array.from({ length: Math.floor(random() * (most + 1)) }, () => Math.floor(random() * 2 ** 20));
  const rows = Array.from({ length: heads }, () =>
    Array.from({ length: rowBlocks }, (): Row =>
      random() < 0.2 ? 'dense' : { tiles: list(room[0]), columns: list(room[1]) },
    ),
  );
  const flat = rows.flat();
  const words = (of: 'tiles' | 'columns', most: number) =>
    Uint32Array.from(
      flat.flatMap((row) =>
        Array.from({ length: most }, (_, at) => (row === 'dense' ? undefined : row[of][at]) ?? 7),
      ),
    );
  return {
    rows,
    counts: Uint32Array.from(
      flat.flatMap((row) => (row === 'dense' ? [DENSE_TILES, 0] : [row.tiles.length, row.columns.length])),
    ),
    tiles: words('tiles', room[0]),
    columns: words('columns', room[1]),
  };
}

test.each([
  { heads: 1, rowBlocks: 1, rooms: [[3, 2]] },
  // Lists longer than a workgroup, an index without columns, and heads of all parts.
  {
    heads: 7,
    rowBlocks: 5,
    rooms: [
      [3, 200],
      [70, 0],
      [130, 65],
    ],
  },
] as const)('$heads heads, $rowBlocks row blocks, rooms $rooms', async ({ heads, rowBlocks, rooms }) => {
  const gpu = await testGpu();
  const pipeline = await gpu.pipelines.get(mergeIndex);
  const [layers, layer] = [3, 1];
  const owner = Uint32Array.from({ length: layers * heads }, (_, at) => (at * 5 + 1) % rooms.length);
  const given = rooms.map((room) => lists(heads, rowBlocks, room));
  const merged = {
    tileCapacity: Math.max(...rooms.map(([tiles]) => tiles)),
    columnCapacity: Math.max(...rooms.map(([, columns]) => columns)),
  };
  const blocks = heads * rowBlocks;
  const owned: GPUBuffer[] = [];
  const upload = (data: Uint32Array) => {
    const buffer = uploadU32(gpu, data.length > 0 ? data : new Uint32Array(4));
    owned.push(buffer);
    return buffer;
  };
  const out = {
    counts: upload(new Uint32Array(blocks * 2)),
    tiles: upload(new Uint32Array(blocks * merged.tileCapacity)),
    columns: upload(new Uint32Array(blocks * merged.columnCapacity)),
  };
  const parts = upload(owner);
  const recorder = new Recorder(gpu);
  given.forEach(({ counts, tiles, columns }, part) => {
    recordMergeIndex(
      recorder,
      pipeline,
      {
        parts,
        counts: upload(counts),
        tiles: upload(tiles),
        columns: upload(columns),
        merged_counts: out.counts,
        merged_tiles: out.tiles,
        merged_columns: out.columns,
      },
      {
        layer,
        heads,
        rowBlocks,
        part,
        tileCapacity: rooms[part]?.[0] ?? NaN,
        columnCapacity: rooms[part]?.[1] ?? NaN,
        merged,
      },
    );
  });
  await recorder.drain();
  const expected = mergeIndexReference(
    given.map(({ rows }) => rows),
    [...owner.subarray(layer * heads, (layer + 1) * heads)],
  );
  expect(await readTileIndex(gpu, { ...out, ...merged, rowBlocks }, heads)).toEqual(expected);
  await recorder.destroy();
  for (const buffer of owned) gpu.memory.release(buffer);
});
