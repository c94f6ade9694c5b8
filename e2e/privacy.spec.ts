import { expect, test } from './fixtures/app';

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
  await app.open();
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
