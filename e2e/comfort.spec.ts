/** What makes the page pleasant to live with: the palette, files of settings, undo, fingers, crashes, long answers. */
import { readFile } from 'node:fs/promises';
import type { Page } from '@playwright/test';
import { gpuRun, gpuResult } from '../app/storage/fixtures';
import { runsFile } from '../app/storage/savedRun';
import { expect, test } from './fixtures/app';
import { violations } from './fixtures/axe';

/** Most of this needs no model: its files are not even sent, so that nothing here waits for them. */
async function openWithoutModel(page: Page): Promise<void> {
  await page.route('**/models/**', (route) => route.abort());
  await page.goto('/');
  await expect(page.getByRole('heading', { name: 'Document' })).toBeVisible();
}

function messages(page: Page) {
  return page.getByRole('region', { name: 'Messages' });
}

async function drop(page: Page, name: string, content: string): Promise<void> {
  const data = await page.evaluateHandle(
    ([file = '', text = '']) => {
      const transfer = new DataTransfer();
      transfer.items.add(new File([text], file));
      return transfer;
    },
    [name, content],
  );
  await page.dispatchEvent('body', 'drop', { dataTransfer: data });
}

test('a dropped file gives back what it replaced, and dropped runs are shown', async ({ app, page }) => {
  await openWithoutModel(page);
  await app.documentText.fill('Words of my own.');
  await app.question.fill('Whose?');
  await drop(page, 'notes.txt', 'Nine boats.');
  await expect(app.documentText).toHaveValue('Nine boats.');
  await messages(page).getByRole('button', { name: 'Undo' }).click();
  await expect(app.documentText).toHaveValue('Words of my own.');
  await expect(app.question).toHaveValue('Whose?');

  await drop(page, 'minference-runs.json', JSON.stringify(runsFile([gpuRun])));
  await expect(messages(page)).toContainText('1 run imported.');
  await expect(page.getByRole('region', { name: 'Adaptive against dense' })).toBeVisible();
  await drop(page, 'result.json', JSON.stringify(gpuResult, null, 2));
  await expect(page.getByRole('navigation').getByRole('listitem')).toHaveCount(2);
  await expect(app.documentText).toHaveValue('Words of my own.');
});

test('the palette does by words what the page does by buttons, by keyboard alone', async ({ app, page }) => {
  await openWithoutModel(page);
  await app.question.focus();
  await page.keyboard.press('Control+k');
  const palette = page.getByRole('dialog', { name: 'All actions' });
  const field = palette.getByRole('combobox', { name: 'Search actions' });
  await expect(field).toBeFocused();
  await expect(palette.getByRole('option', { name: /^Run/ })).toHaveCount(0);
  for (const theme of ['light', 'dark'] as const) {
    await page.evaluate((value) => {
      document.documentElement.dataset.theme = value;
    }, theme);
    expect(await violations(page), theme).toEqual([]);
  }
  await page.keyboard.type('them');
  await expect(palette.getByRole('option')).toHaveCount(3);
  await page.keyboard.press('ArrowUp');
  await expect(palette.getByRole('option', { selected: true })).toHaveText('Dark theme');
  await expect(field).toHaveAttribute('aria-activedescendant', /theme-dark$/);
  await page.keyboard.press('Enter');
  await expect(palette).toHaveCount(0);
  await expect(page.locator('html')).toHaveAttribute('data-theme', 'dark');
  await expect(app.question).toBeFocused();

  await page.keyboard.press('Control+k');
  await page.keyboard.type('sample log');
  await page.keyboard.press('Enter');
  await expect(app.documentText).toHaveValue(/^Server log/);
  await page.keyboard.press('Control+k');
  await page.keyboard.type('zzz');
  await expect(palette).toContainText('No action has these words.');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Escape');
  await expect(palette).toHaveCount(0);

  await page.keyboard.press('Control+k');
  await page.keyboard.type('about');
  await page.keyboard.press('Enter');
  const about = page.getByRole('dialog', { name: 'About and licences' });
  await expect(about).toContainText('Language models make mistakes');
  expect(await violations(page)).toEqual([]);
  const licences = await page.request.get(
    new URL((await about.getByRole('link').getAttribute('href')) ?? '', page.url()).href,
  );
  const text = await licences.text();
  for (const name of ['react ', '@huggingface/transformers ', 'hash-wasm ', 'pdfjs-dist '])
    expect(text).toContain(`\n${name}`);
});

test('Ctrl E exports the shown run, though never out of a text field', async ({ app, page }) => {
  await openWithoutModel(page);
  await drop(page, 'result.json', JSON.stringify(gpuResult));
  await expect(page.getByRole('region', { name: 'Adaptive against dense' })).toBeVisible();
  let downloads = 0;
  page.on('download', () => downloads++);
  await app.question.focus();
  await page.keyboard.press('Control+e');
  await app.question.blur();
  const download = page.waitForEvent('download');
  await page.keyboard.press('Control+e');
  expect(JSON.parse(await readFile(await (await download).path(), 'utf8'))).toEqual(gpuResult);
  expect(downloads).toBe(1);
});

