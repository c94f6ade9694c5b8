import { readFile } from 'node:fs/promises';
import { AxeBuilder } from '@axe-core/playwright';
import type { Download, Page } from '@playwright/test';
import { gpuResult, gpuRun, softwareRun } from '../app/storage/fixtures';
import { runsFile } from '../app/storage/savedRun';
import { expect, test } from './fixtures/app';

const fixture = {
  name: 'runs.json',
  mimeType: 'application/json',
  buffer: Buffer.from(JSON.stringify(runsFile([gpuRun, softwareRun]))),
};

/** No model is needed to look at runs: its files are not even sent, so that nothing here waits for them. */
async function openWithRuns(page: Page): Promise<void> {
  await page.route('**/models/**', (route) => route.abort());
  await page.goto('/');
  await importFile(page, fixture);
  await expect(page.getByRole('region', { name: 'Adaptive against dense' })).toBeVisible();
}

async function importFile(page: Page, file: typeof fixture): Promise<void> {
  await history(page).getByLabel('Import').setInputFiles(file);
}

function history(page: Page) {
  return page.getByRole('navigation', { name: 'Runs kept in this browser' });
}

function messages(page: Page) {
  return page.getByRole('region', { name: 'Messages' });
}

async function textOf(download: Promise<Download>): Promise<string> {
  return readFile(await (await download).path(), 'utf8');
}

