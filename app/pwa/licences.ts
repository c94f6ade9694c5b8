/** Vite plugins: the licences of all packages whose code is in the page or in its workers, as one text beside it. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

export interface PackageLicence {
  name: string;
  version: string;
  licence: string;
  /** The package's own file, or '' where it has none. */
  text: string;
}

/** The folder of the package that a module is from, or null for code of this repository. */
export function packageRoot(module: string): string | null {
  const path = module.replace(/^\0/, '').replaceAll('\\', '/');
  return /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? null;
}

export function readLicence(root: string): PackageLicence | null {
  const manifest = join(root, 'package.json');
  if (!existsSync(manifest)) return null;
  const { name, version, license } = JSON.parse(readFileSync(manifest, 'utf8')) as Record<string, unknown>;
  const file = readdirSync(root).find((candidate) => /^(licen[cs]e|copying)/i.test(candidate));
  return {
    name: String(name),
    version: String(version),
    licence: String(license),
    text: file === undefined ? '' : readFileSync(join(root, file), 'utf8').trim(),
  };
}

export function licenceText(packages: readonly PackageLicence[]): string {
  const sorted = packages.toSorted((a, b) => a.name.localeCompare(b.name));
  const entries = sorted.map(({ name, version, licence, text }) => {
    const title = `${name} ${version} (${licence})`;
    return `${title}\n${'='.repeat(title.length)}\n\n${text === '' ? `Licence: ${licence}` : text}\n`;
  });
  return `Libraries in this page and their licences.\n\n${entries.join('\n\n')}`;
}

/** `collect` goes into every build, also of workers, which are built before the page is written; `write` into the page's. */
export function licences(fileName: string): { collect: () => Plugin; write: () => Plugin } {
  const roots = new Set<string>();
  const note = (modules: Iterable<string>): void => {
    for (const module of modules) {
      const root = packageRoot(module);
      if (root !== null) roots.add(root);
    }
  };
  const collect = (): Plugin => ({
    name: 'licences-collect',
    apply: 'build',
    generateBundle(_options, bundle) {
      for (const output of Object.values(bundle)) if (output.type === 'chunk') note(output.moduleIds);
    },
  });
  const write = (): Plugin => ({
    name: 'licences-write',
    apply: 'build',
    generateBundle: {
      order: 'post',
      handler(_options, bundle) {
        for (const output of Object.values(bundle)) if (output.type === 'chunk') note(output.moduleIds);
        const packages = [...roots].map(readLicence).filter((found) => found !== null);
        this.emitFile({ type: 'asset', fileName, source: licenceText(packages) });
      },
    },
  });
  return { collect, write };
}
