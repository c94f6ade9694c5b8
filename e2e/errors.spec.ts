/** Bad input gets a sentence and a remedy, and nothing is lost. */
import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test, type App } from './fixtures/app';
import { violations } from './fixtures/axe';

async function chooseSource(app: App, name: string): Promise<void> {
  await app.page.getByRole('button', { name: 'Change' }).click();
  await app.page.getByRole('radio', { name, exact: true }).check();
}

async function folder(files: Record<string, string>): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'model-'));
  for (const [name, text] of Object.entries(files)) await writeFile(join(path, name), text);
  return path;
}

test('a binary or empty document is refused and the one at hand stays', async ({ app, page }) => {
  await app.openBeforeModel();
  await app.takeSample('Report');
  const file = page.getByLabel('Open file');
  await file.setInputFiles({
    name: 'photo.png',
    mimeType: 'image/png',
    buffer: Buffer.from([0x89, 0x50, 0, 1]),
  });
  await expect(page.getByRole('alert')).toContainText('photo.png is a picture, not plain text.');
  await expect(app.documentText).toHaveValue(/^Report/);
  await file.setInputFiles({ name: 'blank.txt', mimeType: 'text/plain', buffer: Buffer.from('\n \n') });
  await expect(page.getByRole('alert')).toContainText('blank.txt is empty.');
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await file.setInputFiles({ name: 'notes.md', mimeType: 'text/markdown', buffer: Buffer.from('# Grüße') });
  await expect(app.documentText).toHaveValue('# Grüße');
});

test('a question longer than the context is refused in words', async ({ app, page }) => {
  await app.open();
  await app.takeSample('Report');
  await page.getByLabel('Context, tokens').fill('64');
  await app.question.fill('Why is that so, and what does it mean for the harbour? '.repeat(30));
  await app.runButton.click();
  await expect(page.getByRole('alert')).toContainText(/question/i);
  await expect(app.documentText).toHaveValue(/^Report/);
});

test('a bad parameter is refused by its name and the length of the prompt, beside the run button', async ({
  app,
  page,
}) => {
  await app.open();
  await page.getByText('Advanced parameters').click();
  const field = page.getByRole('spinbutton', { name: 'Columns at most' });
  const bar = page.locator('.run-bar').getByRole('status');
  // No document is needed to know that.
  await field.fill('-5');
  const negative = 'Columns at most (verticalSize) is -5, which is negative.';
  await expect(bar).toContainText(negative);
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(field).toHaveAccessibleDescription(/^Columns at most .verticalSize. is -5, .*Single keys/);
  expect(await violations(page)).toEqual([]);

  await app.takeSample('Report');
  await app.runButton.click();
  await expect(page.getByRole('alert')).toContainText(negative);
  await field.fill('900000');
  for (const place of [bar, field.locator('..')])
    await expect(place).toContainText(
      /\(verticalSize\) is 900000, which is above the prompt's length, \d{3}\. .* to \d{3} \(the/,
    );
  await field.fill('16');
  await expect(bar).toBeEmpty();
  await expect(field).not.toHaveAttribute('aria-invalid');
  await expect(page.locator('.run-bar')).toContainText(/Prompt of \d+ tokens needs/);
});

test('a parameter that is no number is refused where it stands, and nothing runs', async ({ app, page }) => {
  await app.open();
  await app.takeSample('Report');
  await page.getByText('Advanced parameters').click();
  const field = page.getByRole('spinbutton', { name: 'Columns at most' });
  const refused = 'Columns at most (verticalSize) is not a number.';
  const badInput = () => field.evaluate((input: HTMLInputElement) => input.validity.badInput);
  const bar = page.locator('.run-bar').getByRole('status');
  // To the page's code the field is empty before and after.
  await field.pressSequentially('-');
  await expect(bar).toContainText(refused);
  await field.pressSequentially('7-');
  expect(await badInput()).toBe(true);
  await expect(bar).toContainText(refused);
  await expect(field).toHaveAttribute('aria-invalid', 'true');
  await expect(field).toHaveAccessibleDescription(/is not a number\./);
  await app.runButton.click();
  await expect(page.getByRole('alert')).toContainText(refused);
  await expect(page.getByRole('heading', { name: 'Running' })).toHaveCount(0);

  // What is set from elsewhere takes the text away, and so does another pattern.
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  await page.getByRole('button', { name: 'Reset' }).click();
  await page.keyboard.press('Escape');
  await expect(bar).toBeEmpty();
  expect(await badInput()).toBe(false);
  await field.pressSequentially('1e5-');
  await expect(bar).toContainText(refused);
  await page.getByRole('radio', { name: /^A-shape/ }).check();
  await expect(bar).toBeEmpty();
  await page.getByRole('radio', { name: /Adaptive/ }).check();
  await expect(bar).toBeEmpty();
  await field.pressSequentially('12-');
  await expect(bar).toContainText(refused);
  await field.press('Backspace');
  await expect(field).toHaveValue('12');
  await expect(bar).toBeEmpty();
});

test('no network, then a model that does not exist: the built-in one stays', async ({
  app,
  page,
  context,
}) => {
  await app.open();
  await app.takeSample('Records');
  await context.route('https://huggingface.co/**', (route) => route.abort('internetdisconnected'));
  await chooseSource(app, 'Hugging Face Hub');
  await page.getByLabel('Model id').fill('nobody/nothing');
  await page.getByRole('button', { name: 'Download and load' }).click();
  await expect(page.getByRole('alert')).toContainText(/network|reach|connect/i);

  await context.unroute('https://huggingface.co/**');
  await context.route('https://huggingface.co/**', (route) =>
    route.fulfill({ status: 404, body: 'Not found' }),
  );
  await page.getByRole('button', { name: 'Change' }).click();
  await page.getByRole('button', { name: 'Download and load' }).click();
  await expect(page.getByRole('alert')).toContainText('nobody/nothing');

  // What was loaded before stays until there is something to replace it.
  await page.getByRole('button', { name: 'Dismiss' }).click();
  await expect(page.getByRole('alert')).toHaveCount(0);
  await expect(app.runButton).toBeEnabled();
  await expect(app.documentText).toHaveValue(/^Inventory/);
});

test('folders that hold no usable model say why', async ({ app, page }) => {
  await app.open();
  await chooseSource(app, 'Folder');
  const pick = page.getByLabel('Choose a model folder');
  await pick.setInputFiles(await folder({ 'readme.txt': 'nothing here' }));
  await expect(page.getByRole('alert')).toContainText('config.json');

  await page.getByRole('button', { name: 'Change' }).click();
  const config = { architectures: ['MambaForCausalLM'], model_type: 'mamba', hidden_size: 64 };
  await pick.setInputFiles(await folder({ 'config.json': JSON.stringify(config) }));
  await expect(page.getByRole('alert')).toContainText(/mamba/i);
  await page.getByText('Details', { exact: true }).click();
  await expect(page.getByRole('alert')).toContainText('unsupported-model');
});
