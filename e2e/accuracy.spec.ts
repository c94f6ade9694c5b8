/** `npm run accuracy` as a person calls it, with a tiny model of random weights: what it says is checked, not whether it is right. */
import { execFile } from 'node:child_process';
import { cpSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { byteTokenizerJson } from '../app/engine/byteTokenizer';
import { buildIfNeeded, root } from '../cli/site';
import { expect, test } from './fixtures/app';

interface Answer {
  tokens: number;
  pastTokens: number;
}
interface Result {
  meta: unknown;
  commit: string;
  browser: string;
  adapter: { software: boolean };
  complete: boolean;
  prompts: { question: string; answers: Record<string, Answer> }[];
}

const sparse = 'a_shape:init=1,local=64,fallback=off';

// oxlint-disable-next-line no-empty-pattern -- Playwright wants the destructuring
test('answers of several documents are tabled, and every one is written', async ({}, info) => {
  const outputPath = (name: string): string => info.outputPath(name);
  test.setTimeout(300_000);
  await buildIfNeeded(() => undefined);
  const model = outputPath('tiny');
  cpSync(join(root, 'app/model/fixtures/qwen3'), model, { recursive: true });
  // Its vocabulary are the 256 bytes: a document's tokens are its characters.
  const { added_tokens: _, ...tokenizer } = byteTokenizerJson();
  writeFileSync(join(model, 'tokenizer.json'), JSON.stringify({ ...tokenizer, added_tokens: [] }));

  const documents = ['The keeper counts lamps. ', 'Ships pass in the night. '].map((line) => line.repeat(6));
  writeFileSync(outputPath('second.txt'), documents[1] ?? '');
  const questions = ['Who counts?', 'Who passes?'];
  const lines = [{ document: documents[0] }, { documentFile: 'second.txt' }].flatMap((where) =>
    questions.map((question) => ({ task: 'who', length: 150, ...where, question, answer: 'No one.' })),
  );
  const prompts = outputPath('prompts.jsonl');
  writeFileSync(prompts, [{ meta: { seed: 7 } }, ...lines].map((line) => JSON.stringify(line)).join('\n'));

  const out = outputPath('result.json');
  const run = (...options: string[]) =>
    promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', join(root, 'cli/accuracy.ts'), '--prompts', prompts, '--model', model].concat(
        ['--adapter', 'software', '--new-tokens', '2', '--out', out],
        options,
      ),
      { cwd: root },
    );
  const read = (): Result => JSON.parse(readFileSync(out, 'utf8')) as Result;

  const { stdout } = await run('--run', sparse);
  expect(stdout).toContain(`| task | tokens | prompts | dense right | ${sparse} right |`);
  expect(stdout).toMatch(/\| who \| 150 \| 4 \| [\d.]+% \(\d\/4\) \|/);
  const result = read();
  expect(result).toMatchObject({ meta: { seed: 7 }, complete: true, adapter: { software: true } });
  expect(result.browser).toContain('Chrome');
  expect(result.prompts.map(({ question }) => question)).toEqual([...questions, ...questions]);
  for (const { question, answers } of result.prompts) {
    expect(Object.keys(answers).toSorted()).toEqual([sparse, 'dense']);
    for (const { tokens, pastTokens } of Object.values(answers))
      expect({ tokens, pastTokens }).toEqual({ tokens: 152 + question.length, pastTokens: 150 });
  }

  // Before a browser is opened.
  await expect(run('--dense-up-to', 'far')).rejects.toMatchObject({ code: 2 });
});
