import { expect, test } from './fixtures/app';

// What is answered is no matter here.
test.use({ settings: { newTokens: 1, sampleTokens: 100 } });

test('Esc stops a run at once, and the next one works', async ({ app, page }) => {
  await app.open();
  await page.emulateMedia({ reducedMotion: 'reduce' });
  // From down in the settings what a run shows is above the window, also in the run after one that was stopped.
  const scrollDown = async (): Promise<void> => {
    await page.evaluate(() => {
      scrollTo(0, 2_000);
    });
    await expect(page.getByRole('banner')).not.toBeInViewport();
  };
  await scrollDown();
  await app.runButton.click();
  await expect(page.getByRole('alert')).toContainText('There is no document yet.');
  await expect(page.getByRole('alert')).toBeInViewport({ ratio: 1 });

  await app.takeSample('Report');
  for (let run = 0; run < 2; run++) {
    await scrollDown();
    await app.runButton.click();
    await expect(page.getByRole('button', { name: /^Cancel/ })).toBeVisible();
    await expect(page.getByRole('heading', { name: 'Running' })).toBeInViewport();
    await page.keyboard.press('Escape');
    await expect(page.getByRole('heading', { name: 'Stopped' })).toBeVisible({ timeout: 30_000 });
  }
  await expect(app.documentText).toHaveValue(/^Report/);
  await expect(app.runButton).toBeEnabled();

  await page.getByRole('radio', { name: /Dense alone/ }).check();
  await app.runButton.click();
  await app.finished();
  await app.runButton.click();
  await page.getByRole('button', { name: /^Cancel/ }).click();
  await expect(page.getByRole('heading', { name: 'Stopped' })).toBeVisible({ timeout: 30_000 });
  // What was finished before is still there to look at.
  await page
    .getByRole('navigation', { name: 'Runs kept in this browser' })
    .getByRole('button')
    .first()
    .click();
  await expect(app.result).toBeVisible();
});

test('a model that is being loaded can be cancelled', async ({ app, page, context }) => {
  // Weights that never come.
  await context.route('**/model.safetensors', () => undefined);
  await page.goto('/');
  await page.getByRole('button', { name: 'Cancel loading' }).click({ timeout: 60_000 });
  await expect(page.getByText('No model loaded')).toBeVisible();
  await expect(app.runButton).toBeDisabled();
});