async function violations(page: Page): Promise<string[]> {
  const { violations: found } = await new AxeBuilder({ page })
    .withTags(['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'])
    .analyze();
  return found.map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.target.join(' ')).join(', ')}`);
}

test('runs are named, pinned and deleted, and are still there after a reload', async ({ app, page }) => {
  await openWithRuns(app.page);
  const runs = history(page);
  await expect(runs.getByRole('listitem')).toHaveCount(2);
  // The pinned one is on top though it is older.
  await expect(runs.getByRole('listitem').first()).toContainText('On the CPU');

  await runs.getByRole('button', { name: 'Actions for Field report' }).click();
  await runs.getByRole('button', { name: 'Rename' }).click();
  await runs.getByRole('textbox', { name: 'Name of this run' }).fill('Baseline');
  await page.keyboard.press('Enter');
  await runs.getByRole('button', { name: 'Pin', exact: true }).click();
  await page.reload();
  await expect(runs.getByRole('listitem').first()).toContainText('Baseline');

  await runs.getByRole('button', { name: 'Actions for Baseline' }).click();
  await runs.getByRole('button', { name: 'Delete', exact: true }).click();
  await expect(runs.getByRole('listitem')).toHaveCount(1);
  await messages(page).getByRole('button', { name: 'Undo' }).click();
  await expect(runs.getByRole('listitem')).toHaveCount(2);

  await importFile(page, { ...fixture, buffer: Buffer.from(JSON.stringify({ ...gpuResult, runs: 5 })) });
  await expect(messages(page)).toContainText('runs: ');
  await expect(runs.getByRole('listitem')).toHaveCount(2);
});

test('a run leaves as JSON, CSV, trace, SVG and PNG', async ({ app, page }) => {
  await openWithRuns(app.page);
  const result = page.getByRole('region', { name: 'Adaptive against dense' });
  const saved = (button: string): Promise<Download> => {
    const download = page.waitForEvent('download');
    return result
      .getByRole('button', { name: button })
      .click()
      .then(() => download);
  };
  expect(JSON.parse(await textOf(saved('Download as JSON')))).toEqual(gpuResult);
  expect((await textOf(saved('CSV'))).split('\r\n')).toHaveLength(4);
  const { traceEvents } = JSON.parse(await textOf(saved('Trace for Perfetto'))) as { traceEvents: unknown[] };
  expect(traceEvents.length).toBeGreaterThan(16);

  const svg = await textOf(saved('Save “Where the time went” as SVG'));
  expect(svg).not.toContain('var(--');
  expect(svg).toMatch(/fill="rgb\(\d+, \d+, \d+\)"/);
  const png = await readFile(await (await saved('Save “Where the time went” as PNG')).path());
  expect(png.subarray(1, 4).toString()).toBe('PNG');
  // Twice the width that the picture is laid out for.
  expect(png.readUInt32BE(16)).toBe(1_760);

  const all = page.waitForEvent('download');
  await page.getByRole('button', { name: 'Export all as JSON' }).click();
  expect(JSON.parse(await textOf(all))).toEqual(runsFile([gpuRun, softwareRun]));
});

test('two runs stand side by side', async ({ app, page }) => {
  await openWithRuns(app.page);
  await history(page).getByRole('button', { name: 'Actions for On the CPU' }).click();
  await page.getByRole('button', { name: 'Compare with the run on screen' }).click();
  const compared = page.getByRole('region', { name: 'Two runs side by side' });
  await expect(compared.getByRole('row', { name: /Prompt tokens 32,768 412/ })).toBeVisible();
  await expect(compared).toContainText('They ran on different adapters');
  await expect(compared.locator('.time-bar')).toHaveCount(3);
  expect(await violations(page)).toEqual([]);
  await compared.getByRole('button', { name: 'End the comparison' }).click();
  await expect(page.getByRole('region', { name: 'Adaptive against dense' })).toBeVisible();

  // Four lanes are the most there can be, and fit a narrow screen.
  const twin = runsFile([{ ...gpuRun, id: 'twin', name: 'Twin' }]);
  await importFile(page, { ...fixture, buffer: Buffer.from(JSON.stringify(twin)) });
  await history(page).getByRole('button', { name: 'Actions for Field report' }).click();
  await page.getByRole('navigation').getByText('Compare with the run on screen').last().click();
  await expect(compared.locator('.time-bar')).toHaveCount(4);
  await expect(compared).toContainText(/Both were set alike\.\s*Both read the same document\./);
  await page.setViewportSize({ width: 360, height: 780 });
  await expect
    .poll(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth))
    .toBeLessThanOrEqual(0);
  expect(await violations(page)).toEqual([]);
});

test('a replay fills in what it can and says what is missing', async ({ app, page }) => {
  await openWithRuns(app.page);
  await page
    .getByRole('region', { name: 'Adaptive against dense' })
    .getByRole('button', { name: 'Repeat' })
    .click();
  await expect(messages(page)).toContainText('The document “Field report” is not kept: open it, then run.');
  await expect(app.question).toHaveValue(gpuResult.request.question);
});

test('a share link fills in settings once and says so; a broken one is refused', async ({
  app,
  page,
  context,
}) => {
  await openWithRuns(app.page);
  await app.documentText.fill('words of my own');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Share its settings' }).click();
  const dialog = page.getByRole('dialog', { name: 'Share settings' });
  const link = await dialog.getByRole('textbox', { name: 'Link' }).inputValue();
  await dialog.getByRole('checkbox', { name: 'Include the question' }).check();
  await expect(dialog.getByRole('textbox', { name: 'Link' })).not.toHaveValue(link);
  await dialog.getByRole('checkbox', { name: 'Include the document' }).check();
  await expect(dialog).toContainText('The document of this run is not kept');

  const other = await context.newPage();
  await other.route('**/models/**', (route) => route.abort());
  await other.goto(link);
  await expect(messages(other)).toContainText(
    'Settings of the link are filled in: Adaptive, seed 7. Nothing has run yet.',
  );
  await expect(other).toHaveURL(/\/$/);
  await other.getByText('Sampling and order').click();
  await expect(other.getByRole('spinbutton', { name: 'Seed' })).toHaveValue('7');
  await messages(other).getByRole('button', { name: 'Undo' }).click();
  await expect(other.getByRole('spinbutton', { name: 'Seed' })).toHaveValue('0');
  await other.goto(link.slice(0, -8));
  await expect(messages(other)).toContainText('This share link can’t be read');
});

test('energy is an estimate from stated watts, and none for a software adapter', async ({ app, page }) => {
  await openWithRuns(app.page);
  await expect(page.getByRole('region', { name: 'Energy' })).toHaveCount(0);
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  await dialog.getByRole('spinbutton', { name: 'Power during a run, W' }).fill('300');
  await dialog.getByRole('spinbutton', { name: 'Grid, g CO₂/kWh' }).fill('400');
  await page.keyboard.press('Escape');
  const energy = page.getByRole('region', { name: 'Energy' });
  // 1.8 s and 0.6 s at 300 W.
  await expect(energy.getByRole('row', { name: 'To the first token' })).toContainText('150 mWh, 60 mg CO₂');
  await expect(energy.getByRole('row', { name: 'To the first token' })).toContainText('50 mWh, 20 mg CO₂');
  await expect(energy).toContainText('the 300 W that you stated, at 400 g of CO₂ a kilowatt hour');
  await history(page)
    .getByRole('button', { name: /On the CPU.*52/ })
    .click();
  await expect(page.getByRole('region', { name: 'Dense alone' })).toBeVisible();
  await expect(energy).toHaveCount(0);
});

test('keys: ? lists them, single ones stay out of text fields and can be switched off', async ({
  app,
  page,
}) => {
  await openWithRuns(app.page);
  const help = page.getByRole('dialog', { name: 'Keyboard shortcuts' });
  await app.question.focus();
  await page.keyboard.type('why?');
  await expect(app.question).toHaveValue(/why\?$/);
  await expect(help).toHaveCount(0);
  await app.question.blur();
  await page.keyboard.press('?');
  await expect(help).toBeVisible();
  await page.keyboard.press('Escape');
  await expect(help).toHaveCount(0);
  await page.keyboard.press('[');
  await expect(page.getByRole('region', { name: 'Dense alone' })).toBeVisible();
  await page.keyboard.press(',');
  await page.getByRole('checkbox', { name: /Shortcuts of a single character/ }).uncheck();
  await page.keyboard.press('Escape');
  await page.keyboard.press('?');
  await expect(help).toHaveCount(0);
});

test('history, settings and help have no violations in either theme, nor on a narrow screen', async ({
  app,
  page,
}) => {
  await openWithRuns(app.page);
  await history(page).getByRole('button', { name: 'Actions for Field report' }).click();
  for (const theme of ['Light', 'Dark']) {
    await page.getByRole('banner').getByRole('radio', { name: theme }).check();
    expect(await violations(page), theme).toEqual([]);
    for (const [button, title] of [
      ['Settings', 'Settings'],
      ['Keyboard shortcuts', 'Keyboard shortcuts'],
      ['Share its settings', 'Share settings'],
      ['Share these settings', 'Share settings'],
    ] as const) {
      await page.getByRole('button', { name: button, exact: true }).click();
      await expect(page.getByRole('dialog', { name: title })).toBeVisible();
      expect(await violations(page), `${title}, ${theme}`).toEqual([]);
      await page.keyboard.press('Escape');
      await expect(page.getByRole('dialog')).toHaveCount(0);
    }
  }
  await page.setViewportSize({ width: 390, height: 844 });
  await expect
    .poll(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth))
    .toBeLessThanOrEqual(0);
});
