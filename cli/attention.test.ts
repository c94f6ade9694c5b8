import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { CliError } from './arguments';
import { readAttentionFolder } from './attention';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'attention-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function fill(shape: unknown, bytes: number): void {
  writeFileSync(join(folder, 'shape.json'), typeof shape === 'string' ? shape : JSON.stringify(shape));
  for (const name of ['q', 'k', 'v']) writeFileSync(join(folder, `${name}.f16`), new Uint8Array(bytes));
}

test('the shape of a folder with files of that size', () => {
  fill({ tokens: 5, heads: 2, headDim: 8 }, 160);
  expect(readAttentionFolder(folder)).toEqual({ tokens: 5, heads: 2, headDim: 8 });
});

test.each([
  ['no JSON', '{', 160, 'is not JSON'],
  ['no tokens', { heads: 2, headDim: 8 }, 160, 'tokens must be'],
  ['NaN as null', { tokens: null, heads: 2, headDim: 8 }, 160, 'tokens must be'],
  ['negative heads', { tokens: 5, heads: -2, headDim: 8 }, 160, 'heads must be'],
  ['odd dims', { tokens: 5, heads: 2, headDim: 7 }, 160, 'multiple of 8'],
  ['too long', { tokens: 2 ** 20 + 1, heads: 2, headDim: 8 }, 160, 'at most 1048576'],
  ['short file', { tokens: 5, heads: 2, headDim: 8 }, 158, '160 are needed'],
  ['an array', [5, 2, 8], 160, 'tokens must be'],
])('%s is refused with code 2', (_name, shape, bytes, message) => {
  fill(shape, bytes);
  const attempt = () => readAttentionFolder(folder);
  expect(attempt).toThrow(message);
  try {
    attempt();
  } catch (error) {
    expect(error instanceof CliError && error.exitCode).toBe(2);
  }
});

test('missing files are named', () => {
  expect(() => readAttentionFolder(join(folder, 'none'))).toThrow('shape.json');
  fill({ tokens: 5, heads: 2, headDim: 8 }, 160);
  rmSync(join(folder, 'k.f16'));
  expect(() => readAttentionFolder(folder)).toThrow('k.f16');
});
