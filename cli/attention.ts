/** `npm run compare -- --attention FOLDER`: one attention alone on q, k and v of a folder, written for comparing. */
import { closeSync, existsSync, openSync, readFileSync, statSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Page } from 'playwright';
import type { AttentionReport, AttentionShape } from '../app/engine/attentionAlone';
import type { ErrorReport } from '../app/errors';
import { CliError, settingValues, type CompareArguments } from './arguments';
import { addressOf, ensureChromium, openPage } from './browser';
import { buildIfNeeded, serveSite } from './site';

/** shape.json of a folder, with the sizes of its files checked against it. Throws a `CliError` with code 2. */
export function readAttentionFolder(folder: string): AttentionShape {
  const file = join(folder, 'shape.json');
  if (!existsSync(file)) throw new CliError(`'${file}' does not exist`, 2);
  let json: unknown;
  try {
    json = JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    throw new CliError(`'${file}' is not JSON`, 2);
  }
  const read = (name: keyof AttentionShape): number => {
    const value = typeof json === 'object' && json !== null ? (json as Record<string, unknown>)[name] : null;
    if (typeof value !== 'number' || !Number.isInteger(value) || value < 1)
      throw new CliError(`'${file}': ${name} must be a whole number from 1 up`, 2);
    return value;
  };
  const shape = { tokens: read('tokens'), heads: read('heads'), headDim: read('headDim') };
  if (shape.headDim % 8 !== 0 || shape.headDim > 256)
    throw new CliError(`'${file}': headDim must be a multiple of 8 up to 256`, 2);
  if (shape.tokens > 2 ** 20) throw new CliError(`'${file}': tokens must be at most ${2 ** 20}`, 2);
  const wanted = shape.tokens * shape.heads * shape.headDim * 2;
  for (const name of ['q', 'k', 'v']) {
    const path = join(folder, `${name}.f16`);
    const size = statSync(path, { throwIfNoEntry: false })?.size;
    if (size === undefined) throw new CliError(`'${path}' does not exist`, 2);
    if (size !== wanted)
      throw new CliError(`'${path}' has ${size} bytes, and ${wanted} are needed for the shape`, 2);
  }
  return shape;
}

/** Where the results go: the lists as JSON text by head and row block, the output straight into its file. */
class Results {
  private readonly blocks: string[][];
  private readonly columns: string[][];
  private readonly output: number;

  constructor(
    private readonly path: string,
    private readonly shape: AttentionShape,
  ) {
    this.blocks = Array.from({ length: shape.heads }, () => []);
    this.columns = Array.from({ length: shape.heads }, () => []);
    this.output = openOrRefuse(`${path}.out.f32`);
  }

  add(
    chunk: { first: number; count: number; blocks: number[][][]; columns: number[][][] },
    out: Buffer,
  ): void {
    const { tokens, headDim } = this.shape;
    chunk.blocks.forEach((rows, head) => this.blocks[head]?.push(...rows.map((row) => JSON.stringify(row))));
    chunk.columns.forEach((rows, head) =>
      this.columns[head]?.push(...rows.map((row) => JSON.stringify(row))),
    );
    const bytes = chunk.count * headDim * 4;
    for (let head = 0; head * bytes < out.length; head++) {
      const to = (head * tokens + chunk.first) * headDim * 4;
      for (let done = 0; done < bytes;)
        done += writeSync(this.output, out, head * bytes + done, bytes - done, to + done);
    }
  }

  /** The JSON document, piece by piece: long prompts with many heads pass the longest string there can be. */
  finish(report: AttentionReport): void {
    closeSync(this.output);
    const file = openOrRefuse(this.path);
    const { adapter, ...rest } = report;
    writeSync(file, `${JSON.stringify({ version: 1, ...rest, adapter }).slice(0, -1)},\n`);
    for (const [name, lists] of [
      ['blocks', this.blocks],
      ['columns', this.columns],
    ] as const) {
      writeSync(file, `"${name}": [`);
      lists.forEach((rows, head) => {
        writeSync(file, head === 0 ? '\n[' : ',\n[');
        rows.forEach((row, at) => writeSync(file, at === 0 ? row : `,${row}`));
        writeSync(file, ']');
      });
      writeSync(file, name === 'blocks' ? '],\n' : ']}\n');
    }
    closeSync(file);
  }
}

