/** `npm run compare`: the built page in a headless Chromium, dense and sparse on the same prompt, as a table and JSON. */
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import type { PromptRequest } from '../app/engine/types';
import { generateSample } from '../app/documents/samples';
import { CliError, parseArguments, settingValues, usage, type CompareArguments } from './arguments';
import { compareAttention } from './attention';
import { addressOf, ensureChromium, openPage } from './browser';
import { compareInPage } from './compareInPage';
import { modelOf } from './model';
import { buildIfNeeded, serveSite } from './site';
import { compareTable } from './table';

const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

function readText(path: string, what: string): string {
  if (!existsSync(path) || !statSync(path).isFile())
    throw new CliError(`${what} '${path}' does not exist`, 2);
  return readFileSync(path, 'utf8');
}

function readIds(path: string): number[] {
  let ids: unknown;
  try {
    ids = JSON.parse(readText(path, 'the ids file'));
  } catch (error) {
    if (error instanceof CliError) throw error;
    throw new CliError(`'${path}' is not JSON`, 2);
  }
  if (!Array.isArray(ids) || ids.length === 0 || !ids.every((id) => Number.isInteger(id) && id >= 0)) {
    throw new CliError(`'${path}' must hold a JSON array of token ids`, 2);
  }
  return ids as number[];
}

/**
 * A sample that fits in `tokens` with question and template, so that its planted fact is never cut out: a report, or
 * a log where a report would be too short to read like one. The margins are those of the built-in tokenizer.
 */
function samplePrompt(tokens: number): PromptRequest {
  const [kind, margin] = tokens < 1_000 ? (['log', 60] as const) : (['report', 140] as const);
  const sample = generateSample(kind, { tokens: Math.max(120, tokens - margin), seed: 1 });
  return { document: sample.text, question: sample.question, tokens };
}

function promptOf(args: CompareArguments): PromptRequest {
  const limit = args.tokens === null ? {} : { tokens: args.tokens };
  if (args.idsFile !== null) return { document: '', question: '', ids: readIds(args.idsFile), ...limit };
  if (args.document === null) {
    const sample = samplePrompt(args.tokens ?? 2_048);
    return { ...sample, question: args.question ?? sample.question };
  }
  return {
    document: readText(args.document, 'the document'),
    question: args.question ?? '',
    ...limit,
    ...(args.questionTokens !== null && { questionTokens: args.questionTokens }),
  };
}

async function main(argv: readonly string[]): Promise<void> {
  const args = parseArguments(argv);
  if (args.help) {
    console.log(usage);
    return;
  }
  if (args.attention !== null) {
    await compareAttention(args, log);
    return;
  }
  const prompt = promptOf(args);
  const set = settingValues(args.set);
  const model = modelOf(args.model);
  await buildIfNeeded(log);
  const site = await serveSite(model.served);
  try {
    const { browser, page, software } = await openPage(
      ensureChromium(log),
      addressOf(site.origin, 'cli', args.tier),
      args.adapter,
    );
    try {
      log(software ? 'Software WebGPU: correct, not fast.' : 'GPU found.');
      page.on('pageerror', (error) => {
        log(error.message);
      });
      await page.waitForFunction(() => 'playground' in window, undefined, { timeout: 60_000 });
      const compare = await compareInPage(page, model.source(site.origin), log, log);
      const { pattern, maxNewTokens, sampling, order, dense, heads: measureHeads } = args;
      const result = await compare({
        prompt,
        pattern: { name: pattern, set },
        maxNewTokens,
        sampling,
        order,
        dense,
        measureHeads,
      });
      if (args.out !== null) writeFileSync(args.out, `${JSON.stringify(result, null, 2)}\n`);
      console.log(compareTable(result));
    } finally {
      await browser.close();
    }
  } finally {
    await site.close();
  }
}

main(process.argv.slice(2)).catch((error: unknown) => {
  log(error instanceof Error ? error.message : String(error));
  process.exitCode = error instanceof CliError ? error.exitCode : 1;
});
