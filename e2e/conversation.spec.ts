/** A second question about a document that was read already: fast, honest about what it measured, and kept as a turn. */
import { readFile } from 'node:fs/promises';
import type { CompareResult } from '../app/engine/types';
import { expect, runTimeout, test } from './fixtures/app';
import { violations } from './fixtures/axe';

/** The name and the value of a record of the sample that is not the one it asks for. */
function otherRecord(text: string, asked: string): { name: string; attribute: string; value: string } {
  const records = [...text.matchAll(/name: (.+)\n(?:.+\n)*?((?:access|serial|account) \w+): (\d{7})/g)].map(
    ([, name = '', attribute = '', value = '']) => ({ name: name.toLowerCase(), attribute, value }),
  );
  const other = records.find(({ name }) => !asked.includes(name));
  if (!other) throw new Error('the sample has one record only');
  return other;
}

test.use({ settings: { newTokens: 12, sampleTokens: 180, context: 450 } });

test('a further question is answered from what is kept, and stands below the first', async ({
  app,
  page,
}) => {
  test.setTimeout(3 * runTimeout);
  await app.open();
  await app.takeSample('Records');
  await expect(page.getByRole('checkbox', { name: 'Keep the document for further questions' })).toBeChecked();
  await expect(page.getByText(/^Takes .+ MiB more GPU memory/)).toBeVisible();
  await app.runButton.click();
  await app.finished();
  await expect(app.result.getByRole('article', { name: 'Dense answer' })).toContainText(
    'planted answer found',
  );

  // By keyboard alone from here on.
  const first = await app.question.inputValue();
  const other = otherRecord(await app.documentText.inputValue(), first);
  const second = `What is the ${other.attribute} of the ${other.name}?`;
  const field = page.getByRole('textbox', { name: 'Another question about this document' });
  await expect(page.getByText(/Keys and values of \d+ tokens are kept on the GPU/)).toBeVisible();
  await field.focus();
  await page.keyboard.type(second);
  await page.keyboard.press('Enter');
  await expect(page.getByRole('heading', { name: 'Running' })).toBeVisible();
  await app.finished();
  await expect(field).toBeFocused();
  await expect(field).toHaveValue('');

  const turns = app.result.getByRole('region', { name: 'Conversation' }).locator('.turn');
  await expect(turns).toHaveCount(2);
  await expect(turns.nth(0)).toContainText(first);
  await expect(turns.nth(1)).toContainText(second);
  for (const lane of ['Dense answer', 'Adaptive answer'])
    await expect(turns.nth(1).getByRole('article', { name: lane })).toContainText(other.value);
  const fact = /Answered after (\d+) new tokens; (\d+) tokens’ keys and values were kept\./;
  await expect(turns.nth(1)).toContainText(fact);
  await expect(turns.nth(0)).toContainText(/Answered after all \d+ tokens\./);
  await expect(app.result).toContainText('to the first token of a further question');
  await expect(app.result).toContainText('so no speed-up is given');
  await expect(app.result.getByRole('row', { name: /^Prompt tokens kept from before/ })).toBeVisible();

  const download = page.waitForEvent('download');
  await app.result.getByRole('button', { name: 'Download as JSON' }).click();
  const json = JSON.parse(await readFile(await (await download).path(), 'utf8')) as CompareResult;
  expect(json.speedup).toBeNull();
  for (const run of json.runs) {
    // All of the document, and none of the question, which begins with the same words.
    expect(run.pastTokens).toBeGreaterThan(json.prompt.documentTokens - 8);
    expect(run.pastTokens).toBeLessThan(json.prompt.tokens);
  }

  for (const theme of ['Light', 'Dark']) {
    await page.getByRole('banner').getByRole('radio', { name: theme }).check();
    expect(await violations(page), theme).toEqual([]);
  }
  await page.setViewportSize({ width: 360, height: 780 });
  await expect
    .poll(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth))
    .toBeLessThanOrEqual(0);
  expect(await violations(page), 'narrow').toEqual([]);
  await page.setViewportSize({ width: 1280, height: 900 });

  // Each turn brings its whole result back, and goes with its run.
  await turns
    .nth(0)
    .getByRole('button', { name: /^Show the result of/ })
    .focus();
  await page.keyboard.press('Enter');
  await expect(app.result).not.toContainText('a further question');
  await turns
    .nth(1)
    .getByRole('button', { name: /^Delete the question/ })
    .focus();
  await page.keyboard.press('Enter');
  await expect(turns).toHaveCount(0);
  await expect(app.result).toContainText(first);

  // A cancelled question leaves everything as it was, what was typed included.
  await field.fill(second);
  await field.press('Enter');
  await page.keyboard.press('Escape');
  await expect(field).toBeVisible({ timeout: 30_000 });
  await expect(field).toHaveValue(second);
  await expect(page.getByText(/Keys and values of \d+ tokens are kept on the GPU/)).toBeVisible();

  // Too long is refused by name where it was asked, and nothing is lost by it.
  await field.fill('why '.repeat(500));
  await field.press('Enter');
  await expect(app.result.getByRole('alert')).toContainText(
    /The question alone needs [\d,]+ tokens of the 450 allowed\./,
  );
  await expect(page.getByText(/Keys and values of \d+ tokens are kept on the GPU/)).toBeVisible();
  await app.result.getByRole('button', { name: 'Forget the document’s keys and values' }).click();
  await expect(page.getByText(/^No keys and values are kept/)).toBeVisible();

  // What is set differently ends it, and set back it goes on.
  await page.getByRole('radio', { name: /^A-shape/ }).check();
  await expect(page.getByText(/^This conversation has ended: the pattern/)).toBeVisible();
  await page.getByRole('radio', { name: /Adaptive/ }).check();
  await expect(field).toBeVisible();
  await app.documentText.press('End');
  await app.documentText.pressSequentially('.');
  await expect(page.getByText(/^This conversation has ended: the document/)).toBeVisible();
  await expect(field).toHaveCount(0);
});
