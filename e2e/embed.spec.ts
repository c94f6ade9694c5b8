/** The playground in other pages: the compact page, calls by script and by message, and the code that the page offers. */
import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Page } from '@playwright/test';
import type { CompareResult } from '../app/engine/types';
import { root } from '../cli/site';
import { expect, runTimeout, test } from './fixtures/app';
import { violations } from './fixtures/axe';

const question = 'What is the access code of the amber lantern?';
const text = 'The access code of the amber lantern is 4821937. '.repeat(3);

/** The blocks of that language below a heading of a document of this repository, up to the next one. */
function example(file: string, heading: string, language: string): string {
  const content = readFileSync(join(root, file), 'utf8');
  const below = content.slice(content.indexOf(`\n${heading}\n`) + heading.length).split('\n## ')[0] ?? '';
  const code = [...below.matchAll(new RegExp(`\`\`\`${language}\\n(.+?)\`\`\``, 'gs'))].map(
    ([, block]) => block,
  );
  if (code.length === 0) throw new Error(`${file} has no ${language} below '${heading}'`);
  return code.join('\n');
}

/** Runs code as the console does, `await` at its top included; the answer is what it logged. */
async function logged(page: Page, code: string): Promise<unknown[][]> {
  return page.evaluate(async (source) => {
    const said: unknown[][] = [];
    // oxlint-disable-next-line typescript/no-implied-eval -- what a reader pastes into the console
    const run = new Function('console', `return (async () => {${source}\n})();`) as (
      console: unknown,
    ) => Promise<void>;
    await run({ log: (...words: unknown[]) => said.push(words) });
    return said;
  }, code);
}

/** A page of another origin. */
async function serveHost(html: string): Promise<{ origin: string; close: () => void }> {
  const server = http.createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' }).end(html);
  });
  await new Promise<void>((done) => {
    server.listen(0, '127.0.0.1', done);
  });
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () => server.close(),
  };
}

test('the example of the README runs as it stands', async ({ app, page }) => {
  await app.open();
  const said = await logged(page, example('README.md', '## In your own page', 'js'));
  const [ratio, kl, answer] = said.at(-2) ?? [];
  expect(ratio).toBeGreaterThan(0);
  expect(kl).toBeGreaterThanOrEqual(0);
  expect(answer).toContain('4821937');
  // Of the second block: what was kept was used.
  expect(said.at(-1)?.[0]).toBeGreaterThan(0);
  expect(said.at(-1)?.[2]).toBeNull();
  // The page shows the run that a script started.
  await app.finished();
});

test('a page of another origin loads and asks by message, as documented, and no other is heard', async ({
  page,
  origin,
}) => {
  const code = example('docs/embedding.md', '## From another origin', 'html');
  const host = await serveHost(
    `<!doctype html><title>Host</title><body>${code}`.replace('https://playground.example', origin),
  );
  const answer = page.waitForEvent('console', {
    predicate: (message) => message.text().startsWith('answer:'),
    timeout: runTimeout,
  });
  await page.goto(host.origin);
  expect((await answer).text()).toContain('4821937');
  const frame = page.frameLocator('iframe');
  await expect(frame.getByRole('region', { name: 'Dense alone' })).toBeVisible();

  // The same calls to a frame whose address names somebody else.
  const heard = await page.evaluate(async (address) => {
    const inner = document.querySelector('iframe');
    const answers: unknown[] = [];
    addEventListener('message', ({ data }) => answers.push(data));
    await new Promise<void>((done) => {
      inner?.addEventListener('load', () => done());
      if (inner) inner.src = address;
    });
    for (let sent = 0; sent < 5; sent++) {
      inner?.contentWindow?.postMessage({ playground: 1, id: 1, call: 'capabilities' }, '*');
      await new Promise((done) => setTimeout(done, 400));
    }
    return answers;
  }, `${origin}/?embed=1&origin=https://somebody.example`);
  await expect(frame.getByRole('link', { name: 'Open the playground' })).toBeVisible();
  expect(heard).toEqual([]);
  host.close();
});

test('the code on offer repeats the run, without its document in it', async ({ app, page }) => {
  await app.open();
  await app.documentText.fill(text);
  await app.question.fill(question);
  await page.getByText('Advanced parameters').click();
  await page.getByLabel('Dense fallback').selectOption('Never');
  await page.getByText('Sampling and order').click();
  await page.getByRole('spinbutton', { name: 'Seed' }).fill('5');
  await page.getByLabel('New tokens').fill('3');
  await app.runButton.click();
  await app.finished();
  const download = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download as JSON' }).click();
  const first = JSON.parse(await readFile(await (await download).path(), 'utf8')) as CompareResult;

  await page.getByRole('button', { name: 'Use it in your page' }).first().click();
  const dialog = page.getByRole('dialog', { name: 'Use it in your page' });
  const code = (name: string) => dialog.getByRole('region', { name, exact: true }).locator('code');
  await expect(code('Command line')).toContainText('--seed 5');
  expect(await violations(page)).toEqual([]);
  const saved = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Save the document as document.txt' }).click();
  const file = await saved;
  expect(file.suggestedFilename()).toBe('document.txt');
  const document = await readFile(await file.path(), 'utf8');
  expect(document).toBe(text);

  const shown = await dialog.textContent();
  expect(shown).not.toContain('4821937');
  const script = (await code('JavaScript').textContent()) ?? '';
  const iframe = (await code('Iframe').textContent()) ?? '';
  await page.route('**/document.txt', (route) =>
    route.fulfill({ body: document, contentType: 'text/plain' }),
  );
  const [[repeated]] = (await logged(page, script)) as [[CompareResult]];
  // What the page keeps for further questions changes no result of this one.
  const { keepCache: _keep, keepLimit: _limit, wholePrompt: _whole, ...asked } = first.request;
  expect(repeated.request).toEqual(asked);
  expect(repeated.model).toEqual(first.model);
  expect(repeated.runs.map(({ answer }) => answer)).toEqual(first.runs.map(({ answer }) => answer));
  expect(repeated.prompt).toEqual(first.prompt);

  const host = await serveHost(`<!doctype html><title>Host</title><body>${iframe}`);
  await page.goto(host.origin);
  const frame = page.frameLocator('iframe');
  await expect(frame.getByRole('textbox', { name: 'Question' })).toHaveValue(question);
  await expect(frame.getByLabel('New tokens')).toHaveValue('3');
  await frame.getByText('Advanced parameters').click();
  await expect(frame.getByLabel('Dense fallback')).toHaveValue('off');
  host.close();
});

test('the compact page keeps nothing, follows its theme, and has no violations on a narrow screen', async ({
  page,
}) => {
  await page.route('**/models/**', (route) => route.abort());
  for (const theme of ['light', 'dark']) {
    await page.setViewportSize({ width: 1000, height: 800 });
    await page.goto(`/?embed=1&theme=${theme}`);
    await expect(page.getByRole('form', { name: 'What to run' })).toBeVisible();
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme);
    await expect(page.getByRole('banner')).toHaveCount(0);
    await expect(page.getByRole('navigation')).toHaveCount(0);
    expect(await violations(page), theme).toEqual([]);
    await page.setViewportSize({ width: 340, height: 700 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
    expect(await violations(page), `${theme}, narrow`).toEqual([]);
  }
  expect(await page.evaluate(() => Object.keys(localStorage))).toEqual([]);
  const opened = page.context().waitForEvent('page');
  await page.getByRole('link', { name: 'Open the playground' }).click();
  await expect((await opened).getByRole('banner')).toBeVisible();
});
