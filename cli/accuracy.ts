/**
 * `npm run accuracy`: whole answers, dense against sparse, on prompts made elsewhere. A table of right answers by task and
 * length, and JSON with every answer behind it.
 */
import { writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { Page } from 'playwright';
import type { CompareResult } from '../app/engine/types';
import { tierText } from '../app/exports/tierText';
import { parseAccuracyArguments, usage, type AccuracyArguments } from './accuracyArguments';
import { readPrompts, type PromptFile } from './accuracyPrompts';
import { answerAll, type AnsweredPrompt } from './accuracyRuns';
import { accuracyNotes, accuracyTable } from './accuracyTable';
import { CliError } from './arguments';
import { addressOf, ensureChromium, openPage } from './browser';
import { compareInPage } from './compareInPage';
import { modelOf } from './model';
import { buildIfNeeded, serveSite } from './site';

const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

type Origin = Pick<CompareResult, 'adapter' | 'browser' | 'commit' | 'model'>;

/** Everything about the answers that was not asked for by itself. */
interface Progress {
  answered: AnsweredPrompt[];
  origin: Origin | null;
  /** Why not everything was answered; null where it was. */
  ended: 'time limit' | 'failure' | null;
}

function save(args: AccuracyArguments, { meta }: PromptFile, progress: Progress): void {
  if (args.out === null) return;
  const { runs, dense, denseUpTo, prefill, newTokens, timeLimit } = args;
  const document = {
    version: 1,
    date: new Date().toISOString(),
    ...progress.origin,
    file: basename(args.prompts),
    meta,
    settings: { runs, dense, denseUpTo, prefill, newTokens, timeLimit },
    complete: progress.ended === null,
    prompts: progress.answered,
  };
  writeFileSync(args.out, `${JSON.stringify(document, null, 1)}\n`);
}

function print({ runs, dense, timeLimit }: AccuracyArguments, { answered, origin, ended }: Progress): void {
  if (origin) {
    const { adapter, browser, model, commit } = origin;
    const software = adapter.software ? ' — software adapter' : '';
    console.log(`${model.id} on ${adapter.vendor} ${adapter.description} (${tierText(adapter)})${software}`);
    console.log(`${browser}${commit === '' ? '' : `, commit ${commit}`}\n`);
  }
  const labels = runs.map(({ label }) => label);
  const any = answered.some(({ answers }) => Object.keys(answers).length > 0);
  console.log(any ? accuracyTable(answered, labels, dense) : 'No prompt was answered.');
  const notes = accuracyNotes(answered, dense ? ['dense', ...labels] : labels);
  if (ended === 'time limit')
    notes.push(`Not all prompts are answered: the time limit of ${timeLimit} s was reached.`);
  if (ended === 'failure') notes.push('Not all prompts are answered: a run failed.');
  if (notes.length > 0) console.log(`\n${notes.join('\n')}`);
}

/** Aborted at the time limit, which counts from the start of this process; what the page is doing then is cancelled. */
function timeIsOver(page: Page, timeLimit: number | null): { signal: AbortSignal; clear: () => void } {
  const controller = new AbortController();
  if (timeLimit === null) return { signal: controller.signal, clear: () => undefined };
  const timer = setTimeout(
    () => {
      controller.abort();
      page
        .evaluate(() => {
          window.playground.cancel();
        })
        // A page that is gone needs no cancelling.
        .catch(() => undefined);
    },
    Math.min(2 ** 31 - 1, Math.max(0, timeLimit * 1000 - performance.now())),
  );
  return {
    signal: controller.signal,
    clear: () => {
      clearTimeout(timer);
    },
  };
}

async function answerInPage(
  page: Page,
  origin: string,
  args: AccuracyArguments,
  file: PromptFile,
): Promise<void> {
  const progress: Progress = { answered: [], origin: null, ended: 'failure' };
  await page.waitForFunction(() => 'playground' in window, undefined, { timeout: 60_000 });
  const compare = await compareInPage(page, modelOf(args.model).source(origin), () => undefined, log);
  const time = timeIsOver(page, args.timeLimit);
  try {
    const all = await answerAll(file.documents, progress.answered, args, {
      compare: async (request) => {
        const result = await compare(request);
        const { adapter, browser, commit, model } = result;
        progress.origin = { adapter, browser, commit, model };
        return result;
      },
      signal: time.signal,
      log,
      onAnswers: () => {
        save(args, file, progress);
      },
    });
    progress.ended = all ? null : 'time limit';
  } finally {
    time.clear();
    // Also where it failed: what was answered before is as good as ever.
    if (progress.ended !== 'failure' || progress.origin !== null) {
      save(args, file, progress);
      print(args, progress);
    }
  }
}

async function main(argv: readonly string[]): Promise<void> {
  const args = parseAccuracyArguments(argv);
  if (!args) {
    console.log(usage);
    return;
  }
  const file = await readPrompts(args.prompts);
  await buildIfNeeded(log);
  const site = await serveSite(modelOf(args.model).served);
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
      await answerInPage(page, site.origin, args, file);
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
