import { AxeBuilder } from '@axe-core/playwright';
import { kernelResult, prefillResult } from '../app/engine/bench/fixtures';
import { expect, test } from './fixtures/app';

const file = (name: string, content: string) => ({
  name,
  mimeType: 'application/json',
  buffer: Buffer.from(content),
});

test('result files are drawn and tabulated, and a wrong one is refused by name', async ({ page }) => {
  const requests: string[] = [];
  page.on('request', (request) => requests.push(request.url()));
  await page.goto('/?bench');
  const input = page.locator('input[type=file]');
  await input.setInputFiles([
    file('prefill.json', JSON.stringify(prefillResult)),
    file('kernels.json', JSON.stringify(kernelResult)),
    file('notes.json', '{}'),
  ]);
  await expect(page.getByRole('alert')).toContainText('notes.json: This file holds no benchmark result.');

  const prefill = page.getByRole('region', { name: 'prefill.json' });
  const chart = prefill.getByRole('figure', { name: 'Time to first token by prompt length' });
  await expect(chart).toContainText('Vertical-slash, 8,192 tokens: 200 ms');
  // One line and its dots for each pattern.
  await expect(chart.locator('svg [aria-label=line] path')).toHaveCount(2);
  await expect(chart.locator('svg [aria-label=dot] path')).toHaveCount(3);
  await expect(
    prefill.getByRole('figure', { name: 'Where the GPU time went' }).locator('svg rect'),
  ).not.toHaveCount(0);
  await expect(prefill.getByRole('row', { name: /8,192 vertical_slash 200\.0 ms 2\.00×/ })).toBeVisible();
  await expect(prefill.getByRole('row', { name: /32,768 dense not run/ })).toBeVisible();

  const kernels = page.getByRole('region', { name: 'kernels.json' });
  await expect(kernels.getByRole('figure', { name: 'Arithmetic by kernel' })).toContainText(
    '50% of the plain f32',
  );
  await expect(kernels.getByRole('figure', { name: 'Bandwidth by kernel' })).toContainText('25% of the copy');

  const saved = page.waitForEvent('download');
  await chart.getByRole('button', { name: /as SVG$/ }).click();
  expect((await saved).suggestedFilename()).toBe('time-to-first-token-by-prompt-length.svg');

  for (const theme of ['Light', 'Dark']) {
    await page.getByRole('radio', { name: theme }).check();
    const { violations } = await new AxeBuilder({ page }).analyze();
    expect(
      violations.map(({ id }) => id),
      theme,
    ).toEqual([]);
  }
  await page.setViewportSize({ width: 360, height: 780 });
  await expect
    .poll(() => page.evaluate(() => document.documentElement.scrollWidth - innerWidth))
    .toBeLessThanOrEqual(0);
  // Drawing results needs no model.
  expect(requests.filter((url) => url.includes('/models/'))).toEqual([]);

  await prefill.getByRole('button', { name: 'Remove' }).click();
  await expect(prefill).toHaveCount(0);
});
