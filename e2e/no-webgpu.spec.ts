/** Browsers where nothing can run: the cause, what to do, and everything but running still works. */
import { findChromium } from '../cli/chromium';
import { expect, test, type App } from './fixtures/app';

const executablePath = findChromium();

test.use({
  launchOptions: {
    ...(executablePath !== undefined && { executablePath }),
    // No graphics at all, and a name that is not this machine's: neither is a secure context over plain http.
    args: [
      '--headless=new',
      '--no-sandbox',
      '--disable-gpu',
      '--host-resolver-rules=MAP page.test 127.0.0.1',
    ],
  },
});

async function expectUsable(app: App): Promise<void> {
  const { page } = app;
  await app.takeSample('Server log');
  await expect(app.documentText).toHaveValue(/^Server log/);
  await expect(page.getByText(/^about \d+ tokens$/)).toBeVisible();
  await page.getByRole('radio', { name: /^A-shape/ }).check();
  await page.getByLabel('New tokens').fill('40');
  await expect(app.runButton).toBeDisabled();
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('heading', { name: 'Running' })).toHaveCount(0);
}

test('without an adapter the page names the cause and stays usable', async ({ app, page }) => {
  await page.goto('/');
  const notice = page.getByRole('alert');
  await expect(notice).toContainText('offers no graphics adapter');
  await expect(notice).toContainText('Update the graphics driver');
  await notice.getByText('Which browsers have WebGPU').click();
  await expect(notice.getByRole('row', { name: /Safari/ })).toBeVisible();
  await expectUsable(app);
  await notice.getByRole('button', { name: 'Try again' }).click();
  await expect(notice).toContainText('offers no graphics adapter');
  const rejection = page.evaluate(() =>
    window.playground.capabilities().catch((error: Error & { report: unknown }) => error.report),
  );
  expect(await rejection).toMatchObject({ code: 'no-adapter' });
});

test('over plain http the page asks for https', async ({ app, page, origin }) => {
  await page.goto(origin.replace('127.0.0.1', 'page.test'));
  await expect(page.getByRole('alert')).toContainText('not served securely');
  await expect(page.getByRole('alert')).toContainText('Open it over https, or from localhost.');
  await expectUsable(app);
});
