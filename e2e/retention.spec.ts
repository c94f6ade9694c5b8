/** After a run: which passages the sparse run looked at, as a strip, as text, by key, and in the history. */
import { readFile } from 'node:fs/promises';
import { expect, runTimeout, test } from './fixtures/app';
import { violations } from './fixtures/axe';

// Enough blocks of rows that there is something to skip; nothing here is of the dense run.
test.use({ settings: { newTokens: 1, sampleTokens: 300, withDense: false } });

test('passages are measured, shown as a strip, and reached by key and pointer', async ({ app, page }) => {
  test.setTimeout(2 * runTimeout);
  await app.open();
  await app.takeSample('Report');
  await page.getByText('Advanced parameters').click();
  await page.getByLabel('Dense fallback').selectOption('Never');
  await page.getByRole('spinbutton', { name: 'Diagonals at most' }).fill('128');
  await page.getByRole('spinbutton', { name: 'Columns at most' }).fill('64');
  // As everything would be read by them.
  await page.getByRole('spinbutton', { name: 'Last rows dense' }).fill('0');
  await app.runButton.click();
  await app.finished();

  const panel = page.getByRole('region', { name: 'Which passages were read' });
  await panel.getByRole('button', { name: 'Measure what was read' }).click();
  await expect(panel.getByRole('progressbar', { name: 'Heads measured' })).toBeVisible();
  const strip = panel.getByRole('slider', { name: 'Read by the last rows, passage by passage' });
  await expect(strip).toBeVisible({ timeout: runTimeout });
  // The heads come of the same measurement.
  await expect(
    page.getByRole('region', { name: 'head by head' }).getByRole('table', { name: 'Attention kept' }),
  ).toBeVisible();
  await expect(
    panel.getByText(/^The planted fact stands at token \d+, \d+% into the prompt\./),
  ).toBeVisible();
  const pane = panel.getByRole('region', { name: 'Document around the passage' });
  // It opens where the fact stands: a number of seven digits.
  await expect(pane.locator('mark').first()).toBeVisible();
  expect((await pane.locator('mark').allInnerTexts()).join('')).toMatch(/^\d{7}$/);

  await strip.focus();
  await page.keyboard.press('Home');
  await expect(strip).toHaveAttribute('aria-valuetext', /^Tokens 1 to 8, /);
  await page.keyboard.press('ArrowRight');
  await expect(strip).toHaveAttribute(
    'aria-valuetext',
    /^Tokens 9 to 16, characters \d+ to \d+: read by .+ of the heads’ (last|later) rows\. “.+”$/,
  );
  await page.keyboard.press('End');
  await expect(strip).toHaveAttribute('aria-valuetext', /template or question/);
  await page.keyboard.press('PageDown');
  await page.keyboard.press('PageDown');
  const words = (await strip.getAttribute('aria-valuetext')) ?? '';
  const [, excerpt = ''] = /“(.+?)…?”/.exec(words) ?? [];
  await page.keyboard.press('Enter');
  await expect(pane).toBeFocused();
  const chosen = pane.locator('[data-passage]');
  await expect(chosen.first()).toBeInViewport();
  const shown = (await chosen.allInnerTexts()).join('').replaceAll(/\s+/g, ' ').trim();
  expect(shown.startsWith(excerpt)).toBe(true);

  // By pointer: a tenth into the strip.
  const box = await strip.boundingBox();
  await strip.click({ position: { x: (box?.width ?? 0) / 10, y: 10 } });
  await expect(chosen.first()).toBeInViewport();
  expect(await strip.getAttribute('aria-valuetext')).not.toBe(words);

  await panel.getByRole('radio', { name: 'Attention missed' }).check();
  await panel.getByText('The passages with most, as a table').click();
  await expect(panel.getByRole('table').getByRole('row')).toHaveCount(11);
  const download = page.waitForEvent('download');
  await panel.getByRole('button', { name: /as SVG$/ }).click();
  expect(await readFile(await (await download).path(), 'utf8')).toContain('Attention missed: ');

  await page.setViewportSize({ width: 360, height: 780 });
  expect(await panel.evaluate((element) => element.scrollWidth - element.clientWidth)).toBeLessThanOrEqual(0);
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  for (const theme of ['Light', 'Dark']) {
    await page.getByRole('radio', { name: theme }).check();
    expect(await violations(page), theme).toEqual([]);
  }

  // What was measured later is the run's: in its file, and in the history of the next visit.
  const saved = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Download as JSON' }).click();
  const file: unknown = JSON.parse(await readFile(await (await saved).path(), 'utf8'));
  expect(file).toMatchObject({ heads: { layers: 8, retention: { tokensPerBin: 1, lastRows: 64 } } });
  expect(file).not.toHaveProperty('heads.maps');

  await page.setViewportSize({ width: 1280, height: 900 });
  await app.openBeforeModel();
  await app.takeSample('Records');
  const runs = page.getByRole('navigation', { name: 'Runs kept in this browser' });
  await runs.getByRole('listitem').getByRole('button').first().click();
  await expect(strip).toBeVisible();
  await expect(strip).toHaveAttribute('aria-valuetext', /of the heads’ (last|later) rows\.$/);
  await expect(panel.getByText('The document of this run is not at hand')).toBeVisible();
  await expect(pane).toBeHidden();
});
