import { expect, test } from 'vitest';
import { resolveImports, specialise } from './wgsl';

const none = (): undefined => undefined;
const lib =
  (texts: Record<string, string>) =>
  (name: string): string | undefined =>
    texts[name];

test('imports are spliced once, wherever they are first asked for', () => {
  const source = resolveImports(
    'main',
    '#import a\n#import b\nfn main() {}',
    lib({ a: 'fn a() {}', b: '#import a\nfn b() {}' }),
  );
  const text = specialise(source, new Set(), {});
  expect(text.match(/fn a\(\)/g)).toHaveLength(1);
  expect(text.indexOf('fn a')).toBeLessThan(text.indexOf('fn b'));
});

test('variants pick one side, nested too, and enable lines come first', () => {
  const source = resolveImports(
    'main',
    'const x = 1;\n#if f16\nenable f16;\n#if subgroups\nS\n#else\nF\n#endif\n#else\nP\n#endif',
    none,
  );
  const kept = (...on: ('f16' | 'subgroups')[]): string[] => specialise(source, new Set(on), {}).split('\n');
  expect(kept()).toEqual(['const x = 1;', 'P']);
  expect(kept('f16')).toEqual(['enable f16;', 'const x = 1;', 'F']);
  expect(kept('f16', 'subgroups')).toEqual(['enable f16;', 'const x = 1;', 'S']);
});

test('constants are typed and must match what is given', () => {
  const source = resolveImports('main', '#const N: u32', none);
  expect(specialise(source, new Set(), { N: 3 })).toBe('const N: u32 = u32(3);');
  expect(() => specialise(source, new Set(), {})).toThrow('main.wgsl:1: constant N was not given');
  expect(() => specialise(source, new Set(), { N: 3, M: 1 })).toThrow('constant M is given but not declared');
});

test.each([
  ['#import gone', 'main.wgsl:1: no shaders/lib/gone.wgsl to import'],
  ['\n#include x', "main.wgsl:2: unknown directive '#include'"],
  ['#if f32\n#endif', "unknown flag 'f32'"],
  ['#if f16', 'main.wgsl:1: #if without #endif'],
  ['#endif', '#endif without #if'],
  ['#else', '#else without #if'],
  ['#if f16\n#else\n#else\n#endif', '#else without #if'],
  ['#const n = 3', "malformed #const 'n = 3'"],
])('%j is an error with file and line', (text, message) => {
  expect(() => resolveImports('main', text, none)).toThrow(message);
});

test('lib holds helpers only, and an import cycle is named', () => {
  expect(() =>
    resolveImports('main', '#import a', lib({ a: '@group(0) @binding(0) var<uniform> u: u32;' })),
  ).toThrow('a has a binding or an entry point');
  expect(() => resolveImports('main', '#import a', lib({ a: '#import b', b: '#import a' }))).toThrow(
    'imports itself through main -> a -> b -> a',
  );
});
