import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { readPrompts } from './accuracyPrompts';
import { CliError } from './arguments';

const folder = mkdtempSync(join(tmpdir(), 'accuracy-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function fileOf(...lines: unknown[]): string {
  const path = join(folder, 'prompts.jsonl');
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)));
  writeFileSync(path, `${text.join('\n')}\n`);
  return path;
}

const line = { task: 'key', length: 150, document: 'A text.', question: 'What?', answer: 'That.' };
const { document: _, ...fileLine } = line;

test('consecutive lines of one document are taken together, others of it are not', async () => {
  writeFileSync(join(folder, 'a.txt'), 'From a file.');
  const { meta, documents } = await readPrompts(
    fileOf(
      { meta: { seed: 7 } },
      line,
      { ...line, question: 'Who?', said: 'She.', depth: 0.5 },
      '',
      { ...fileLine, documentFile: 'a.txt' },
      { ...fileLine, documentFile: './a.txt', said: null },
      line,
    ),
  );
  expect(meta).toEqual({ seed: 7 });
  expect(documents.map(({ name, prompts }) => [name, prompts.map((prompt) => prompt.line)])).toEqual([
    ['line 2', [2, 3]],
    ['a.txt', [5, 6]],
    ['line 7', [7]],
  ]);
  expect(documents.map((document) => document.read())).toEqual(['A text.', 'From a file.', 'A text.']);
  expect(documents[0]?.prompts[1]).toEqual({
    line: 3,
    task: 'key',
    length: 150,
    question: 'Who?',
    answer: 'That.',
    said: 'She.',
  });
  expect(documents[1]?.prompts[1]).not.toHaveProperty('said');
});

test.each([
  [[], /holds no prompt/],
  [[{ meta: 1 }], /holds no prompt/],
  [[line, '{"task"'], /line 2 is not JSON/],
  [[[line]], /line 1 is not a JSON object/],
  [[line, { meta: 1 }], /line 2 has no 'task'/],
  [[{ ...line, task: ' ' }], /line 1 has a 'task' that must not be empty/],
  [[{ ...line, length: 1.5 }], /line 1 has a 'length' that must be a whole number of tokens/],
  [[{ ...line, length: 0 }], /line 1 has a 'length' that must be 1 or more/],
  [[{ ...line, answer: 7 }], /line 1 has a 'answer' that must be text/],
  [[{ ...line, said: 7 }], /line 1 has a 'said' that must be text/],
  [[{ ...line, documentFile: 'a.txt' }], /line 1 has both document and documentFile/],
  [[fileLine], /line 1 has neither document nor documentFile/],
  [[{ ...fileLine, documentFile: 'none.txt' }], /'none.txt', which does not exist/],
])('%j is refused in words', async (lines, words) => {
  const path = fileOf(...lines);
  await expect(readPrompts(path)).rejects.toThrow(words);
  await expect(readPrompts(path)).rejects.toThrow(CliError);
});

test('a file that is not there is refused by name', async () => {
  await expect(readPrompts('none.jsonl')).rejects.toThrow("the file 'none.jsonl' does not exist");
});
