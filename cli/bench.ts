/** `npm run bench`: kernels, checked against the reference and then timed, as a table and JSON. */
import { writeFileSync } from 'node:fs';
import type { KernelBenchRequest, KernelMeasurement } from '../app/engine/bench';
import type { KernelBenchResult } from '../app/worker/bench';
import { CliError } from './arguments';
import { ensureChromium, openPage } from './browser';
import { buildIfNeeded, serveSite } from './site';

const usage = `Usage: npm run bench -- [options]

  --suite kernels                 what to measure (kernels, for now)
  --tokens N[,N…]                 lengths (default: 8192,32768)
  --shape builtin|qwen2.5-0.5b    heads and widths (default: qwen2.5-0.5b)
  --out FILE                      write the result as JSON
  --adapter auto|gpu|software
`;

const shapes: Record<string, Omit<KernelBenchRequest, 'tokens' | 'densities'>> = {
  builtin: { heads: 6, kvHeads: 2, headDim: 64, hidden: 384, intermediate: 1024 },
  'qwen2.5-0.5b': { heads: 14, kvHeads: 2, headDim: 64, hidden: 896, intermediate: 4864 },
  'qwen3-0.6b': { heads: 16, kvHeads: 8, headDim: 128, hidden: 1024, intermediate: 3072 },
};

function row({ kernel, shape, error, ms, rate, unit }: KernelMeasurement): string {
  return (
    kernel.padEnd(30) +
    shape.padEnd(44) +
    `${ms.toFixed(3)} ms`.padStart(14) +
    `${rate.toFixed(2)} ${unit}`.padStart(18) +
    `  error ${error.toExponential(1)}`
  );
}

async function main(argv: readonly string[]): Promise<void> {
  const options = new Map<string, string>();
  for (let at = 0; at < argv.length; at += 2) {
    const [flag = '', value] = argv.slice(at, at + 2);
    if (flag === '--help') {
      console.log(usage);
      return;
    }
    if (!['--suite', '--tokens', '--shape', '--out', '--adapter'].includes(flag) || value === undefined) {
      throw new CliError(`unknown option or missing value: '${flag}' (see --help)`, 2);
    }
    options.set(flag, value);
  }
  const shape = shapes[options.get('--shape') ?? 'qwen2.5-0.5b'];
  if (!shape) throw new CliError(`--shape is one of ${Object.keys(shapes).join(', ')}`, 2);
  if ((options.get('--suite') ?? 'kernels') !== 'kernels') throw new CliError('--suite is kernels', 2);
  const tokens = (options.get('--tokens') ?? '8192,32768').split(',').map(Number);
  if (!tokens.every((length) => Number.isInteger(length) && length > 0)) {
    throw new CliError('--tokens takes whole numbers, separated by commas', 2);
  }
  const adapter = options.get('--adapter') ?? 'auto';
  if (adapter !== 'auto' && adapter !== 'gpu' && adapter !== 'software') {
    throw new CliError('--adapter is auto, gpu or software', 2);
  }
  const log = (line: string): void => {
    process.stderr.write(`${line}\n`);
  };
  await buildIfNeeded(log);
  const site = await serveSite();
  const { browser, page } = await openPage(ensureChromium(log), `${site.origin}/?cli`, adapter);
  try {
    await page.waitForFunction(() => 'playground' in window, undefined, { timeout: 60_000 });
    await page.exposeFunction('cliMeasured', (measurement: KernelMeasurement) => {
      console.log(row(measurement));
    });
    const result: KernelBenchResult = await page.evaluate(
      (request) => {
        const { playground, cliMeasured } = window as unknown as {
          playground: typeof window.playground;
          cliMeasured: (measurement: KernelMeasurement) => void;
        };
        return playground.bench(request, cliMeasured);
      },
      { ...shape, tokens, densities: [0.02, 0.1, 0.3] },
    );
    const { vendor, description, tier, software } = result.adapter;
    console.log(
      `${vendor} ${description} (${tier})${software ? ' — software adapter, times are not performance' : ''}`,
    );
    const out = options.get('--out');
    if (out !== undefined) writeFileSync(out, `${JSON.stringify(result, null, 2)}\n`);
  } finally {
    await browser.close();
    await site.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof CliError ? error.exitCode : 1;
});