test('settings leave as a file, come back from it, and are reset with a way back', async ({ page }) => {
  await openWithoutModel(page);
  await page.getByLabel('New tokens').fill('17');
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  const dialog = page.getByRole('dialog', { name: 'Settings' });
  const download = page.waitForEvent('download');
  await dialog.getByRole('button', { name: 'Export' }).click();
  const file = await (await download).path();
  await dialog.getByRole('button', { name: 'Reset' }).click();
  await page.keyboard.press('Escape');
  await expect(page.getByLabel('New tokens')).toHaveValue('24');
  await expect(messages(page)).toContainText('All settings are as at first.');
  await page.getByRole('button', { name: 'Settings', exact: true }).click();
  await dialog.getByLabel('Import settings').setInputFiles(file);
  await page.keyboard.press('Escape');
  await expect(page.getByLabel('New tokens')).toHaveValue('17');
  await messages(page).getByRole('button', { name: 'Undo' }).last().click();
  await expect(page.getByLabel('New tokens')).toHaveValue('24');
});

test('fields of a pattern stand apart at both widths', async ({ page }) => {
  await openWithoutModel(page);
  await page.getByRole('radio', { name: /MInference by head/ }).check();
  const panel = page.getByRole('region', { name: 'Sparse attention' });
  for (const width of [1280, 390]) {
    await page.setViewportSize({ width, height: 900 });
    const gaps = await panel.evaluate((element) =>
      [...element.querySelectorAll('.field')].flatMap((field) => {
        const boxes = [...field.children].map((child) => child.getBoundingClientRect());
        return boxes.slice(1).map((box, at) => box.top - (boxes[at]?.bottom ?? 0));
      }),
    );
    expect(gaps.length).toBeGreaterThan(4);
    expect(Math.min(...gaps), String(width)).toBeGreaterThanOrEqual(2);
  }
});

test('an engine that crashes is explained, and its model loads again', async ({ app, page }) => {
  await app.open();
  await app.takeSample('Server log');
  const text = await app.documentText.inputValue();
  const engine = page.workers().find((worker) => worker.url().includes('engine.worker'));
  await engine?.evaluate(() => {
    setTimeout(() => {
      throw new Error('as a defect would');
    });
  });
  const alert = page.getByRole('alert').first();
  await expect(alert).toContainText('The engine stopped unexpectedly.');
  await expect(app.runButton).toBeDisabled();
  await page.getByRole('button', { name: 'Load the built-in model' }).first().click();
  await expect(app.runButton).toBeEnabled({ timeout: 120_000 });
  expect(await app.documentText.inputValue()).toBe(text);
});

test.describe('on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('everything that is touched is 44 px high, and nothing is cut off', async ({ page }) => {
    await openWithoutModel(page);
    await drop(page, 'result.json', JSON.stringify(gpuResult));
    await expect(page.getByRole('region', { name: 'Adaptive against dense' })).toBeVisible();
    await expect(page.locator('.head-grid')).toBeVisible();
    await expect(page.getByText(/^Heads run dense would have computed more than 70%/)).toBeVisible();
    for (const summary of ['Advanced parameters', 'Sampling and order', 'Settings of this run'])
      await page.getByText(summary, { exact: true }).click();
    expect(await page.evaluate(() => matchMedia('(pointer: coarse)').matches)).toBe(true);
    const small = await page.evaluate(() => {
      const touched = 'button, select, summary, textarea, input:not([type=radio], [type=checkbox]), label';
      return [...document.querySelectorAll<HTMLElement>(touched)]
        .filter((element) => {
          // A label above a field is not the target, the field is; a hidden field has its label.
          if (element.matches('.unseen, .skip')) return false;
          // One of hundreds; arrows and a table reach the same.
          if (element.closest('.head-grid')) return false;
          if (element.matches('label') && !element.matches('.button, .check, .segments label, :has(input)'))
            return false;
          return element.checkVisibility() && element.getBoundingClientRect().height < 44;
        })
        .map((element) => {
          const { width, height } = element.getBoundingClientRect();
          return `${element.tagName}.${element.className} "${element.textContent.slice(0, 30)}" ${Math.round(width)}x${Math.round(height)}`;
        });
    });
    expect(small).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(
      0,
    );
  });
});

