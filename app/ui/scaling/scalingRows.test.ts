import { expect, it } from 'vitest';
import { gpuResult } from '../../storage/fixtures';
import type { ScalingPoint, ScalingResult } from '../../state/scaling';
import { breakEvenSentence, lineOf, rowsOf, scalingCsv } from './scalingRows';
import { power } from './scalingTexts';

const [dense, sparse] = gpuResult.runs;
if (!dense || !sparse) throw new Error('unreachable');
const point = (tokens: number, denseMs: number | null, sparseMs: number, note?: string): ScalingPoint => ({
  tokens,
  dense: denseMs === null ? null : { ...dense, ttftMs: denseMs, phasesMs: null },
  sparse: { ...sparse, ttftMs: sparseMs, density: 0.1, ...(note !== undefined && { note }) },
});
const resultOf = (...points: ScalingPoint[]): ScalingResult => ({
  version: 1,
  date: '2026-11-20T10:00:00.000Z',
  pattern: 'adaptive',
  model: 'builtin',
  adapter: gpuResult.adapter,
  text: 'A report',
  points,
});

it('says which figures are projected, in the rows and in the file', () => {
  const result = resultOf(point(1_000, 10, 20), point(2_000, 40, 40), point(4_000, null, 80));
  expect(rowsOf(result).map(({ projected }) => projected)).toEqual([false, false, true]);
  expect(rowsOf(result)[2]?.dense).toBeCloseTo(160, 6);
  const [head, , , last] = scalingCsv(result).split('\r\n');
  expect(head).toBe('tokens,dense_ms,dense_projected,sparse_ms,density,ratio');
  expect(last?.split(',').map((cell) => (cell === 'true' ? cell : Number(Number(cell).toFixed(6))))).toEqual([
    4_000,
    160,
    'true',
    80,
    0.1,
    2,
  ]);
});

it('leaves dense blank where nothing tells what it would take', () => {
  const result = resultOf(point(1_000, null, 20));
  expect(rowsOf(result)[0]?.dense).toBeNull();
  expect(scalingCsv(result)).toContain('1000,,true,20,0.1,\r\n');
  expect(breakEvenSentence(result)).toBe('');
});

it('says where sparse begins to pay', () => {
  // 1e-5 n² and 0.02 n cross at 2,000.
  const points = [1_000, 2_000, 4_000].map((tokens) => point(tokens, 1e-5 * tokens * tokens, 0.02 * tokens));
  expect(breakEvenSentence(resultOf(...points))).toContain('from about 2,000 tokens on');
  const same = [point(1_000, 10, 10, 'Dense was used.'), point(2_000, 40, 40, 'Dense was used.')];
  expect(breakEvenSentence(resultOf(...same))).toContain('Nothing was skipped');
});

it('draws a fit between its ends', () => {
  const line = lineOf({ constant: 0, linear: 1, quadratic: 0 }, 1_000, 4_000);
  expect(line[0]).toEqual({ tokens: 1_000, seconds: 1 });
  expect(line.at(-1)?.tokens).toBeCloseTo(4_000, 6);
});

it('writes coefficients as people do', () => {
  expect([1.5, 0.000_122, 1_234].map(power)).toEqual(['1.50', '1.22·10⁻⁴', '1.23·10³']);
});
