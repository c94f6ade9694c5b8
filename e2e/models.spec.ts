/** Models from the Hub: told before a download whether they fit, downloaded, paused, kept, loaded offline, deleted. */
import type { Page } from '@playwright/test';
import { expect, test } from './fixtures/app';
import { violations } from './fixtures/axe';
import { serveHub } from './fixtures/hub';

const id = 'Qwen/Qwen2.5-0.5B-Instruct';

function row(page: Page, name: string) {
  return page.getByRole('list', { name: 'Models' }).getByRole('listitem', { name, exact: true });
}

async function expectLoaded(page: Page, name: string): Promise<void> {
  const line = page.locator('.model-name').filter({ hasText: 'parameters' });
  await expect(line).toContainText(name, { timeout: 60_000 });
}

async function openList(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Change' }).click({ timeout: 60_000 });
}

test('a download is paused, resumed after a reload, loaded without the Hub, and deleted', async ({
  app,
  page,
  context,
}) => {
  const hub = await serveHub(context, id);
  hub.stopAt = 300_000;
  await app.open();
  await openList(page);
  const model = row(page, 'Qwen2.5 0.5B');
  await expect(model).toContainText('494M');
  await expect(model).toContainText('Apache 2.0');
  await model.getByRole('button', { name: 'Download' }).click();
  const bar = page.getByRole('progressbar', { name: `${id} downloading` });
  await expect(bar).toBeVisible();
  await expect(page.getByText(/^\d+ KiB of \d+ KiB/)).toBeVisible();
  await page.getByRole('button', { name: 'Pause download' }).click();
  await expect(bar).toHaveCount(0);
  await expect(model).toContainText(/Paused at \d+ KiB of \d+ KiB/);
  // The model at hand was not touched.
  await expect(app.runButton).toBeEnabled();

  await page.reload();
  hub.stopAt = null;
  hub.asked.length = 0;
  await openList(page);
  await expect(model).toContainText(/Paused at \d+ KiB of \d+ KiB/);
  await model.getByRole('button', { name: 'Resume' }).click();
  await expect(model).toContainText('On this machine');
  expect(hub.asked.filter((path) => path.includes('/resolve/'))).toEqual([
    expect.stringMatching(/model\.safetensors from 300000$/),
  ]);
  await expect(page.getByText(/of models on this machine/)).toBeVisible();

  hub.asked.length = 0;
  await page.reload();
  await expect(app.runButton).toBeEnabled({ timeout: 120_000 });
  await openList(page);
  await model.getByRole('button', { name: 'Load' }).click();
  await expectLoaded(page, id);
  expect(hub.asked).toEqual([]);

  await openList(page);
  await expect(model.getByRole('button', { name: 'Loaded' })).toBeDisabled();
  await row(page, 'Built-in').getByRole('button', { name: 'Load' }).click();
  await expectLoaded(page, 'Built-in model');
  await expect(app.runButton).toBeEnabled({ timeout: 60_000 });
  await openList(page);
  await model.getByRole('button', { name: 'Delete' }).click();
  await model.getByRole('button', { name: 'Keep' }).click();
  await expect(model).toContainText('On this machine');
  await model.getByRole('button', { name: 'Delete' }).click();
  await model.getByRole('button', { name: /^Delete \d/ }).click();
  await expect(model.getByRole('button', { name: 'Download' })).toBeVisible();
  await expect(page.getByText(/of models on this machine/)).toHaveCount(0);
});

test('a gated model asks for a token, which is used and never stored', async ({ app, page, context }) => {
  const gated = 'meta-llama/Llama-3.2-1B-Instruct';
  const hub = await serveHub(context, gated);
  hub.token = 'hf_secret123';
  await app.open();
  await openList(page);
  const model = row(page, 'Llama 3.2 1B');
  await expect(model).toContainText('needs a token');
  await model.getByRole('button', { name: 'Download' }).click();
  const alert = page.getByRole('alert');
  await expect(alert).toContainText('asks for its licence to be accepted');
  const field = alert.getByLabel('Access token');
  await expect(field).toHaveAttribute('type', 'password');
  for (const theme of ['Light', 'Dark']) {
    await page.getByRole('radio', { name: theme }).check();
    expect(await violations(page), theme).toEqual([]);
  }
  await field.fill('hf_wrong');
  await alert.getByRole('button', { name: 'Try again with this token' }).click();
  await expect(alert).toContainText('The Hub does not let this token read');
  await field.fill(hub.token);
  await alert.getByRole('button', { name: 'Try again with this token' }).click();
  await expect(model).toContainText('On this machine');
  await expect(alert).toHaveCount(0);

  const stored = await page.evaluate(async () => {
    const texts = [JSON.stringify(localStorage), JSON.stringify(sessionStorage), document.cookie];
    const folder = await (await navigator.storage.getDirectory()).getDirectoryHandle('models');
    for await (const name of folder.keys()) {
      const kept = await folder.getDirectoryHandle(name);
      texts.push(name, await (await (await kept.getFileHandle('manifest.json')).getFile()).text());
    }
    return texts.join('\n');
  });
  expect(stored).toContain(gated);
  expect(stored).not.toContain('hf_');
});

test('a model by its id is downloaded, loaded and listed', async ({ app, page, context }) => {
  const hub = await serveHub(context, 'someone/tiny');
  await app.open();
  await openList(page);
  await page.getByRole('radio', { name: 'Hugging Face Hub' }).check();
  await page.getByLabel('Model id').fill('someone/tiny');
  await page.getByRole('button', { name: 'Download and load' }).click();
  await expectLoaded(page, 'someone/tiny');
  await openList(page);
  await page.getByRole('radio', { name: 'List' }).check();
  await expect(row(page, 'someone/tiny')).toContainText('On this machine');

  // A script that asks for it takes the same road.
  hub.asked.length = 0;
  await page.evaluate(() => window.playground.load('builtin').then(() => undefined));
  await page.evaluate(() => window.playground.load('someone/tiny').then(() => undefined));
  expect(hub.asked).toEqual([]);
});

test('the fit is told for the context that is set and the memory that is stated', async ({ app, page }) => {
  await app.openBeforeModel();
  await openList(page);
  const model = row(page, 'Qwen3 0.6B');
  await expect(model).toContainText(/at 40,960 tokens/);
  await page.getByLabel('GPU memory, GiB (optional)').fill('4');
  await expect(model).toContainText(/won’t fit at 40,960 tokens; fits at \d\d,000/);
  await page.getByLabel('Context, tokens').fill('4096');
  await expect(model).toContainText('fits at 4,096 tokens');
  await expect(row(page, 'Qwen3 4B 2507')).toContainText('won’t fit');
});
