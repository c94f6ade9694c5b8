import { existsSync, readFileSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import type { Plugin } from 'vite';
import { resolveImports } from './wgsl.ts';

/** Vite plugin: `import shader from '…/x.wgsl'` gives a `ShaderSource` with imports resolved from `<root>/lib`. */
export function wgsl(root: string): Plugin {
  return {
    name: 'wgsl',
    enforce: 'pre',
    load(id) {
      const path = id.split('?')[0] ?? id;
      if (!path.endsWith('.wgsl')) return null;
      this.addWatchFile(path);
      const readLib = (name: string): string | undefined => {
        const file = resolve(root, 'lib', `${name}.wgsl`);
        if (!existsSync(file)) return undefined;
        this.addWatchFile(file);
        return readFileSync(file, 'utf8');
      };
      const source = resolveImports(basename(path, '.wgsl'), readFileSync(path, 'utf8'), readLib);
      return { code: `export default ${JSON.stringify(source)};`, map: null };
    },
  };
}
