/** After a run: which heads lost attention, and what each of them computed. */
import { expect, runTimeout, test } from './fixtures/app';
import { violations } from './fixtures/axe';

// Enough blocks of rows that there is something to skip; nothing here is of the dense run.
test.use({ settings: { newTokens: 1, sampleTokens: 300, withDense: false } });

test('heads are measured after the run, shown as a map, and reached by key', async ({ app, page }) => {
  test.setTimeout(2 * runTimeout);
  await app.open();
  await app.takeSample('Report');
  await page.getByText('Advanced parameters').click();
  await page.getByLabel('Dense fallback').selectOption('Never');
  await page.getByRole('spinbutton', { name: 'Diagonals at most' }).fill('128');
  await page.getByRole('spinbutton', { name: 'Columns at most' }).fill('16');
  await page.getByRole('spinbutton', { name: 'Last rows dense' }).fill('0');
  await app.runButton.click();
  await app.finished();

  const panel = page.getByRole('region', { name: 'What was skipped, head by head' });
  // At once, from the run itself.
  await expect(panel.getByText(/^[\d,]+ of [\d,]+ tiles computed \(\d+%\), [\d,]+ skipped\.$/)).toBeVisible();
  await expect(
    panel.getByText(/^Of 48 heads each computes from \d+% \(layer \d, head \d\) to /),
  ).toBeVisible();
  await expect(panel.getByRole('figure', { name: 'Tiles computed by layer and head' })).toBeVisible();
  await panel.getByText('Tiles computed as a table').click();
  await expect(panel.getByRole('row', { name: /^Layer 7( \d+%){6}$/ })).toBeVisible();
  expect(await violations(page)).toEqual([]);

  await panel.getByRole('button', { name: 'Measure heads' }).click();
  const bar = panel.getByRole('progressbar', { name: 'Heads measured' });
  await expect(bar).toBeVisible();
  // On one line with its percentage and the button.
  const line = await bar.evaluate((element) =>
    [...(element.parentElement?.children ?? [])].map((child) => {
      const { top, bottom } = child.getBoundingClientRect();
      return (top + bottom) / 2;
    }),
  );
  expect(line).toHaveLength(3);
  expect(Math.max(...line) - Math.min(...line)).toBeLessThan(4);
  await expect(app.runButton).toHaveAccessibleDescription('Heads are being measured.');
  await expect(app.runButton).toBeDisabled();
  await expect(page.getByRole('button', { name: 'Repeat', exact: true }).first()).toBeDisabled();
  const grid = panel.getByRole('table', { name: 'Attention kept by layer and head' });
  await expect(grid).toBeVisible({ timeout: runTimeout });
  await expect(grid.getByRole('button')).toHaveCount(8 * 6);
  await expect(grid.locator('[aria-pressed=true]')).toHaveCount(1);

  await grid.getByRole('button', { name: /^Layer 0, head 0: attention kept .+%, output error .+%/ }).click();
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowDown');
  await expect(panel.getByText(/^Layer 1, head 1: attention kept/)).toBeVisible();
  await expect(grid.getByRole('button', { name: /^Layer 1, head 1:/ })).toBeFocused();
  // In words too, and said when a head is chosen.
  await expect(panel.locator('[aria-live=polite]')).toHaveText(
    /^Layer 1, head 1: .+ of \d+ causal cells hold tiles, .+ read .+ keys.*\.$/,
  );
  await expect(grid.getByRole('columnheader')).toHaveText(
    ['0', '1', '2', '3', '4', '5'].map((n) => `Head ${n}`),
  );

  await panel.getByRole('radio', { name: 'Tiles computed' }).check();
  await panel.getByText('Tiles computed as a table').click();
  await expect(panel.getByRole('row', { name: /^Layer 7( \d+%){6}$/ })).toBeVisible();
  await page.setViewportSize({ width: 360, height: 780 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  for (const theme of ['Light', 'Dark']) {
    await page.getByRole('radio', { name: theme }).check();
    expect(await violations(page), theme).toEqual([]);
  }
});
