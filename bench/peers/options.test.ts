import { expect, test } from 'vitest';
import { parseOptions } from './options';

test('defaults are the comparison that the README shows', () => {
  const options = parseOptions([]);
  expect(options).toMatchObject({
    tokens: [2_048, 8_192, 16_384, 32_768],
    variants: ['f16', 'int4', 'attention'],
    only: 'both',
    shapeName: 'qwen2.5-0.5b',
    repeat: 3,
    tier: null,
  });
  expect(options?.shape.layers).toBe(24);
  expect(parseOptions(['--help'])).toBeNull();
});

test('lengths are sorted and said once, and layers replace those of the shape', () => {
  const options = parseOptions(['--tokens', '128,64,128', '--layers', '2', '--variants=int4']);
  expect(options?.tokens).toEqual([64, 128]);
  expect(options?.shape).toMatchObject({ layers: 2, hidden: 896 });
  expect(options?.variants).toEqual(['int4']);
});

test.each([
  [['--tokens', 'many'], '--tokens takes whole numbers'],
  [['--tokens', '0'], '--tokens takes whole numbers'],
  [['--layers', '25'], '--layers takes whole numbers from 1 to 24'],
  [['--variants', 'int8'], '--variants is one of f16, int4, attention'],
  [['--only', 'none'], '--only is one of ours, theirs'],
  [['--only', 'ours', '--variants', 'f16'], '--variants are of onnxruntime-web'],
  [['--shape', 'qwen3-0.6b'], '--shape is one of qwen2.5-0.5b, tiny'],
  [['--tier', 'fast'], '--tier is one of'],
  [['--adapter', 'cpu'], '--adapter is one of'],
  [['--length', '1'], '--length'],
])('%j is refused with words', (argv, words) => {
  expect(() => parseOptions(argv)).toThrow(words);
});
