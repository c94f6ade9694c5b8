/** Documents of every format, several at once; what cannot be read is said, and what was cleared comes back. */
import type { Page } from '@playwright/test';
import { makeDocx, makeEpub, makePdf, paragraph } from '../app/documents/testing';
import { expect, test } from './fixtures/app';

interface Dropped {
  name: string;
  bytes: Uint8Array;
}

/** Drops files in the middle of the window, as a file manager would. */
async function drop(page: Page, files: readonly Dropped[]): Promise<void> {
  const sent = files.map(({ name, bytes }) => ({ name, bytes: [...bytes] }));
  const data = await page.evaluateHandle((given) => {
    const transfer = new DataTransfer();
    for (const { name, bytes } of given) transfer.items.add(new File([new Uint8Array(bytes)], name));
    return transfer;
  }, sent);
  await page.dispatchEvent('body', 'dragover', { dataTransfer: data });
  await page.dispatchEvent('body', 'drop', { dataTransfer: data });
}

function text(content: string): Uint8Array {
  return new TextEncoder().encode(content);
}

const pdf = { name: 'report.pdf', bytes: makePdf([['The harbour master'], ['counted nine boats.']]) };
const docx = { name: 'letter.docx', bytes: makeDocx(paragraph('Dear reader,') + paragraph('farewell.')) };

// Nothing here needs a model.
test.beforeEach(async ({ app }) => {
  await app.openBeforeModel();
});

test('a dropped PDF shows its text, pages and size', async ({ app, page }) => {
  await drop(page, [pdf]);
  await expect(app.documentText).toHaveValue('The harbour master\n\ncounted nine boats.');
  await expect(page.getByRole('list', { name: 'Files' })).toContainText('report.pdf');
  await expect(page.getByText('39 characters')).toBeVisible();
  await expect(page.getByText('2 pages', { exact: true })).toBeVisible();
  await expect(page.locator('.token-line')).toContainText(/(about )?\d+ tokens/);
});

test('a PDF in Chinese is read by the page’s own character maps', async ({ app, page }) => {
  // GBK codes of 中文, which nothing in the file explains.
  await drop(page, [{ name: 'zh.pdf', bytes: makePdf([['D6D0CEC4']], { cmap: 'GBK-EUC-H' }) }]);
  await expect(app.documentText).toHaveValue('中文');
});

test('Word and EPUB documents and web pages are read', async ({ app, page }) => {
  await drop(page, [docx]);
  await expect(app.documentText).toHaveValue('Dear reader,\nfarewell.');
  const book = makeEpub({ 'one.xhtml': '<p>It began.</p>' }, { 'one.xhtml': 'Chapter one' });
  await drop(page, [{ name: 'book.epub', bytes: book }]);
  await expect(app.documentText).toHaveValue('## Chapter one\n\nIt began.');
  await drop(page, [{ name: 'page.html', bytes: text('<script>no()</script><p>Only <b>this</b></p>') }]);
  await expect(app.documentText).toHaveValue('Only this');
});

test('several files become one text with titles; one that fails leaves the others', async ({ app, page }) => {
  const picture = { name: 'photo.png', bytes: new Uint8Array([0x89, 0x50, 0, 1]) };
  await drop(page, [{ name: 'notes.txt', bytes: text('Nine boats.') }, picture, docx]);
  const both = '# notes.txt\n\nNine boats.\n\n# letter.docx\n\nDear reader,\nfarewell.';
  await expect(app.documentText).toHaveValue(both);
  await expect(page.getByRole('alert')).toContainText('photo.png is a picture, not plain text.');
  const chips = page.getByRole('list', { name: 'Files' }).getByRole('listitem');
  await expect(chips.filter({ hasText: 'notes.txt' })).toContainText('11 bytes');

  await page.getByRole('button', { name: 'Remove notes.txt' }).click();
  await expect(app.documentText).toHaveValue('Dear reader,\nfarewell.');
  await page.getByRole('button', { name: 'Undo' }).click();
  await expect(app.documentText).toHaveValue(both);

  await page.getByLabel('Add files').setInputFiles({
    name: 'more.csv',
    mimeType: 'text/csv',
    buffer: Buffer.from('a;b'),
  });
  await expect(app.documentText).toHaveValue(`${both}\n\n# more.csv\n\na;b`);
  await app.documentText.press('End');
  await app.documentText.pressSequentially('!');
  await expect(page.getByText('Changed by hand since it was read.')).toBeVisible();
  await expect(page.getByRole('button', { name: /^Remove/ })).toHaveCount(0);
});

test('a scanned PDF says that it has no text', async ({ app, page }) => {
  await drop(page, [{ name: 'scan.pdf', bytes: makePdf([[], [], []]) }]);
  await expect(page.getByRole('alert')).toContainText(
    'This PDF has 3 pages and no text: it is probably scanned.',
  );
  await expect(app.documentText).toHaveValue('');
  await drop(page, [{ name: 'safe.pdf', bytes: makePdf([['x']], { locked: true }) }]);
  await expect(page.getByRole('alert')).toContainText('safe.pdf is protected by a password.');
});

test('a clear is undone by keyboard, files and question included', async ({ app, page }) => {
  await drop(page, [pdf, docx]);
  await expect(page.getByRole('button', { name: 'Remove report.pdf' })).toBeVisible();
  await app.question.fill('How many boats?');
  const before = await app.documentText.inputValue();
  await page.getByRole('button', { name: 'Clear' }).press('Enter');
  await expect(app.documentText).toHaveValue('');
  await expect(page.getByRole('button', { name: 'Undo clear' })).toBeFocused();
  await page.keyboard.press('Enter');
  await expect(app.documentText).toHaveValue(before);
  await expect(app.question).toHaveValue('How many boats?');
  await expect(page.getByRole('button', { name: 'Remove report.pdf' })).toBeVisible();
});
