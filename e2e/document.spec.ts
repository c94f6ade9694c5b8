/** The text: counted as one types, cut aloud, kept over a reload. */
import { expect, test } from './fixtures/app';

test('counts tokens as one types and says what will be cut', async ({ app, page }) => {
  await app.open();
  await app.documentText.fill('The quick brown fox jumps over the lazy dog. '.repeat(40));
  await expect(page.getByRole('strong').filter({ hasText: /^\d+ tokens$/ })).toBeVisible();
  await expect(page.getByText(/Prompt of \d+ tokens needs .+; fits/)).toBeVisible();
  // While a long text is counted, nothing of the one before it is left.
  const shown = await app.documentText.evaluate(async (field) => {
    const data = new DataTransfer();
    data.setData('text/plain', 'A line of an ordinary log with some words in it.\n'.repeat(10_000));
    field.dispatchEvent(
      new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
    );
    await new Promise((go) => {
      requestAnimationFrame(() => requestAnimationFrame(go));
    });
    return ['.token-line', 'p.plan'].map((part) => document.querySelector(part)?.textContent);
  });
  expect(shown[0]).toMatch(/^counting… 49\d,\d{3} characters$/);
  expect(shown[1]).toBe('Counting the prompt’s tokens…');
  await expect(page.getByText(/Prompt of \d{3},\d{3} tokens needs/)).toBeVisible({ timeout: 60_000 });
  await page.getByLabel('Context, tokens').fill('128');
  await expect(page.getByText(/the middle of the document will be left out/)).toBeVisible();
});

test('document, question and settings survive a reload', async ({ app, page }) => {
  await app.openBeforeModel();
  await app.takeSample('Server log');
  const question = await app.question.inputValue();
  await page.getByLabel('New tokens').fill('17');
  await page.getByRole('radio', { name: 'Dark' }).check();
  // Longer than the pause after which the document is kept.
  await page.waitForTimeout(800);
  await page.reload();
  await expect(app.question).toHaveValue(question);
  await expect(app.documentText).toHaveValue(/^Server log/);
  await expect(page.getByLabel('New tokens')).toHaveValue('17');
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
});
