import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import type { Precache, PrecacheFile, PrecacheGroup } from './precache.ts';

const entry = fileURLToPath(new URL('serviceWorker.ts', import.meta.url));

function hashOf(data: string | Buffer): string {
  return createHash('sha256').update(data).digest('hex');
}

function group(files: PrecacheFile[]): PrecacheGroup {
  return { version: hashOf(JSON.stringify(files)).slice(0, 12), files };
}

/** Everything under `folder` but the worker itself, source maps and model cards. */
export function precacheOf(folder: string): Precache {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((found) => found.isFile() && !/^sw\.js$|\.map$|^README\.md$/.test(found.name))
    .map((found) => join(found.parentPath, found.name))
    .toSorted()
    .map((file) => ({
      path: relative(folder, file).replaceAll(sep, '/'),
      sha256: hashOf(readFileSync(file)),
    }));
  const isModel = ({ path }: PrecacheFile): boolean => path.startsWith('models/');
  return { shell: group(files.filter((file) => !isModel(file))), model: group(files.filter(isModel)) };
}

/**
 * Vite plugin: after a build, `sw.js` beside `index.html`, with the list of what was built. Lazily loaded chunks and the
 * workers' own chunks are files like any other, so nothing has to be named.
 */
export function serviceWorker(): Plugin {
  let outDir = '';
  return {
    name: 'service-worker',
    apply: 'build',
    configResolved(config) {
      outDir = join(config.root, config.build.outDir);
    },
    writeBundle: {
      order: 'post',
      sequential: true,
      async handler() {
        await build({
          configFile: false,
          logLevel: 'warn',
          publicDir: false,
          define: { __PRECACHE__: JSON.stringify(precacheOf(outDir)) },
          build: {
            outDir,
            emptyOutDir: false,
            target: 'es2023',
            rollupOptions: { input: entry, output: { entryFileNames: 'sw.js', format: 'iife' } },
          },
        });
      },
    },
  };
}
