/**
 * The first load has a budget: at most 250 KB of gzipped JavaScript on the page's own thread, from opening the address
 * until a run can be started, before any click. Out of it: the workers' files (the engine with its tokenizer; told and
 * bounded apart), because they are fetched and compiled on other threads after the first paint.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { dist } from '../cli/site';
import { expect, test } from './fixtures/app';

const budget = 250_000;
const workerBudget = 400_000;

/** Words that only the library's own code has, minified or not, and the chunk it is expected in. */
const later: readonly { what: string; words: string; chunk: RegExp }[] = [
  { what: 'PDF', words: 'PasswordResponses', chunk: /^readPdf-/ },
  { what: 'DOCX', words: 'noBreakHyphen', chunk: /^readDocx-/ },
  { what: 'EPUB', words: 'META-INF/container.xml', chunk: /^readEpub-/ },
  { what: 'tokenizer', words: 'byte_fallback', chunk: /^engine\.worker-/ },
  // WGSL and its layouts are the worker's: the page only plans memory.
  { what: 'kernels', words: '@workgroup_size', chunk: /^engine\.worker-/ },
  { what: 'charts', words: 'plot-', chunk: /^(?!index-|.*worker)/ },
];

function built(): Map<string, string> {
  const folder = join(dist, 'assets');
  const names = readdirSync(folder).filter((name) => name.endsWith('.js'));
  return new Map(names.map((name) => [name, readFileSync(join(folder, name), 'utf8')]));
}

function gzipped(names: readonly string[], files: ReadonlyMap<string, string>): number {
  return names.reduce((sum, name) => sum + gzipSync(files.get(name) ?? '').length, 0);
}

test('the first load stays within its budget and holds nothing that waits for a click', async ({
  app,
  page,
}) => {
  const asked = new Set<string>();
  page.on('request', (request) => {
    const name = new URL(request.url()).pathname.split('/').at(-1) ?? '';
    if (name.endsWith('.js')) asked.add(name);
  });
  await app.open();
  const files = built();
  // Inline scripts would escape the log of requests.
  expect(await page.locator('script:not([src])').count()).toBe(0);
  expect([...asked].filter((name) => !files.has(name))).toEqual([]);

  const workers = [...asked].filter((name) => /\.worker-/.test(name));
  const first = [...asked].filter((name) => !workers.includes(name));
  const size = gzipped(first, files);
  const workerSize = gzipped(workers, files);
  test.info().annotations.push({ type: 'first load', description: `${size} bytes gzipped` });
  // oxlint-disable-next-line no-console -- the figure is what the test is for
  console.log(
    `First load: ${(size / 1000).toFixed(1)} KB of JavaScript gzipped in ${first.length} files (budget ${budget / 1000} KB); ` +
      `workers ${(workerSize / 1000).toFixed(1)} KB (budget ${workerBudget / 1000} KB): ${workers.join(', ')}`,
  );
  expect(first.some((name) => name.startsWith('index-'))).toBe(true);
  expect(workers.some((name) => name.startsWith('engine.worker-'))).toBe(true);
  expect(size).toBeLessThanOrEqual(budget);
  expect(workerSize).toBeLessThanOrEqual(workerBudget);

  for (const { what, words, chunk } of later) {
    const holders = [...files].filter(([, code]) => code.includes(words)).map(([name]) => name);
    // Otherwise the words tell nothing.
    expect(
      holders.some((name) => chunk.test(name)),
      `${what} is built`,
    ).toBe(true);
    expect(
      holders.filter((name) => first.includes(name)),
      `${what} in the first load`,
    ).toEqual([]);
    if (!chunk.source.includes('engine'))
      expect(
        workers.filter((name) => chunk.test(name)),
        what,
      ).toEqual([]);
  }
});
