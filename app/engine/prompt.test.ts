import { expect, test } from 'vitest';
import { UserError } from '../errors';
import { buildPrompt, looksBinary } from './prompt';
import { byteTokenizer } from './byteTokenizer';

const tokenizer = byteTokenizer();
const text = (ids: Uint32Array): string => [...ids].map((id) => tokenizer.tokenText(id)).join('');

test('document, blank line and question go through the chat template', () => {
  const prompt = buildPrompt(tokenizer, { document: 'abc', question: 'Why?' }, 1000);
  expect(text(prompt.ids)).toBe('<|user|>abc\n\nWhy?<|assistant|>');
  expect(prompt).toMatchObject({ truncated: false, documentTokens: 3 });
  expect(prompt.ids[0]).toBe(256);
});

test('without a template it is document, blank line, question', () => {
  const bare = byteTokenizer(null);
  expect(bare.hasTemplate).toBe(false);
  const { ids } = buildPrompt(bare, { document: 'abc', question: 'Why?' }, 1000);
  expect(bare.decode([...ids])).toBe('abc\n\nWhy?');
});

test.each([
  { chat_template: 'x' }.chat_template,
  [
    { name: 'tool', template: 'y' },
    { name: 'default', template: 'x' },
  ],
])('templates as a string or a list', (template) => {
  expect(byteTokenizer(template).renderChat('q')).toBe('x');
});

test('a long document loses its middle; the question stays whole and the limit is met exactly', () => {
  const document = `${'a'.repeat(500)}${'m'.repeat(500)}${'z'.repeat(500)}`;
  const prompt = buildPrompt(tokenizer, { document, question: 'Why?', tokens: 100 }, 1000);
  expect(prompt.ids).toHaveLength(100);
  expect(prompt.truncated).toBe(true);
  expect(text(prompt.ids)).toMatch(/^<\|user\|>a+z+\n\nWhy\?<\|assistant\|>$/);
});

test('of a document of millions only the edges are tokenized, and come out as from the whole', () => {
  const words = Array.from({ length: 300_000 }, (_, at) => `word${at}`).join(' ');
  const longest = { encoded: 0 };
  const watched = {
    ...tokenizer,
    encode: (given: string) => {
      longest.encoded = Math.max(longest.encoded, given.length);
      return tokenizer.encode(given);
    },
  };
  const { ids, truncated } = buildPrompt(watched, { document: words, question: 'Why?', tokens: 100 }, 1000);
  expect({ truncated, tokens: ids.length, characters: longest.encoded }).toEqual({
    truncated: true,
    tokens: 100,
    characters: 2 ** 16,
  });
  expect(text(ids)).toMatch(/^<\|user\|>word0 word1 .*word299999\n\nWhy\?<\|assistant\|>$/);
});

test.each([
  [{ document: ' ', question: '' }, 'bad-document'],
  [{ document: 'a\0b', question: 'q' }, 'bad-document'],
  [{ document: 'x', question: 'q'.repeat(200), tokens: 100 }, 'prompt-too-long'],
  [{ document: '', question: '', ids: [] }, 'bad-document'],
  [{ document: '', question: '', ids: [1, -2] }, 'bad-document'],
  [{ document: '', question: '', ids: [1, 2, 3], tokens: 2 }, 'prompt-too-long'],
  [{ document: 'x', question: 'q', tokens: 0 }, 'bad-setting'],
])('%o is refused as %s', (request, code) => {
  try {
    buildPrompt(tokenizer, request, 1000);
    expect.unreachable();
  } catch (error) {
    expect(error instanceof UserError ? error.code : error).toBe(code);
  }
});

test('binary text is told from text in any script', () => {
  expect(looksBinary('Ein Satz.\n日本語\tкириллица')).toBe(false);
  expect(looksBinary('\u0001\u0002\u0003abc')).toBe(true);
});

test('streamed text holds back half a character', () => {
  const ids = tokenizer.encode('é€');
  const stream = tokenizer.stream();
  expect(ids.map((id) => stream.push(id))).toEqual(['', 'é', '', '', '€']);
  expect(stream.end()).toBe('');
});
