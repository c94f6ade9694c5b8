/** Samples of every size: chosen, asked about with one click, read whole. */
import { expect, test } from './fixtures/app';
import { violations } from './fixtures/axe';

test('a sample offers three questions whose answers are known', async ({ app, page }) => {
  await app.openBeforeModel();
  for (const [name, finish] of [
    ['Report', /^Finish the sentence: /],
    ['Server log', /^Finish the line: /],
    ['Records', /^Who is the keeper of the /],
  ] as const) {
    await app.takeSample(name);
    const chips = page.getByRole('group', { name: /^To try/ }).getByRole('button');
    await expect(chips).toHaveText([/^What is the .+\? \d+%$/, /^Where is the .+\? \d+%$/, finish]);
    await expect(chips.first()).toHaveAttribute('aria-pressed', 'true');
    for (const chip of await chips.all()) {
      await chip.click();
      await expect(chip).toHaveAttribute('aria-pressed', 'true');
      const text = await chip.locator('span').first().innerText();
      await expect(app.question).toHaveValue(text);
      const answer = await page.getByText('The planted answer is').getByRole('strong').innerText();
      expect((await app.documentText.inputValue()).includes(answer)).toBe(true);
    }
  }
  // Another question has no known answer, and another text no questions.
  await app.question.fill('What else?');
  await expect(page.getByText('The planted answer is')).toBeHidden();
  await page.getByRole('button', { name: 'Clear' }).click();
  await expect(page.getByRole('group', { name: /^To try/ })).toBeHidden();
});

test('questions of a sample are accessible in both themes and fit a narrow page', async ({ app, page }) => {
  await app.openBeforeModel();
  await app.takeSample('Report');
  await expect(page.getByRole('group', { name: /^To try/ })).toBeVisible();
  for (const theme of ['Light', 'Dark']) {
    await page.getByRole('radio', { name: theme }).check();
    expect(await violations(page), theme).toEqual([]);
  }
  await page.setViewportSize({ width: 360, height: 780 });
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  expect(overflow).toBeLessThanOrEqual(0);
});

test('reads the whole of a sample with one click, whatever the limit was', async ({ app, page }) => {
  await app.open();
  await app.takeSample('Server log');
  await page.getByLabel('Context, tokens').fill('128');
  await expect(page.getByText(/the middle of the document will be left out/)).toBeVisible();
  await page.getByRole('button', { name: 'Read the whole thing' }).click();
  await expect(page.getByLabel('Context, tokens')).toHaveValue('');
  await app.finished();
  await expect(app.result.getByText(/planted answer (found|missed|cut)/).first()).toBeVisible();
});

test('reads the whole of a long sample with dense projected, not run', async ({ app, page }) => {
  await app.open();
  await page.getByLabel('Sample length').selectOption('8000');
  await app.takeSample('Report');
  await expect(page.getByText(/Dense would take very long, so it is projected, not run\./)).toBeVisible({
    timeout: 60_000,
  });
  await page.getByRole('button', { name: 'Read the whole thing' }).click();
  await expect(page.getByRole('heading', { name: 'Running' })).toBeVisible();
  await expect(
    page.getByText(/^Dense is not run: a sample of its attention is measured after this,/),
  ).toBeVisible();
  await expect(page.locator('.race').getByRole('article')).toHaveCount(1);
  await page.keyboard.press('Escape');
  await expect(page.getByRole('heading', { name: 'Stopped' })).toBeVisible({ timeout: 60_000 });
  // As the page is set, so that a further question can follow it.
  await page.getByText('Sampling and order').click();
  await expect(page.getByRole('radio', { name: 'Dense projected' })).toBeChecked();
});
