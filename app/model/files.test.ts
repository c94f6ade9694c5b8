import { readdirSync } from 'node:fs';
import { afterEach, expect, it, vi } from 'vitest';
import { builtinNames, urlFiles } from './files';

afterEach(() => {
  vi.unstubAllGlobals();
});

it('knows the files of the built-in model', () => {
  const held = readdirSync('public/models/needle').filter((name) => name !== 'README.md');
  expect([...builtinNames].toSorted()).toEqual(held.toSorted());
});

it('asks a URL for no file that is known not to be there', async () => {
  const asked: string[] = [];
  vi.stubGlobal('fetch', (url: string) => {
    asked.push(url);
    return Promise.resolve(new Response('{}'));
  });
  const { signal } = new AbortController();
  const known = urlFiles('builtin', 'https://here/', builtinNames);
  expect(await known.text('chat_template.jinja', signal)).toBeNull();
  expect(await known.text('model.safetensors.index.json', signal)).toBeNull();
  expect(await known.text('config.json', signal)).toBe('{}');
  await urlFiles('other', 'https://there/').text('chat_template.jinja', signal);
  expect(asked).toEqual(['https://here/config.json', 'https://there/chat_template.jinja']);
});
