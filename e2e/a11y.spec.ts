import type { Page } from '@playwright/test';
import { expect, test } from './fixtures/app';
import { violations } from './fixtures/axe';

// An answer of a word is shown as a longer one is.
test.use({ settings: { newTokens: 2, sampleTokens: 100 } });

async function expectAccessible(page: Page): Promise<void> {
  for (const theme of ['Light', 'Dark']) {
    await page.getByRole('radio', { name: theme }).check();
    expect(await violations(page), theme).toEqual([]);
  }
}

test('empty, error and finished pages have no violations in either theme', async ({ app, page }) => {
  await app.open();
  await expectAccessible(page);

  for (const summary of ['Facts', 'Advanced parameters', 'Sampling and order'])
    await page.getByText(summary, { exact: true }).click();
  await page.getByRole('button', { name: 'Change' }).click();
  await page.getByRole('radio', { name: 'Hugging Face Hub' }).check();
  await app.runButton.click();
  await expect(page.getByRole('alert')).toBeVisible();
  await expectAccessible(page);

  await app.takeSample('Report');
  await app.runButton.click();
  await expect(page.getByRole('heading', { name: 'Running' })).toBeVisible();
  expect(await violations(page), 'running').toEqual([]);
  await app.finished();
  await page.getByText('Settings of this run').click();
  await expectAccessible(page);

  await page.setViewportSize({ width: 360, height: 780 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  expect(await violations(page), 'narrow').toEqual([]);
});
