/** Time by length: a list of lengths, both curves, and what was run stays when it is stopped. */
import { readFile } from 'node:fs/promises';
import { expect, runTimeout, test } from './fixtures/app';
import { violations } from './fixtures/axe';

test('a list of lengths is run, drawn, saved, and can be stopped', async ({ app, page }) => {
  await app.open();
  const panel = page.getByRole('region', { name: 'How does it grow?' });
  await panel.getByText('Time by length').click();
  const lengths = panel.getByRole('group', { name: 'Lengths in tokens' });
  for (const length of ['256', '512'])
    await lengths.getByRole('checkbox', { name: length, exact: true }).uncheck();
  await expect(lengths.getByRole('checkbox', { name: '1,048,576', exact: true })).not.toBeChecked();
  await lengths.getByRole('checkbox', { name: '128', exact: true }).uncheck();
  await expect(panel.getByRole('button', { name: 'Run these lengths' })).toBeDisabled();
  for (const length of ['128', '256', '512'])
    await lengths.getByRole('checkbox', { name: length, exact: true }).check();
  await panel.getByRole('button', { name: 'Run these lengths' }).click();

  await expect(panel.getByText(/^Length 3 of 3: 512 tokens/)).toBeVisible({ timeout: runTimeout });
  await panel.getByRole('button', { name: 'Stop' }).click();
  await expect(panel.getByRole('button', { name: 'Run these lengths' })).toBeEnabled({ timeout: runTimeout });

  // What was run before the stop stays, and no run of it is in the history.
  await expect(panel.getByRole('row')).toHaveCount(1 + 2);
  await expect(
    panel.getByRole('figure', { name: 'Time to first token by prompt length' }).locator('svg'),
  ).toBeVisible();
  await expect(panel.getByText(/^Nothing was skipped at these lengths/)).toBeVisible();
  await expect(panel.getByText(/^Dense: .+ over 2 points$/)).toBeVisible();
  await expect(
    page.getByRole('navigation', { name: 'Runs kept in this browser' }).getByRole('listitem'),
  ).toHaveCount(0);

  const download = page.waitForEvent('download');
  await panel.getByRole('button', { name: 'CSV' }).click();
  const csv = await readFile(await (await download).path(), 'utf8');
  expect(csv.split('\r\n')).toHaveLength(4);
  expect(csv).toMatch(/\r\n128,[\d.]+,false,[\d.]+,1,[\d.]+\r\n/);
  const picture = page.waitForEvent('download');
  await panel.getByRole('button', { name: 'Save “Time to first token by prompt length” as SVG' }).click();
  expect(await readFile(await (await picture).path(), 'utf8')).toContain('<svg');

  await page.setViewportSize({ width: 360, height: 780 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
  for (const theme of ['Light', 'Dark']) {
    await page.getByRole('radio', { name: theme }).check();
    expect(await violations(page), theme).toEqual([]);
  }
});
