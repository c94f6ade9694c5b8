/** The page's own calls from a terminal: a model loaded once, then as many comparisons as wanted. */
import type { Page } from 'playwright';
import type { CompareResult, ModelSource, PromptRequest } from '../app/engine/types';
import type { ErrorReport } from '../app/errors';
import { CliError } from './arguments';

type Settings = Record<string, string | number | boolean>;

export interface CliRequest {
  /** Anything but a folder of files, which only a page can be given. */
  source: Exclude<ModelSource, { kind: 'folder' }>;
  prompt: PromptRequest;
  pattern: { name: string; set: Settings };
  maxNewTokens: number;
  sampling?: { temperature: number; topP: number; seed: number };
  order?: 'dense-first' | 'sparse-first';
  dense?: boolean | 'projected';
  reuseDense?: boolean;
  keepCache?: boolean;
  wholePrompt?: boolean;
  keepQuestion?: boolean;
  measureHeads?: boolean;
}

type Outcome<T> = { ok: true; value: T } | { ok: false; error: ErrorReport };

/** What a call in the page brings back: its value, or the page's own error report as a `CliError`. */
function valueOf<T>(outcome: Outcome<T>, log: (line: string) => void): T {
  if (outcome.ok) return outcome.value;
  const { code, sentence, remedy, detail } = outcome.error;
  if (detail) log(detail);
  const exitCode = code === 'bad-setting' || code === 'prompt-too-long' || code === 'bad-document' ? 2 : 1;
  throw new CliError(
    `${sentence} ${remedy}`.trim(),
    code === 'no-adapter' || code === 'no-webgpu' ? 3 : exitCode,
  );
}

async function load(page: Page, source: CliRequest['source']): Promise<Outcome<null>> {
  return page.evaluate(async (from) => {
    const { playground, cliLog } = window as unknown as {
      playground: typeof window.playground;
      cliLog: (line: string) => void;
    };
    let shown = '';
    try {
      await playground.load(from, {
        onProgress: ({ stage, file, loaded, total }) => {
          const line =
            total > 0 ? `${stage} ${file}: ${Math.floor((10 * loaded) / total) * 10}%` : `${stage} ${file}`;
          if (line !== shown) cliLog(line);
          shown = line;
        },
      });
      return { ok: true, value: null };
    } catch (error) {
      const report = (error as { report?: ErrorReport }).report;
      return { ok: false, error: report ?? { code: 'internal', sentence: String(error), remedy: '' } };
    }
  }, source);
}

/** Loads a model and answers the call that compares with it. Progress goes to `say`, failures' details to `log`. */
export async function compareInPage(
  page: Page,
  source: CliRequest['source'],
  say: (line: string) => void,
  log: (line: string) => void,
): Promise<(request: Omit<CliRequest, 'source'>) => Promise<CompareResult>> {
  await page.exposeFunction('cliLog', say);
  valueOf(await load(page, source), log);
  return async (request) => {
    const outcome = await page.evaluate(async (work): Promise<Outcome<CompareResult>> => {
      const { playground, cliLog } = window as unknown as {
        playground: typeof window.playground;
        cliLog: (line: string) => void;
      };
      let shown = '';
      try {
        const { pattern, ...rest } = work;
        const value = await playground.compare(
          { ...rest, pattern: { name: pattern.name as 'dense', set: pattern.set } },
          {
            onProgress: ({ lane, stage, layer, layers, fraction }) => {
              const line = `${lane} ${stage}: layer ${layer + 1} of ${layers}, ${Math.floor(fraction * 20) * 5}%`;
              if (line !== shown) cliLog(line);
              shown = line;
            },
          },
        );
        return { ok: true, value };
      } catch (error) {
        const report = (error as { report?: ErrorReport }).report;
        return { ok: false, error: report ?? { code: 'internal', sentence: String(error), remedy: '' } };
      }
    }, request);
    return valueOf(outcome, log);
  };
}
