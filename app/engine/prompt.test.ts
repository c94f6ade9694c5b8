import { expect, test } from 'vitest';
import { UserError } from '../errors';
import { buildPrompt, looksBinary } from './prompt';
import { createTokenizer } from './tokenizer';

/** A byte-level tokenizer with no merges: one id per UTF-8 byte, and three special tokens. */
function byteTokenizer(
  template: unknown = '{% for m in messages %}<|user|>{{ m.content }}{% endfor %}<|assistant|>',
) {
  const printable = new Set(
    [...Array(256).keys()].filter((b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || b >= 174),
  );
  let spare = 0;
  const vocab = Object.fromEntries(
    Array.from({ length: 256 }, (_, b) => [String.fromCharCode(printable.has(b) ? b : 256 + spare++), b]),
  );
  const added = ['<|user|>', '<|assistant|>', '<|end|>'].map((content, at) => ({
    id: 256 + at,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  }));
  const json = {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added,
    normalizer: null,
    pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
    post_processor: null,
    decoder: { type: 'ByteLevel' },
    model: { type: 'BPE', vocab, merges: [] },
  };
  return createTokenizer(json, { tokenizer_class: 'PreTrainedTokenizerFast', chat_template: template });
}

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
