/** Where in the causal triangle a head computes, for those who do not see its picture. */
import type { HeadMaps } from '../../engine/types';
import { count, percent } from '../format';

/** Rows that are not read whole are told in so many ranges. */
const ranges = 3;
/** A column or a band is one if so large a share of its cells hold tiles. */
const most = 2 / 3;
/** Named of each kind. */
const named = 2;

interface Triangle {
  cells: number;
  side: number;
  tile: (row: number, column: number) => boolean;
  gathered: (row: number, column: number) => boolean;
}

function triangle({ cells, tokensPerCell, tiles, columns }: HeadMaps, map: number): Triangle {
  const at = (row: number, column: number): number => map * cells ** 2 + row * cells + column;
  const tile = (row: number, column: number): boolean => (tiles[at(row, column)] ?? 0) > 0;
  return {
    cells,
    side: tokensPerCell,
    tile,
    gathered: (row, column) => !tile(row, column) && (columns[at(row, column)] ?? 0) > 0,
  };
}

/** "75 of 120 causal cells hold tiles, 3 more only gathered keys. Rows 1 to 128 read all keys. …" Tokens count from 1. */
export function whereWords(maps: HeadMaps, map: number): string {
  const head = triangle(maps, map);
  const { cells } = head;
  let whole = 0;
  while (whole < cells && prefix(head, whole) === whole + 1) whole++;
  const parts: { from: number; to: number; words: string }[] = [];
  if (whole > 0) parts.push({ from: 0, to: whole, words: 'all keys' });
  const rest = cells - whole;
  const wanted = Math.min(ranges, rest);
  for (let range = 0; range < wanted; range++) {
    const from = whole + Math.floor((range * rest) / wanted);
    const to = whole + Math.floor(((range + 1) * rest) / wanted);
    const words = rangeWords(head, from, to);
    const before = parts.at(-1);
    if (before?.words === words) before.to = to;
    else parts.push({ from, to, words });
  }
  const sentences = parts.map(({ from, to, words }) => `${rowsName(head, from, to)} read ${words}.`);
  return [`${shareWords(head)}.`, ...sentences].join(' ');
}

/** How many causal cells hold any tile, and how many gathered keys only. */
function shareWords({ cells, tile, gathered }: Triangle): string {
  let [some, single] = [0, 0];
  for (let row = 0; row < cells; row++)
    for (let column = 0; column <= row; column++) {
      if (tile(row, column)) some++;
      else if (gathered(row, column)) single++;
    }
  const all = (cells * (cells + 1)) / 2;
  return `${count(some)} of ${count(all)} causal cells hold tiles, ${count(single)} more only gathered keys`;
}

/** Cells from the first key on that hold tiles without a gap. */
function prefix({ tile }: Triangle, row: number): number {
  let length = 0;
  while (length <= row && tile(row, length)) length++;
  return length;
}

/** The same back from the row itself. */
function suffix({ tile }: Triangle, row: number): number {
  let length = 0;
  while (length <= row && tile(row, row - length)) length++;
  return length;
}

function rowsName({ cells, side }: Triangle, from: number, to: number): string {
  if (from === 0 && to === cells) return 'All rows';
  // The last cell is rarely full.
  return `Rows ${count(from * side + 1)} to ${to === cells ? 'the end' : count(to * side)}`;
}

/** What all of some rows read, and how much of what lies between. */
function rangeWords(head: Triangle, from: number, to: number): string {
  const { side } = head;
  const rows = Array.from({ length: to - from }, (_, at) => from + at);
  if (rows.every((row) => prefix(head, row) === row + 1)) return 'all keys';
  const first = Math.min(...rows.map((row) => prefix(head, row)));
  const window = Math.min(...rows.map((row) => suffix(head, row)));
  const between = rows.flatMap((row) =>
    Array.from({ length: Math.max(0, row + 1 - window - first) }, (_, at) => ({ row, column: first + at })),
  );
  const held = between.filter(({ row, column }) => head.tile(row, column));
  const single = between.filter(({ row, column }) => head.gathered(row, column));
  const parts: string[] = [];
  if (first > 0) parts.push(`the first ${count(first * side)} keys`);
  if (window > 0) parts.push(`the ${count(window * side)} keys up to each row`);
  if (held.length > 0) {
    const where = [
      ...dense(between, held, ({ column }) => column).map((run) => `keys ${span(run, side, 1)}`),
      ...dense(between, held, ({ row, column }) => row - column).map(
        (run) => `${span(run, side, 0)} keys back`,
      ),
    ];
    const mostly = where.length > 0 ? ` (mostly ${list(where)})` : '';
    parts.push(`${percent(held.length / between.length)} of the cells between${mostly}`);
  }
  if (single.length > 0) parts.push(`single keys in ${percent(single.length / between.length)} of the cells`);
  if (parts.length > 0 && between.length > 0 && held.length + single.length === 0)
    parts.push('nothing between');
  return parts.length > 0 ? list(parts) : 'no keys';
}

interface Cell {
  row: number;
  column: number;
}

/** Runs of lines (columns or diagonals) that mostly hold tiles, the widest first. */
function dense(
  between: readonly Cell[],
  held: readonly Cell[],
  line: (cell: Cell) => number,
): [number, number][] {
  const all = tally(between, line);
  const some = tally(held, line);
  // A line of one cell says nothing.
  const lines = [...all].filter(([at, cells]) => cells > 1 && (some.get(at) ?? 0) >= most * cells);
  const runs: [number, number][] = [];
  for (const at of lines.map(([number]) => number).toSorted((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last && last[1] === at - 1) last[1] = at;
    else runs.push([at, at]);
  }
  return runs.toSorted((a, b) => b[1] - b[0] - (a[1] - a[0])).slice(0, named);
}

function tally(cells: readonly Cell[], line: (cell: Cell) => number): Map<number, number> {
  const counts = new Map<number, number>();
  for (const cell of cells) counts.set(line(cell), (counts.get(line(cell)) ?? 0) + 1);
  return counts;
}

function span([from, to]: [number, number], side: number, first: number): string {
  return `${count(from * side + first)} to ${count((to + 1) * side)}`;
}

function list(parts: readonly string[]): string {
  return parts.length < 2 ? parts.join('') : `${parts.slice(0, -1).join(', ')} and ${parts.at(-1) ?? ''}`;
}
