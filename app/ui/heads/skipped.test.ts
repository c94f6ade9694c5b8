import { expect, it } from 'vitest';
import { gpuRun } from '../../storage/fixtures';
import { densityRows, densitySentence, skippedNothing, tileCounts, tileLine } from './skipped';

const { model, prompt } = gpuRun.result;
const small = { ...model, layers: 2, heads: 2 };

it('counts the tiles of all heads, of the rows that were read', () => {
  // Two row blocks, the second reading two tiles: three tiles a head.
  const whole = tileCounts(
    { model: small, prompt: { ...prompt, tokens: 100 } },
    { density: 0.5, pastTokens: 0 },
  );
  expect(whole).toEqual({ computed: 6, skipped: 6, causal: 12 });
  expect(tileLine(whole)).toBe('6 of 12 tiles computed (50%), 6 skipped.');
  // Ten new rows after 128 kept tokens read three tiles.
  const further = tileCounts(
    { model: small, prompt: { ...prompt, tokens: 138 } },
    { density: 1.01, pastTokens: 128 },
  );
  expect(further).toEqual({ computed: 12, skipped: 0, causal: 12 });
  expect(tileLine(further)).toBe('All 12 tiles of dense attention computed, none skipped.');
});

it('knows that nothing was skipped, of the whole run and of each head', () => {
  const none = { computed: 12, skipped: 0, causal: 12 };
  expect(skippedNothing(none, { headDensity: [1, 1.02] })).toBe(true);
  expect(skippedNothing(none, { headDensity: [] })).toBe(true);
  expect(skippedNothing(none, { headDensity: [0.9, 1.2] })).toBe(false);
  expect(skippedNothing({ ...none, skipped: 1 }, { headDensity: [1, 1] })).toBe(false);
  expect(skippedNothing({ ...none, skipped: 1 }, { headDensity: [], note: 'Dense was used.' })).toBe(true);
});

it('says in words what the map shows', () => {
  const rows = densityRows(small, { headDensity: [0.25, 1, 0.5, 0.5] });
  expect(rows?.map(({ cells }) => cells.map(({ value }) => value))).toEqual([
    [0.25, 1],
    [0.5, 0.5],
  ]);
  expect(densitySentence(rows ?? [])).toBe(
    'Of 4 heads each computes from 25% (layer 0, head 0) to 100% (layer 0, head 1) of its tiles, the median head 50%; one computes all of them.',
  );
  const even = densityRows(small, { headDensity: [0.5, 0.5, 0.5, 0.5] });
  expect(densitySentence(even ?? [])).toBe(
    'Each of 4 heads computes 50% of its tiles; none computes all of them.',
  );
  expect(densityRows(small, { headDensity: [] })).toBeNull();
});
