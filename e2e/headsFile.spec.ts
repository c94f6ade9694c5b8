/** A pattern by head from a file: picked, summed up, exported, refused in its place, and run. */
import { readFile } from 'node:fs/promises';
import { expect, test } from './fixtures/app';
import { violations } from './fixtures/axe';

const layer = (entry: unknown[], heads = 6) =>
  Object.fromEntries(Array.from({ length: heads }, (_, head) => [head, entry]));
const mixed = [
  layer(['vertical_and_slash', 40, 100, 0.9]),
  { ...layer(['stream_llm', 64, 64, 0.9]), 5: ['vertical_and_slash', 40, 60, 0.9] },
];

const file = (name: string, value: unknown) => ({
  name,
  mimeType: 'application/json',
  buffer: Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)),
});

test.use({ settings: { newTokens: 1, sampleTokens: 300, pattern: 'minference', withDense: false } });

test('a file of heads is summed up, kept, exported and run; a bad one is refused where it was picked', async ({
  app,
  page,
}) => {
  await app.open();
  const panel = page.getByRole('region', { name: 'Sparse attention' });
  const input = panel.getByLabel('Choose a file');
  await expect(panel).toContainText('No file: each head has MInference’s default');

  await input.setInputFiles(file('heads.json', mixed));
  const summary =
    '8 layers × 6 heads: 43 vertical-slash, 5 A-shape. The file names only 12 of 48 heads and 2 of the model’s 8 layers';
  await expect(panel).toContainText(summary);

  await input.setInputFiles(file('bad.json', [{}, {}, {}, { 4: ['vertical_and_slash', 30, -5, 1] }]));
  await expect(panel.getByRole('alert')).toContainText('bad.json: layer 3, head 4: slash_size is -5');
  await input.setInputFiles(file('other.json', [layer(['stream_llm', 1, 1, 1], 32)]));
  await expect(panel.getByRole('alert')).toContainText(
    'is no head of a model with 6 heads (0 to 5). Load the model that it is for, choose another file, or remove it. The file before it is still in use.',
  );
  expect(await violations(page)).toEqual([]);
  // The one before is still in force.
  await expect(panel).toContainText(summary);
  await input.setInputFiles(file('heads.json', mixed));
  await expect(panel.getByRole('alert')).toHaveCount(0);

  // The way back from another file, and from none.
  const undo = panel.getByRole('button', { name: 'Undo' });
  await input.setInputFiles(file('empty.json', []));
  await expect(panel).toContainText('The file names no head');
  await undo.click();
  await expect(panel).toContainText(summary);
  await expect(undo).toHaveCount(0);
  await panel.getByRole('button', { name: 'Remove' }).click();
  await expect(panel).toContainText('No file: each head has MInference’s default');
  await undo.click();
  await expect(panel).toContainText(summary);

  const download = page.waitForEvent('download');
  await panel.getByRole('button', { name: 'Export' }).click();
  const saved = await readFile(await (await download).path(), 'utf8');
  expect(JSON.parse(saved)).toEqual(JSON.parse(JSON.stringify(mixed)));

  await page.reload();
  // The summary is of a model's layers and heads.
  await expect(app.runButton).toBeEnabled({ timeout: 120_000 });
  await expect(panel).toContainText(summary);
  await app.takeSample('Report');
  await app.runButton.click();
  await app.finished();
  await expect(page.getByRole('region', { name: 'MInference by head alone' })).toBeVisible();
  await expect(page.getByRole('row', { name: /^Density/ })).not.toContainText('100%');

  await panel.getByRole('button', { name: 'Remove' }).click();
  await expect(panel).toContainText('No file: each head has MInference’s default');
});
