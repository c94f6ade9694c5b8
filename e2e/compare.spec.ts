/** The main job: a document, a question, both runs, and what they mean. */
import { readFile } from 'node:fs/promises';
import type { CompareResult } from '../app/engine/types';
import { expect, runTimeout, test } from './fixtures/app';
import { violations } from './fixtures/axe';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

test('one click compares a sample report and explains the result', async ({ app, page }) => {
  await app.open();
  await page.getByRole('button', { name: 'Compare on a sample report' }).click();

  await expect(page.getByRole('heading', { name: 'Running' })).toBeVisible();
  await expect(page.getByRole('article', { name: 'Dense' })).toBeVisible();
  await expect(page.getByRole('article', { name: 'Adaptive' })).toContainText('Waits for its turn');
  await expect(page.getByRole('progressbar', { name: 'Dense: prompt read' })).toBeVisible();
  await app.finished();

  const { result } = app;
  await expect(result).toContainText('both times: nothing was skipped');
  await expect(result).toContainText('up to 4,096 tokens the index costs more than it saves');
  await expect(result.getByText('software adapter: correct, not fast').first()).toBeVisible();
  await expect(result.getByRole('row', { name: /^Density/ })).toContainText('100%');
  await expect(result.getByRole('article', { name: 'Dense answer' })).toContainText('planted answer found');
  await expect(result.getByRole('article', { name: 'Adaptive answer' })).toContainText(
    'planted answer found',
  );
  await expect(result).toContainText('Identical');
  await expect(result.getByText('There is nothing to measure')).toBeVisible();
  await expect(result.getByRole('button', { name: 'Measure heads' })).toHaveCount(0);

  await result.getByText('Layer by layer').click();
  await expect(result.getByRole('figure', { name: 'Time by layer' }).locator('svg')).toBeVisible();
  await expect(result.getByRole('row', { name: /^7 .+ attention .+ attention$/ })).toBeVisible();

  const download = page.waitForEvent('download');
  await result.getByRole('button', { name: 'Download as JSON' }).click();
  const file = await (await download).path();
  const json = JSON.parse(await readFile(file, 'utf8')) as CompareResult;
  expect(json.version).toBe(1);
  expect(json.runs.map((run) => run.pattern)).toEqual(['dense', 'adaptive']);
  expect(json.adapter.software).toBe(true);
  // Of the time of all phases, what is in no layer is the embedding and the head.
  const [dense] = json.runs;
  const layers = dense?.layersMs.flatMap((times) => Object.values(times)) ?? [];
  const share = sum(layers) / sum(Object.values(dense?.phasesMs ?? {}));
  expect(share).toBeGreaterThan(0.9);
  expect(share).toBeLessThanOrEqual(1 + 1e-9);
  await expect(
    page.getByRole('navigation', { name: 'Runs kept in this browser' }).getByRole('listitem'),
  ).toHaveCount(1);
});

test('the keyboard alone is enough, and finished runs stay', async ({ app, page }) => {
  await app.open();
  const group = page.getByRole('group', { name: 'Samples' });
  await group.getByRole('button', { name: 'Records' }).focus();
  await page.keyboard.press('Enter');
  await expect(app.question).toHaveValue(/^What is the .+ of the .+\?$/);

  await page.getByRole('radio', { name: /Adaptive/ }).focus();
  await page.keyboard.press('ArrowUp');
  await expect(page.getByRole('radio', { name: /Dense alone/ })).toBeChecked();
  await app.question.focus();
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('article', { name: 'Dense' })).toBeVisible();
  await expect(page.getByRole('article')).toHaveCount(1);
  await app.finished();
  await expect(app.result).toContainText('Dense attention alone.');

  await app.documentText.fill('');
  await page.keyboard.press('Control+Enter');
  await expect(page.getByRole('alert')).toContainText('There is no document yet.');
  await expect(app.result).toBeVisible();
});

test.describe('several blocks of rows', () => {
  test.use({ settings: { newTokens: 2, sampleTokens: 300 } });

  test('sparse at any length when asked, with its density below one', async ({ app, page }) => {
    await app.open();
    await app.takeSample('Report');
    await page.getByText('Advanced parameters').click();
    await page.getByLabel('Dense fallback').selectOption('Never');
    await page.getByRole('spinbutton', { name: 'Diagonals at most' }).fill('128');
    await page.getByRole('spinbutton', { name: 'Columns at most' }).fill('16');
    // Of so few rows they are most of what could be skipped.
    await page.getByRole('spinbutton', { name: 'Last rows dense' }).fill('0');
    await page.getByText('Sampling and order').click();
    await page.getByRole('radio', { name: 'Sparse first' }).check();
    await app.runButton.click();
    await expect(page.getByRole('article', { name: 'Dense' })).toContainText('Waits for its turn');
    await app.finished();
    await expect(app.result).not.toContainText('nothing was skipped');
    await expect(app.result.getByRole('row', { name: /^Density/ })).toContainText(/100%\s*\d\d%/);

    // The same once more, with dense projected: the word stands wherever such a figure does.
    await page.getByRole('radio', { name: 'Dense projected' }).check();
    await expect(page.getByRole('radio', { name: 'Sparse first' })).toBeDisabled();
    await app.runButton.click();
    await expect(page.getByText('a sample of its attention is measured after this')).toBeVisible();
    const projected = page.getByRole('region', { name: 'Adaptive against dense, projected' });
    await expect(projected).toBeVisible({ timeout: runTimeout });
    await expect(projected).toContainText(/than dense is projected to be|from dense as projected/);
    await expect(projected).toContainText('Projected from a sample, not measured');
    const panel = projected.getByRole('region', { name: 'Dense, projected' });
    await expect(panel).toContainText('projected, not measured');
    await expect(panel).toContainText('software adapter');
    await expect(panel.getByRole('row', { name: /^Time to first token, projected / })).toBeVisible();
    await expect(projected.getByRole('columnheader', { name: 'Dense', exact: true })).toHaveCount(0);
    expect(await violations(page)).toEqual([]);
    const picture = page.waitForEvent('download');
    await projected.getByRole('button', { name: 'Save “Where the time went” as SVG' }).click();
    expect(await readFile(await (await picture).path(), 'utf8')).toContain(
      'projected from a measured sample',
    );
    const kept = page.getByRole('navigation', { name: 'Runs kept in this browser' });
    await expect(kept.getByRole('listitem').first()).toContainText('× projected');
    await kept
      .getByRole('listitem')
      .nth(1)
      .getByRole('button', { name: /^Actions/ })
      .click();
    await kept.getByRole('button', { name: 'Compare' }).click();
    const beside = page.getByRole('region', { name: 'Two runs side by side' });
    await expect(beside.getByText('A: Dense, projected')).toBeVisible();
    await expect(beside.getByRole('row', { name: /^Dense too/ })).toContainText('projected, not run');
  });
});