function openOrRefuse(path: string): number {
  try {
    return openSync(path, 'w');
  } catch (error) {
    throw new CliError(`'${path}' cannot be written (${(error as NodeJS.ErrnoException).code})`, 2);
  }
}

type Outcome = { ok: true; value: AttentionReport } | { ok: false; error: ErrorReport };

async function inPage(
  page: Page,
  shape: AttentionShape,
  base: string,
  pattern: { name: string; set: Record<string, string | number | boolean> },
  results: Results,
  log: (line: string) => void,
): Promise<AttentionReport> {
  await page.exposeFunction('cliChunk', (json: string, base64: string) => {
    const chunk = JSON.parse(json) as Parameters<Results['add']>[0];
    results.add(chunk, Buffer.from(base64, 'base64'));
    log(`rows ${chunk.first + chunk.count} of ${shape.tokens}`);
  });
  const outcome = await page.evaluate(
    async (work): Promise<Outcome> => {
      const { playground, cliChunk } = window as unknown as {
        playground: typeof window.playground;
        cliChunk: (json: string, base64: string) => Promise<void>;
      };
      try {
        const value = await playground.attention(
          {
            base: work.base,
            shape: work.shape,
            pattern: { name: work.pattern.name as 'dense', set: work.pattern.set },
          },
          ({ out, ...chunk }) => {
            const bytes = new Uint8Array(out.buffer, out.byteOffset, out.byteLength);
            const pieces: string[] = [];
            // btoa of whole triples, so that the pieces join to one text; 8,190 arguments fit any stack.
            for (let at = 0; at < bytes.length; at += 8190)
              pieces.push(btoa(String.fromCharCode(...bytes.subarray(at, at + 8190))));
            return cliChunk(JSON.stringify(chunk), pieces.join(''));
          },
        );
        return { ok: true, value };
      } catch (error) {
        const report = (error as { report?: ErrorReport }).report;
        return { ok: false, error: report ?? { code: 'internal', sentence: String(error), remedy: '' } };
      }
    },
    { base, shape, pattern },
  );
  if (outcome.ok) return outcome.value;
  const { code, sentence, remedy, detail } = outcome.error;
  if (detail) log(detail);
  const noAdapter = code === 'no-adapter' || code === 'no-webgpu';
  throw new CliError(`${sentence} ${remedy}`.trim(), noAdapter ? 3 : code === 'bad-setting' ? 2 : 1);
}

export async function compareAttention(args: CompareArguments, log: (line: string) => void): Promise<void> {
  const folder = resolve(args.attention ?? '');
  if (args.out === null) throw new CliError('--attention needs --out FILE', 2);
  const shape = readAttentionFolder(folder);
  const set = settingValues(args.set);
  const results = new Results(args.out, shape);
  await buildIfNeeded(log);
  const site = await serveSite({ folder });
  try {
    const { browser, page, software } = await openPage(
      ensureChromium(log),
      addressOf(site.origin, 'cli', args.tier),
      args.adapter,
    );
    try {
      log(software ? 'Software WebGPU: correct, not fast.' : 'GPU found.');
      await page.waitForFunction(() => 'playground' in window, undefined, { timeout: 60_000 });
      const pattern = { name: args.pattern, set };
      const report = await inPage(page, shape, `${site.origin}/model/`, pattern, results, log);
      results.finish(report);
      const { tokens, heads, headDim } = shape;
      console.log(
        `${report.pattern} on ${tokens} tokens, ${heads} heads of ${headDim}: density ${report.density.toFixed(4)}`,
      );
      if (report.note !== undefined) console.log(report.note);
    } finally {
      await browser.close();
    }
  } finally {
    await site.close();
  }
}
