import type { RowIndex } from './rowIndex';

/**
 * The index of the row block [start, start + 64) as MInference builds it (csrc/vertical_slash_index.cu; described in
 * its order of steps). `columns` ascending, `offsets` of diagonals descending.
 */
export function slashIndexReference(
  start: number,
  columns: readonly number[],
  offsets: readonly number[],
): RowIndex {
  const end = start + 64;
  const index: RowIndex = { tiles: [], columns: [] };
  // A diagonal of offset s passes through the keys [end - s - 64, end - s) of this row block.
  const ranges = offsets.filter((offset) => offset < end).map((offset) => Math.max(end - offset, 64));
  let [rangeEnd] = ranges;
  if (rangeEnd === undefined) return { tiles: [start], columns: [] };
  let rangeStart = rangeEnd - 64;
  let column = 0;
  const takeColumns = (upTo: number) => {
    for (; column < columns.length && (columns[column] ?? NaN) < upTo; column++)
      if ((columns[column] ?? NaN) < rangeStart) index.columns.push(columns[column] ?? NaN);
  };
  const flush = () => {
    for (let tile = rangeStart; tile < (rangeEnd ?? NaN); tile += 64) index.tiles.push(tile);
  };
  for (const next of ranges.slice(1)) {
    takeColumns(rangeEnd);
    if (next > rangeEnd + 64) {
      flush();
      rangeStart = next - 64;
      rangeEnd = next;
    } else if (next > rangeEnd) {
      // Grows by a whole tile, so it may overshoot by up to 63 keys.
      rangeEnd += 64;
    }
  }
  takeColumns(rangeEnd);
  flush();
  return index;
}
