/**
 * `npm run pictures`: the pictures of the README, taken from the built page after a run of the built-in model on the
 * software adapter, which the page itself labels. They show what is there to see, not how fast it is.
 */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { ensureChromium, openPage } from '../cli/browser';
import { buildIfNeeded, root, serveSite } from '../cli/site';

const largest = 200_000;
const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

async function main(): Promise<void> {
  await buildIfNeeded(log);
  const site = await serveSite();
  const { browser, page } = await openPage(ensureChromium(log), `${site.origin}/?cli`, 'software');
  try {
    await page.setViewportSize({ width: 1280, height: 900 });
    await page.getByRole('button', { name: /^Run\b/ }).waitFor();
    await page.waitForFunction(() => 'playground' in window);
    log('Running…');
    // Long enough for a pattern to skip something, short enough for a CPU.
    await page.evaluate(async () => {
      await window.playground.load('builtin');
    });
    await page.getByLabel('Sample length').selectOption('2000');
    await page.getByRole('group', { name: 'Samples' }).getByRole('button', { name: 'Report' }).click();
    await page.getByText('Advanced parameters').click();
    await page.getByLabel('Dense fallback').selectOption('Never');
    await page.getByText('Advanced parameters').click();
    await page.getByRole('button', { name: /^Run\b/ }).click();
    await page.getByRole('region', { name: /against dense$/ }).waitFor({ timeout: 600_000 });
    for (const theme of ['light', 'dark'] as const) {
      await page.getByRole('banner').getByRole('radio', { name: theme, exact: false }).check();
      await page.evaluate(() => {
        scrollTo(0, 0);
        (document.activeElement as HTMLElement | null)?.blur();
      });
      const path = join(root, 'docs', `page-${theme}.png`);
      await page.screenshot({ path });
      const { size } = statSync(path);
      if (size > largest) throw new Error(`${path} has ${size} bytes, more than ${largest}`);
      log(`${path}: ${Math.round(size / 1000)} KB`);
    }
  } finally {
    await browser.close();
    await site.close();
  }
}

main().catch((error: unknown) => {
  log(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
