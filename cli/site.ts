/** The built page on a local port, with a model folder beside it when asked: what `start`, `compare` and tests open. */
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import http from 'node:http';
import { extname, join, normalize, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('..', import.meta.url));
export const dist = join(root, 'dist');

const types: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.mjs': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webmanifest': 'application/manifest+json',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

function newest(path: string): number {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), 0);
}

/** Builds the page unless the build is newer than everything it is made from. */
export async function buildIfNeeded(log: (line: string) => void): Promise<void> {
  // Only a missing source tree (an unpacked build carried elsewhere) may leave a build unchecked.
  const sources = ['app', 'shaders', 'public', 'index.html', 'vite.config.ts', 'package-lock.json'];
  const changed = Math.max(...sources.map((name) => newest(join(root, name))));
  const built = statSync(join(dist, 'index.html'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  if (built > changed) return;
  log('Building the page…');
  const { build } = await import('vite');
  await build({ root, logLevel: 'warn' });
}

export interface Site {
  origin: string;
  close(): Promise<void>;
}

/** Serves `dist`, and `folder` under /model/ if given. Only on this machine; missing files are 404, never index.html. */
export async function serveSite(options: { port?: number; folder?: string } = {}): Promise<Site> {
  const server = http.createServer((request, response) => {
    const path = decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname);
    const [base, rest] =
      path.startsWith('/model/') && options.folder ? [options.folder, path.slice(6)] : [dist, path];
    const file = resolve(join(base, normalize(rest === '/' ? '/index.html' : rest)));
    const inside = file.startsWith(resolve(base) + sep);
    if (!inside || !existsSync(file) || !statSync(file).isFile()) {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
      return;
    }
    response.writeHead(200, {
      'content-type': types[extname(file)] ?? 'application/octet-stream',
      'content-length': statSync(file).size,
      'cache-control': 'no-cache',
    });
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((done, fail) => {
    server.once('error', fail);
    server.listen(options.port ?? 0, '127.0.0.1', done);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    origin: `http://127.0.0.1:${address.port}`,
    close: () =>
      new Promise((done) => {
        server.close(() => {
          done();
        });
        server.closeAllConnections();
      }),
  };
}
