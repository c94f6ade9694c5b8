/** What `--model` names: the built-in model, a folder on this machine, or a Hub id with '@revision' if wanted. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CliRequest } from './compareInPage';

export interface NamedModel {
  /** For `serveSite`: a folder is served to the page. */
  served: { folder?: string };
  source(origin: string): CliRequest['source'];
}

function hubSource(name: string): CliRequest['source'] {
  const [id = name, revision] = name.split('@');
  // The browser's profile ends with the command, and what it kept with it.
  return { kind: 'hub', id, ...(revision !== undefined && { revision }), keep: false };
}

export function modelOf(name: string): NamedModel {
  if (name === 'builtin') return { served: {}, source: () => ({ kind: 'builtin' }) };
  if (!existsSync(name) || !statSync(name).isDirectory())
    return { served: {}, source: () => hubSource(name) };
  return {
    served: { folder: resolve(name) },
    source: (origin) => ({ kind: 'url', name, base: `${origin}/model/` }),
  };
}
