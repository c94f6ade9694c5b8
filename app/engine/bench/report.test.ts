import { expect, test } from 'vitest';
import {
  checkText,
  differs,
  kernelTable,
  markdownTable,
  parseBenchResult,
  prefillTable,
  sharesOf,
  tablesOf,
  textTable,
} from './report';
import { kernelResult, prefillResult } from './fixtures';

test('shares are of the ceiling that the unit names', () => {
  const ceilings = { f32: 40, f16: 50, copy: 4_000 };
  expect(sharesOf({ rate: 20, unit: 'TFLOP/s' }, ceilings)).toEqual({ f32: 0.5, f16: 0.4, copy: null });
  expect(sharesOf({ rate: 1_000, unit: 'GB/s' }, ceilings)).toEqual({ f32: null, f16: null, copy: 0.25 });
  expect(sharesOf({ rate: 20, unit: 'TFLOP/s' }, { ...ceilings, f16: null }).f16).toBeNull();
  expect(sharesOf({ rate: 20, unit: 'TFLOP/s' }, null).f32).toBeNull();
});

test('a kernel differs when its error is above its tolerance or is no number', () => {
  expect(differs({ error: 1e-3, tolerance: 1e-2 })).toBe(false);
  expect(differs({ error: 2e-2, tolerance: 1e-2 })).toBe(true);
  expect(differs({ error: NaN, tolerance: 1e-2 })).toBe(true);
  expect(differs({ error: null, tolerance: 0 })).toBe(false);
});

test('the kernel table has rate, shares and error of each', () => {
  const { columns, rows } = kernelTable(kernelResult);
  expect(columns).toHaveLength(rows[0]?.length ?? 0);
  expect(rows).toContainEqual([
    'matmul',
    '64 x 64 x 64',
    '2.000',
    '20.00 TFLOP/s',
    '50%',
    '40%',
    '–',
    '1.0e-5',
  ]);
  expect(rows).toContainEqual([
    'decode_attention',
    '8192 keys',
    '0.500',
    '1000 GB/s',
    '–',
    '–',
    '25%',
    '1.0e-1 (too large)',
  ]);
});

test('the prefill table compares with dense of the same length, and says what was not run', () => {
  const { rows, columns } = prefillTable(prefillResult);
  expect(rows.map((row) => row.slice(0, 4))).toEqual([
    ['8,192', 'dense', '400.0 ms', '–'],
    ['8,192', 'vertical_slash', '200.0 ms', '2.00×'],
    ['32,768', 'vertical_slash', '1200.0 ms', '–'],
    ['32,768', 'dense', 'not run: left out above 8192 tokens, as asked', '–'],
  ]);
  for (const row of rows) expect(row).toHaveLength(columns.length);
});

test('a checked run says what was compared, how far off it was, and whether that is too far', () => {
  const [measured] = prefillResult.measurements;
  if (!measured) throw new Error('no measurement');
  expect(checkText(measured)).toBeNull();
  const check = {
    layer: 4,
    rows: [10, 8191],
    keys: 12_345,
    errors: { max: 3.4e-4, rms: 1.2e-4 },
    worst: { row: 10, head: 2 },
    tolerance: { max: 1e-2, rms: 2e-3 },
    ok: true,
  };
  expect(checkText({ ...measured, check })).toBe(
    'dense, 8192 tokens: 2 rows of layer 4, 12,345 keys, differ from f64 by 3.4e-4 at most (row 10, head 2), 1.2e-4 RMS; within 1.0e-2 and 2.0e-3',
  );
  expect(checkText({ ...measured, check: { ...check, ok: false } })).toContain('NOT within');
});

test('text lines up, and Markdown has as many cells in each line', () => {
  const [table] = tablesOf(prefillResult);
  if (!table) throw new Error('no table');
  const lines = textTable(table).split('\n').slice(2);
  expect(new Set(lines.map((line) => line.indexOf('  ', 8))).size).toBeGreaterThan(0);
  expect(lines[1]?.startsWith('8,192   dense')).toBe(true);
  const markdown = markdownTable(table).split('\n').slice(2);
  expect(new Set(markdown.map((line) => line.split('|').length)).size).toBe(1);
});

test('a result file is read back as it was written; anything else is refused in one sentence', () => {
  expect(parseBenchResult(JSON.stringify(kernelResult))).toEqual(kernelResult);
  expect(parseBenchResult(JSON.stringify(prefillResult))).toEqual(prefillResult);
  for (const text of ['', '[]', '{"suite":"kernels"}', JSON.stringify({ ...prefillResult, version: 2 })])
    expect(() => parseBenchResult(text)).toThrow('This file holds no benchmark result.');
});
