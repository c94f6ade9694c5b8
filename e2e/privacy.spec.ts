import { makePdf } from '../app/documents/testing';
import { expect, test } from './fixtures/app';

// Needs a character map (GBK codes of 中文), a font that is not embedded, and a parser: all that a reader could fetch.
const pdf = makePdf([['D6D0CEC4']], { cmap: 'GBK-EUC-H' });

test('nothing leaves the origin, and nothing but its own files is asked for', async ({
  app,
  page,
  context,
  origin,
}) => {
  const requests: { url: string; method: string; body: string | null }[] = [];
  context.on('request', (request) => {
    requests.push({ url: request.url(), method: request.method(), body: request.postData() });
  });
  const absent: string[] = [];
  context.on('response', (response) => {
    if (response.status() >= 400) absent.push(response.url());
  });
  await app.open();
  expect(absent).toEqual([]);
  await page.getByLabel('Open files').setInputFiles([
    { name: 'velvet.pdf', mimeType: 'application/pdf', buffer: Buffer.from(pdf) },
    { name: 'velvet.txt', mimeType: 'text/plain', buffer: Buffer.from('velvet') },
  ]);
  await expect(app.documentText).toHaveValue('# velvet.pdf\n\n中文\n\n# velvet.txt\n\nvelvet');
  expect(requests.some(({ url }) => /pdfCharacterMaps/.test(url))).toBe(true);
  await app.documentText.fill('The access code of the velvet anchor is 5550123. '.repeat(3));
  await app.question.fill('What is the access code of the velvet anchor?');
  await page.getByRole('radio', { name: /Dense alone/ }).check();
  await app.runButton.click();
  await app.finished();

  expect(requests.some(({ url }) => url.endsWith('model.safetensors'))).toBe(true);
  const foreign = requests.filter(({ url }) => !url.startsWith(`${origin}/`) && !/^(blob|data):/.test(url));
  expect(foreign).toEqual([]);
  expect(requests.filter(({ method, body }) => method !== 'GET' || body !== null)).toEqual([]);
  expect(requests.filter(({ url }) => /velvet|5550123/.test(decodeURIComponent(url)))).toEqual([]);
});
