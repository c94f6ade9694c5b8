/// <reference lib="webworker" />
/**
 * The service worker: the page and the built-in model from this machine, so that both work offline. It answers for the
 * files that the build listed and lets everything else pass untouched. A new version is fetched beside the old one and
 * waits until the page says that it may take over.
 */
import type { Precache, PrecacheFile, PrecacheGroup } from './precache';

declare const self: ServiceWorkerGlobalScope;
declare const __PRECACHE__: Precache;

const { shell, model } = __PRECACHE__;
const shellPrefix = 'minference-shell-';
const modelPrefix = 'minference-model-';
const shellName = shellPrefix + shell.version;
const modelName = modelPrefix + model.version;
const scope = new URL('./', self.location.href);
const listed = new Set([...shell.files, ...model.files].map(({ path }) => path));
/** Fetched at a time. */
const atOnce = 6;

async function sha256(bytes: ArrayBuffer): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/**
 * The file as it was built. What the browser has just loaded for the page is taken from its HTTP cache at any age: the
 * checksum tells whether it is the right one. A deployment that is half done never gets in.
 */
async function fetchBuilt({ path, sha256: wanted }: PrecacheFile): Promise<Response> {
  for (const cache of ['force-cache', 'reload'] as const) {
    const response = await fetch(new URL(path, scope), { cache });
    const bytes = response.ok ? await response.arrayBuffer() : null;
    if (!bytes || (await sha256(bytes)) !== wanted) continue;
    // Anew, as the headers of a compressed transfer do not fit the bytes.
    const type = response.headers.get('content-type') ?? 'application/octet-stream';
    return new Response(bytes, {
      headers: { 'content-type': type, 'content-length': String(bytes.byteLength) },
    });
  }
  throw new Error(`${path} is not the file that this version was built with`);
}

async function fill(name: string, { files }: PrecacheGroup): Promise<void> {
  const cache = await caches.open(name);
  const rest = [...files];
  const one = async (): Promise<void> => {
    for (let file = rest.shift(); file; file = rest.shift()) {
      const url = new URL(file.path, scope);
      if (!(await cache.match(url))) await cache.put(url, await fetchBuilt(file));
    }
  };
  await Promise.all(Array.from({ length: atOnce }, one));
}

/** Older versions go, but for the last one: tabs that still show it may load a part of it later. */
async function tidy(): Promise<void> {
  const names = await caches.keys();
  const old = names.filter((name) => name.startsWith(shellPrefix) && name !== shellName).slice(0, -1);
  const oldModels = names.filter((name) => name.startsWith(modelPrefix) && name !== modelName);
  await Promise.all([...old, ...oldModels].map((name) => caches.delete(name)));
}

async function answer(request: Request, path: string): Promise<Response> {
  const url = new URL(path, scope);
  for (const name of [shellName, modelName]) {
    const found = await (await caches.open(name)).match(url);
    if (found) return found;
  }
  return (await caches.match(url)) ?? fetch(request);
}

self.addEventListener('install', (event) => {
  event.waitUntil(Promise.all([fill(shellName, shell), fill(modelName, model)]));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(tidy().then(() => self.clients.claim()));
});

self.addEventListener('message', ({ data }: ExtendableMessageEvent) => {
  if (data === 'take-over') void self.skipWaiting();
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  if (request.method !== 'GET' || request.headers.has('range') || !request.url.startsWith(scope.href)) return;
  const { pathname } = new URL(request.url);
  const path = decodeURIComponent(pathname.slice(scope.pathname.length));
  const name = path === '' && request.mode === 'navigate' ? 'index.html' : path;
  // Parts of the version before are not listed any more.
  if (listed.has(name) || name.startsWith('assets/')) event.respondWith(answer(request, name));
  // A loader asks for files that a model may have; the built-in model's are all known.
  else if (name.startsWith('models/')) event.respondWith(new Response('not found', { status: 404 }));
});
