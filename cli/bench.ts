/** `npm run bench`: kernels or a whole model's prefill, measured in a headless Chromium, as a table and JSON. */
import { writeFileSync } from 'node:fs';
import type { Page } from 'playwright';
import { checkText, differs, tablesOf, textTable } from '../app/engine/bench/report';
import type { BenchRequest, BenchResult } from '../app/engine/bench/types';
import type { ErrorReport } from '../app/errors';
import { CliError } from './arguments';
import { parseBenchArguments, usage, type BenchArguments } from './benchArguments';
import { markdownOf, writeResults } from './benchMarkdown';
import { addressOf, ensureChromium, openPage } from './browser';
import { buildIfNeeded, serveSite } from './site';

const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

type Outcome = { ok: true; value: BenchResult } | { ok: false; error: ErrorReport };

async function inPage(
  page: Page,
  request: BenchRequest,
  onUpdate: (result: BenchResult) => void,
): Promise<BenchResult> {
  await page.exposeFunction('cliLog', log);
  await page.exposeFunction('cliUpdate', onUpdate);
  const outcome = await page.evaluate(async (work): Promise<Outcome> => {
    const { playground, cliLog, cliUpdate } = window as unknown as {
      playground: typeof window.playground;
      cliLog: (line: string) => Promise<void>;
      cliUpdate: (result: BenchResult) => Promise<void>;
    };
    let told = Promise.resolve();
    try {
      const value = await playground.bench(work, {
        onProgress: cliLog,
        onUpdate: (result) => {
          told = told.then(() => cliUpdate(result));
        },
      });
      await told;
      return { ok: true, value };
    } catch (error) {
      await told;
      const report = (error as { report?: ErrorReport }).report;
      return { ok: false, error: report ?? { code: 'internal', sentence: String(error), remedy: '' } };
    }
  }, request);
  if (outcome.ok) return outcome.value;
  const { code, sentence, remedy, detail } = outcome.error;
  if (detail) log(detail);
  const noAdapter = code === 'no-adapter' || code === 'no-webgpu';
  throw new CliError(`${sentence} ${remedy}`.trim(), noAdapter ? 3 : code === 'bad-setting' ? 2 : 1);
}

function print(result: BenchResult): void {
  console.log(tablesOf(result).map(textTable).join('\n\n'));
  const measurements = result.suite === 'prefill' ? result.measurements : [];
  const notes = measurements.filter(({ note }) => note !== undefined);
  const lines = [
    ...measurements.map(checkText).filter((line) => line !== null),
    ...notes.map(({ tokens, pattern, note }) => `${pattern}, ${tokens} tokens: ${note}`),
    ...result.notRun.map(({ tokens, pattern, reason }) => `${pattern}, ${tokens} tokens: not run, ${reason}`),
  ];
  if (lines.length > 0) console.log(`\n${lines.join('\n')}`);
}

/** Ends with code 1 where a kernel or a checked row is not what f64 says: a fast wrong kernel is no result. */
function refuseWrong(result: BenchResult): void {
  if (result.suite === 'prefill') {
    const wrong = result.measurements.filter(({ check }) => check?.ok === false);
    const names = wrong.map(({ pattern, tokens }) => `${pattern} at ${tokens} tokens`);
    if (names.length > 0) throw new CliError(`rows differ from f64: ${names.join('; ')}`, 1);
    return;
  }
  const wrong = result.measurements.filter(differs).map(({ kernel, shape }) => `${kernel} (${shape})`);
  if (wrong.length > 0) throw new CliError(`differs from the reference: ${wrong.join('; ')}`, 1);
}

async function measure(request: BenchRequest, { adapter, tier, out }: BenchArguments): Promise<void> {
  const save = (result: BenchResult): void => {
    if (out !== null) writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`);
  };
  await buildIfNeeded(log);
  // The page of results: it loads no model of its own that would share the GPU.
  const site = await serveSite();
  try {
    const { browser, page, software } = await openPage(
      ensureChromium(log),
      addressOf(site.origin, 'bench', tier),
      adapter,
    );
    try {
      log(software ? 'Software WebGPU: correct, not fast.' : 'GPU found.');
      page.on('pageerror', (error) => {
        log(error.message);
      });
      await page.waitForFunction(() => 'playground' in window, undefined, { timeout: 60_000 });
      const result = await inPage(page, request, save);
      save(result);
      print(result);
      refuseWrong(result);
    } finally {
      await browser.close();
    }
  } finally {
    await site.close();
  }
}

async function main(argv: readonly string[]): Promise<void> {
  const args = parseBenchArguments(argv);
  if (args.help) {
    console.log(usage);
  } else if (args.request) {
    await measure(args.request, args);
  } else {
    const markdown = markdownOf(args.markdown);
    if (args.into === null) console.log(markdown);
    else await writeResults(args.into, markdown);
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  log(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof CliError ? error.exitCode : 1;
});
