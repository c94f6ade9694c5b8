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
  await expect(page.getByRole('progressbar', { name: 'Search' })).toBeVisible();
  await page.getByRole('button', { name: 'Cancel search' }).click();
  await expect(search).toBeVisible({ timeout: 60_000 });
  await expect(page.getByText('In use.')).toHaveCount(0);

  await search.click();
  await expect(page.getByText('In use.')).toBeVisible({ timeout: 2 * runTimeout });
  await expect(page.getByText(/8 layers × 6 heads: /)).toBeVisible();

  await page.getByRole('button', { name: 'Remove' }).click();
  await page.reload();
  await page.getByRole('button', { name: 'Use these budgets' }).click({ timeout: 60_000 });
  await expect(page.getByText('In use.')).toBeVisible();
});