test.describe('parameters on a phone', () => {
  test.use({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true });

  test('have one name, whole defaults and the keyboard for their numbers', async ({ page }) => {
    await openWithoutModel(page);
    const panel = page.getByRole('region', { name: 'Sparse attention' });
    const found: Record<string, string> = {};
    for (const radio of await panel.getByRole('radio').all()) {
      await radio.check();
      const summary = panel.getByText('Advanced parameters', { exact: true });
      if ((await radio.inputValue()) === 'dense') {
        await expect(summary).toHaveCount(0);
        continue;
      }
      if (!(await panel.locator('details').evaluate((details: HTMLDetailsElement) => details.open)))
        await summary.click();
      for (const field of await panel.getByRole('spinbutton').all()) {
        const { name, room, needed } = await field.evaluate((input: HTMLInputElement) => {
          const style = getComputedStyle(input);
          const context = document.createElement('canvas').getContext('2d');
          if (context) context.font = style.font;
          return {
            name: input.labels?.[0]?.textContent ?? '',
            room: input.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight),
            needed: context?.measureText(input.placeholder).width ?? Infinity,
          };
        });
        expect(needed, name).toBeLessThanOrEqual(room);
        found[name] = `${await field.getAttribute('placeholder')}, ${await field.getAttribute('inputmode')}`;
      }
    }
    expect(found).toMatchObject({
      'Columns at most': 'by length, numeric',
      'First tokens': 'default 128, numeric',
      'Least budget': 'default 512, numeric',
      'Attention kept (gamma)': 'default 0.9, decimal',
      'Query-aware below (tau)': 'default 0.1, decimal',
      Threshold: 'default 0.9, decimal',
      'First sparse layer': 'default -1, text',
    });

    await panel.getByRole('radio', { name: /^Vertical-slash/ }).check();
    await panel.getByText('Advanced parameters', { exact: true }).click();
    await panel.getByLabel('Budget', { exact: true }).selectOption('classic');
    await expect(panel.getByLabel('Diagonals', { exact: true })).toHaveAttribute(
      'placeholder',
      'default 6096',
    );
    await expect(panel.getByText('like it never falls back to dense')).toBeVisible();
    await panel.getByRole('radio', { name: /^A-shape/ }).check();
    await expect(panel.getByLabel('Dense fallback', { exact: true })).toHaveAccessibleDescription(
      /more than 70% of its tiles\..* no rule for short prompts\./,
    );
  });

  test('papers are linked, each that a pattern descends from', async ({ page }) => {
    await openWithoutModel(page);
    const panel = page.getByRole('region', { name: 'Sparse attention' });
    const links = (): Promise<string[]> =>
      panel.getByRole('link').evaluateAll((all) => all.map((link) => (link as HTMLAnchorElement).href));
    await panel.getByRole('radio', { name: /^Adaptive/ }).check();
    await expect(panel.getByText('Papers: MInference, FlexPrefill')).toBeVisible();
    expect(await links()).toEqual(['https://arxiv.org/abs/2407.02490', 'https://arxiv.org/abs/2502.20766']);
    await panel.getByRole('radio', { name: /^MInference by head/ }).check();
    await expect(panel.getByText('Paper: MInference')).toBeVisible();
    expect(await links()).toEqual([
      'https://arxiv.org/abs/2407.02490',
      'https://github.com/microsoft/MInference/tree/main/minference/configs',
    ]);
  });
});

test.describe('a long answer', () => {
  // Warm enough that it does not end after the number it was asked for.
  test.use({ settings: { newTokens: 160, sampleTokens: 100, temperature: 4, pattern: 'dense', seed: 3 } });

  test('is followed to its end, unless the reader scrolls away', async ({ app, page }) => {
    await page.setViewportSize({ width: 360, height: 480 });
    await app.open();
    await app.takeSample('Server log');
    await app.runButton.click();
    const answer = page.getByRole('article', { name: 'Dense' }).locator('.answer');
    await expect(answer).toBeVisible({ timeout: 120_000 });
    // Its end at the edge of the window, so that every further line would be below it.
    await answer.evaluate((element) => {
      element.scrollIntoView({ block: 'end', behavior: 'instant' });
    });
    const bottom = (): Promise<number> =>
      answer.evaluate((element) => element.getBoundingClientRect().bottom - innerHeight);
    const height = (): Promise<number> => answer.evaluate((element) => element.clientHeight);
    const start = await page.evaluate(() => scrollY);
    const first = await height();
    await expect.poll(height, { intervals: [50], timeout: 60_000 }).toBeGreaterThan(first + 30);
    await expect.poll(bottom, { intervals: [50] }).toBeLessThanOrEqual(0);
    expect(await page.evaluate(() => scrollY)).toBeGreaterThan(start);

    await page.evaluate(() => {
      scrollBy({ top: -innerHeight, behavior: 'instant' });
    });
    const away = await page.evaluate(() => scrollY);
    const tall = await height();
    await expect.poll(height, { intervals: [50], timeout: 60_000 }).toBeGreaterThan(tall);
    expect(await page.evaluate(() => scrollY)).toBe(away);
    await page.keyboard.press('Escape');
  });
});
