import { expect, it } from 'vitest';
import type { HeadMaps } from '../../engine/types';
import { whereWords } from './where';

/** A triangle drawn by rows: # a tile, + gathered keys alone, . skipped. */
function maps(...pictures: string[][]): HeadMaps {
  const cells = pictures[0]?.length ?? 0;
  const marks = (mark: string): Uint8Array =>
    Uint8Array.from(
      pictures.flatMap((rows) =>
        rows.flatMap((row) =>
          row
            .padEnd(cells)
            .split('')
            .map((one) => (one === mark ? 200 : 0)),
        ),
      ),
    );
  return { cells, tokensPerCell: 64, tiles: marks('#'), columns: marks('+') };
}

it('tells first tokens and window, after the rows that are read whole', () => {
  const sink = ['#', '##', '#.#', '#..#', '#...#', '#....#'];
  expect(whereWords(maps(sink), 0)).toBe(
    '11 of 21 causal cells hold tiles, 0 more only gathered keys. ' +
      'Rows 1 to 128 read all keys. ' +
      'Rows 129 to the end read the first 64 keys, the 64 keys up to each row and nothing between.',
  );
});

it('tells columns, bands and gathered keys in between, of the map asked for', () => {
  const none = ['.', '..', '...', '....', '.....', '......'];
  const columns = ['#', '.#', '.##', '.#+#', '.#..#', '.#.+.#'];
  expect(whereWords(maps(none, columns), 1)).toBe(
    '10 of 21 causal cells hold tiles, 2 more only gathered keys. ' +
      'Rows 1 to 64 read all keys. ' +
      'Rows 65 to 128 read the 64 keys up to each row and nothing between. ' +
      'Rows 129 to 256 read the 64 keys up to each row, 40% of the cells between (mostly keys 65 to 128) and single keys in 20% of the cells. ' +
      'Rows 257 to the end read the 64 keys up to each row, 22% of the cells between (mostly keys 65 to 128) and single keys in 11% of the cells.',
  );
  const band = ['#', '.#', '..#', '#..#', '.#..#', '..#..#'];
  expect(whereWords(maps(band), 0)).toContain('(mostly 192 to 256 keys back)');
  expect(whereWords(maps(none), 0)).toContain('All rows read no keys.');
});

it('says that rows after a gap read everything again', () => {
  expect(whereWords(maps(['#', '##', '###', '#.##', '#####', '######']), 0)).toBe(
    '20 of 21 causal cells hold tiles, 0 more only gathered keys. Rows 1 to 192 read all keys. ' +
      'Rows 193 to 256 read the first 64 keys, the 128 keys up to each row and nothing between. ' +
      'Rows 257 to the end read all keys.',
  );
});

it('says all where nothing is skipped', () => {
  expect(whereWords(maps(['#', '##', '###']), 0)).toBe(
    '6 of 6 causal cells hold tiles, 0 more only gathered keys. All rows read all keys.',
  );
});
