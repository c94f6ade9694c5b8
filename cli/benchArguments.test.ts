import { expect, test } from 'vitest';
import { parseBenchArguments } from './benchArguments';

const parse = (line: string) => parseBenchArguments(line.split(' '));

test('the prefill suite takes lengths, patterns, settings, model and order', () => {
  const { request, out, adapter } = parse(
    '--suite prefill --model synthetic:qwen2.5-0.5b --tokens 32768,2048,2048 --pattern vertical_slash,dense,a_shape --set vertical_slash:budget=classic --set local=512 --repeat 5 --dense-up-to 8192 --out r.json --adapter=gpu',
  );
  expect(request).toMatchObject({
    suite: 'prefill',
    model: { kind: 'synthetic', name: 'qwen2.5-0.5b', seed: 1 },
    tokens: [2_048, 32_768],
    patterns: [
      { name: 'vertical_slash', set: { budget: 'classic', local: 512 } },
      { name: 'dense', set: {} },
      { name: 'a_shape', set: { local: 512 } },
    ],
    repeat: 5,
    denseUpTo: 8_192,
  });
  expect([out, adapter]).toEqual(['r.json', 'gpu']);
});

test('rows to check, and the layer', () => {
  const { request } = parse('--suite prefill --check-rows 16 --check-layer 3');
  expect(request).toMatchObject({ checkRows: 16, checkLayer: 3 });
  expect(parse('--suite prefill').request).not.toHaveProperty('checkRows');
});

test('kernels are the default, at the shapes of a real model', () => {
  expect(parseBenchArguments([]).request).toMatchObject({
    suite: 'kernels',
    shapeName: 'qwen2.5-0.5b',
    tokens: [8_192, 32_768],
    patterns: [{ name: 'adaptive' }],
  });
});

test('some kernels alone, at other rows', () => {
  expect(parse('--only products,decode --rows 2048').request).toMatchObject({
    only: ['products', 'decode'],
    rows: 2_048,
  });
  expect(parseBenchArguments([]).request).not.toHaveProperty('only');
});

test.each([
  ['--suite speed', "--suite is kernels or prefill, not 'speed'"],
  ['--tokens 1e3x', "--tokens takes whole numbers from 1 up, not '1e3x'"],
  ['--tokens 2048,', "not ''"],
  ['--tokens 1048577', '--tokens ends at 1048576'],
  ['--suite prefill --model qwen', '--model is builtin, synthetic:qwen2.5-0.5b'],
  ['--suite prefill --repeat 0', '--repeat takes whole numbers from 1 up'],
  ['--suite prefill --set budget', '--set takes key=value'],
  ['--suite prefill --set a_shape:local=1', "'a_shape' is not among the patterns"],
  ['--suite prefill --check-rows 0', '--check-rows takes whole numbers from 1 up'],
  ['--suite prefill --check-layer 1', '--check-layer needs --check-rows'],
  ['--check-rows 4', '--check-rows belongs to --suite prefill'],
  ['--repeat 3', '--repeat belongs to --suite prefill'],
  ['--suite prefill --shape tiny', '--shape belongs to --suite kernels'],
  ['--only matmul', "--only takes products, attention, split, index, decode, step, not 'matmul'"],
  ['--rows 0', '--rows takes whole numbers from 1 up'],
  ['--suite prefill --only index', '--only belongs to --suite kernels'],
  ['--density 0', '--density takes shares'],
  ['--shape gpt', '--shape is one of'],
  ['--adapter cpu', '--adapter is auto, gpu or software'],
  ['--into x.md', '--into needs --markdown'],
  ['--fast', "unknown option '--fast'"],
  ['--out', '--out needs a value'],
])('%s is refused with code 2', (line, message) => {
  expect(() => parse(line)).toThrow(message);
  expect(() => parse(line)).toThrow(expect.objectContaining({ exitCode: 2 }));
});
