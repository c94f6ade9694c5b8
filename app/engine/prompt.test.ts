import { describe, expect, test } from 'vitest';
import { generateSample } from '../documents/samples';
import { UserError } from '../errors';
import { byteTokenizer } from './byteTokenizer';
import { needleTokenizer } from './needleTokenizer';
import { buildPrompt, frame, looksBinary } from './prompt';
import type { Tokenizer } from './tokenizer';

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

describe('a further question about a long document', () => {
  const needle = needleTokenizer();
  const document = generateSample('report', { tokens: 40_000, seed: 5 }).text;
  const questions = ['', 'Where is the amber lantern?', '  And "this"?\n'];

  /** The ids of every question's prompt, and the characters that were tokenized for it. */
  function ask(inner: Tokenizer, source: string): { ids: number[]; whole: number[]; characters: number }[] {
    let characters = 0;
    const encode = (given: string): number[] => {
      characters += given.length;
      return inner.encode(given);
    };
    const watched = { ...inner, encode };
    return questions.map((question) => {
      characters = 0;
      const ids = [...buildPrompt(watched, { document: source, question }, 2 ** 20).ids];
      const { before, after } = frame(inner, source, question);
      return { ids, whole: inner.encode(before + source + after), characters };
    });
  }

  test.each([
    ['prose', document],
    ['ending in a line break', `${document}\n`],
    ['ending in spaces', `${document}   `],
    ['ending in punctuation', `${document}\n---\n"`],
    ['with characters of two code units', document.replaceAll('a', '𝒶').replaceAll('o', 'o\u0301')],
  ])('tokenizes the end of the document only: %s', (_, source) => {
    const asked = ask(needle, source);
    for (const { ids, whole } of asked) expect(ids).toEqual(whole);
    const [first, ...others] = asked.map(({ characters }) => characters);
    expect(first).toBeGreaterThan(source.length);
    for (const characters of others) expect(characters).toBeLessThan(40_000);
  });

  const acrossWords = (source: string): number[] =>
    [...source.matchAll(/\p{L} \p{L}|[^]/gu)].map(([part]) => (part.codePointAt(0) ?? 0) + 256 * part.length);

  test.each([
    ['something before every text', (given: string) => [7, ...needle.encode(given)]],
    [
      'the first token of a text changed',
      (given: string) => needle.encode(given).map((id, at) => id + Number(at === 0)),
    ],
    ['tokens across words', acrossWords],
  ])('tokenizes all for a tokenizer with %s', (_, encode) => {
    for (const { ids, whole, characters } of ask({ ...needle, encode }, document)) {
      expect(ids).toEqual(whole);
      expect(characters).toBeGreaterThan(document.length);
    }
  });

  test('tokenizes all where no two words stand at the end', () => {
    const source = document + '0123456789'.repeat(1000);
    for (const { ids, whole, characters } of ask(needle, source)) {
      expect(ids).toEqual(whole);
      expect(characters).toBeGreaterThan(source.length);
    }
  });
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
