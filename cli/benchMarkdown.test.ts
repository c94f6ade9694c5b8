import { mkdtempSync, writeFileSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { kernelResult, prefillResult } from '../app/engine/bench/fixtures';
import { beginMarker, endMarker, markdownOf, withResults, writeResults } from './benchMarkdown';

const folder = mkdtempSync(join(tmpdir(), 'bench-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

test('result files become tables under their names, and replace what stood between the markers', async () => {
  const files = [
    file('prefill.json', JSON.stringify(prefillResult)),
    file('kernels.json', JSON.stringify(kernelResult)),
  ];
  const markdown = markdownOf(files);
  expect(markdown).toMatch(/^### prefill\n/);
  expect(markdown).toContain('### kernels');
  expect(markdown).toContain('| 8,192 | vertical_slash | 200.0 ms | 2.00× |');
  const document = file('doc.md', `# Title\n\n${beginMarker}\n\nold\n\n${endMarker}\n\nafter\n`);
  await writeResults(document, markdown);
  const written = readFileSync(document, 'utf8');
  expect(written).toMatch(/vertical_slash\s+\|\s+200\.0 ms/);
  expect(written).not.toContain('old');
  expect(written.trimEnd().endsWith('after')).toBe(true);
  // Twice is once.
  await writeResults(document, markdown);
  expect(readFileSync(document, 'utf8')).toBe(written);
});

test('what is missing or no result is named, with code 2', () => {
  const refused = (work: () => unknown, message: string): void => {
    expect(work).toThrow(message);
    expect(work).toThrow(expect.objectContaining({ exitCode: 2 }));
  };
  refused(() => markdownOf([join(folder, 'gone.json')]), 'does not exist');
  refused(() => markdownOf([file('bad.json', '{}')]), 'holds no benchmark result');
  refused(() => withResults('# Title', '', 'x.md'), "'x.md' has no '<!-- results: begin -->'");
});
