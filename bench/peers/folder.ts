/** A temporary folder that the page is served: onnxruntime-web's files, models and inputs. */
import { copyFileSync, existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from '../../cli/arguments';
import type { Options } from './options';

/** The module and the WebAssembly that each build of the package needs. */
export const buildFiles: Record<Options['build'], { module: string; wasm: string[] }> = {
  webgpu: {
    module: 'ort.webgpu.min.mjs',
    wasm: ['ort-wasm-simd-threaded.asyncify.mjs', 'ort-wasm-simd-threaded.asyncify.wasm'],
  },
  jspi: {
    module: 'ort.jspi.min.mjs',
    wasm: ['ort-wasm-simd-threaded.jspi.mjs', 'ort-wasm-simd-threaded.jspi.wasm'],
  },
};

export class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'peers-'));
  private readonly written = new Set<string>();

  /** Copies the files of a build from `from`. Throws a `CliError` with code 2 where one is not there. */
  addBuild(from: string, build: Options['build']): void {
    const { module, wasm } = buildFiles[build];
    for (const name of [module, ...wasm]) {
      const file = join(from, name);
      if (!existsSync(file))
        throw new CliError(
          `'${file}' does not exist: run npm ci in bench/peers, or give --ort the folder with onnxruntime-web's files`,
          2,
        );
      copyFileSync(file, join(this.path, name));
    }
  }

  /** Writes a file unless it is there, and answers its name. */
  add(name: string, bytes: () => Uint8Array): string {
    if (!this.written.has(name)) writeFileSync(join(this.path, name), bytes());
    this.written.add(name);
    return name;
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}
