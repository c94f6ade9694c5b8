import { expect, runTimeout, test } from './fixtures/app';

// Some blocks of rows, so that heads differ in what they can skip.
test.use({ settings: { newTokens: 8, sampleTokens: 220 } });

test('budgets by head are searched on the document, used, and kept for the model', async ({ app, page }) => {
  test.setTimeout(3 * runTimeout);
  await app.open();
  await app.takeSample('Report');
  await page.getByRole('radio', { name: /^MInference/ }).check();
  const search = page.getByRole('button', { name: 'Search on this document' });
  await search.click();
  const progress = page.getByRole('progressbar', { name: 'Search for budgets by head' });
  await expect(progress).toBeVisible();
  // A run would be refused; progress and the way out stay, whatever pattern is looked at meanwhile.
  await expect(app.runButton).toBeDisabled();
  await expect(app.runButton).toHaveAccessibleDescription('A search for budgets by head is going on.');
  await page.getByRole('radio', { name: /^Adaptive/ }).check();
  await expect(search).toHaveCount(0);
  await expect(progress).toBeVisible();
  await page.getByRole('button', { name: 'Cancel search' }).click();
  await expect(progress).toHaveCount(0, { timeout: 60_000 });
  await expect(app.runButton).toBeEnabled();
  await page.getByRole('radio', { name: /^MInference/ }).check();
  await expect(page.getByText('In use.')).toHaveCount(0);

  await search.click();
  await expect(page.getByText('In use.')).toBeVisible({ timeout: 2 * runTimeout });
  await expect(page.getByText(/8 layers × 6 heads: /)).toBeVisible();
  // 15% of so short a text is less than any candidate costs.
  const found = page.getByText(/^Found on /);
  await expect(found).toContainText('15% was asked for. For 48 heads no candidate met that cost');
  const said = Number(/mean density of (\d+)%/.exec((await found.textContent()) ?? '')?.[1]);
  expect(said).toBeGreaterThan(50);

  // What it replaced was none.
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(page.getByText('In use.')).toHaveCount(0);
  await page.reload();
  await page.getByRole('button', { name: 'Use these budgets' }).click({ timeout: 60_000 });
  await expect(page.getByText('In use.')).toBeVisible();
});
