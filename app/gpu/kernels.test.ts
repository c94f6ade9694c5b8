import { readFileSync, readdirSync } from 'node:fs';
import { basename, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { paramsWriter } from './kernel';
import { flags, resolveImports, specialise } from './wgsl';

const camel = (stem: string): string => stem.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
const shaders = ['model', 'attention', 'bench'].flatMap((folder) =>
  readdirSync(join('shaders', folder))
    .filter((file) => file.endsWith('.wgsl'))
    .map((file) => join('shaders', folder, file)),
);
const kernels = new Set(readdirSync('app/kernels'));
const references = new Set(readdirSync('app/reference'));
const readLib = (name: string): string => readFileSync(join('shaders/lib', `${name}.wgsl`), 'utf8');

describe.each(shaders)('%s', (path) => {
  const stem = basename(path, '.wgsl');
  const source = resolveImports(stem, readFileSync(path, 'utf8'), readLib);

  test('has its binding, its reference and a test', () => {
    expect([...kernels]).toContain(`${camel(stem)}.ts`);
    // The stages of one algorithm share its reference, which their headers then name.
    const named = /^\/\/ Reference: app\/reference\/(\w+\.ts)/m.exec(readFileSync(path, 'utf8'))?.[1];
    expect([...references]).toContain(named ?? `${camel(stem)}.ts`);
  });

  test('declares one entry point main, Params at binding 0, and its storage bindings as the TypeScript does', () => {
    const wgsl = specialise(source, new Set(flags), null);
    expect(wgsl.match(/@compute/g)).toHaveLength(1);
    expect(wgsl).toMatch(/fn main\(/);
    expect(wgsl).toMatch(/@group\(0\) @binding\(0\) var<uniform> params: Params;/);
    const declared = [
      ...wgsl.matchAll(/@group\(0\) @binding\((\d+)\) var<storage, (read|read_write)> (\w+)/g),
    ].map(([, binding, access, name]) => ({ binding: Number(binding), access, name }));
    const text = readFileSync(join('app/kernels', `${camel(stem)}.ts`), 'utf8');
    const bindings = /bindings: \{([^}]*)\}/.exec(text)?.[1] ?? '';
    const wanted = [...bindings.matchAll(/(\w+): '(read|read_write)'/g)].map(([, name, access], index) => ({
      binding: index + 1,
      access,
      name,
    }));
    expect(declared).toEqual(wanted);
  });

  test('has a Params that fits a 256-byte uniform slot', () => {
    expect(paramsWriter(stem, source.text).bytes.byteLength).toBeLessThanOrEqual(256);
  });

  test('is at most 300 lines', () => {
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThanOrEqual(300);
  });
});
