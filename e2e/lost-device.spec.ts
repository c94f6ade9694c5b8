import { expect, runTimeout, test } from './fixtures/app';

// What is answered is no matter here.
test.use({ settings: { newTokens: 1, sampleTokens: 100 } });

test('a GPU that is lost mid-run is explained, nothing is lost, and the next run works', async ({
  app,
  page,
  context,
}) => {
  test.setTimeout(2 * runTimeout);
  await app.open();
  await app.takeSample('Server log');
  const text = await app.documentText.inputValue();
  await app.runButton.click();
  await expect(page.getByRole('heading', { name: 'Running' })).toBeVisible({ timeout: 60_000 });

  // As a driver reset does: the browser's GPU process ends and another takes its place.
  const session = await context.browser()?.newBrowserCDPSession();
  await session?.send('Browser.crashGpuProcess');

  const alert = page.locator('#result').getByRole('alert');
  await expect(alert).toContainText('The connection to the GPU was lost', { timeout: 60_000 });
  expect(await app.documentText.inputValue()).toBe(text);

  await page.getByRole('button', { name: 'Load the built-in model' }).click();
  await expect(app.runButton).toBeEnabled({ timeout: 120_000 });
  await app.runButton.click();
  await app.finished();
});
