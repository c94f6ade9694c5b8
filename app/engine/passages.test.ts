import { expect, test } from 'vitest';
import { generateSample } from '../documents/samples';
import { byteTokenizer } from './byteTokenizer';
import { needleTokenizer } from './needleTokenizer';
import { passagesOf, tokenOffsets } from './passages';
import { buildPrompt } from './prompt';

const bytes = byteTokenizer();
const needle = needleTokenizer();

/** The document's text by bin; null where there is none. */
function cut(
  tokenizer: typeof bytes,
  request: Parameters<typeof buildPrompt>[1],
  tokensPerBin: number,
): (string | null)[] {
  const prompt = buildPrompt(tokenizer, request, 100_000);
  const passages = passagesOf(tokenizer, request, prompt, tokensPerBin);
  if (!passages) throw new Error('no passages');
  expect(passages.starts).toHaveLength(Math.ceil(prompt.ids.length / tokensPerBin));
  return passages.starts.map((start, bin) => {
    const end = passages.ends[bin] ?? null;
    return start === null || end === null ? null : request.document.slice(start, end);
  });
}

test('bins of the document, none of template and question', () => {
  const parts = cut(bytes, { document: 'abcdefg', question: 'Why?' }, 2);
  // <|user|> a, bc, de, fg, then \n\n, Wh, y?, <|assistant|>.
  expect(parts).toEqual(['a', 'bc', 'de', 'fg', null, null, null, null]);
  expect(
    passagesOf(
      bytes,
      { document: '', question: '', ids: [1] },
      { ids: new Uint32Array(1), truncated: false, documentTokens: 1 },
      1,
    ),
  ).toBeNull();
});

test('a character of several tokens belongs whole to each of them', () => {
  expect(cut(bytes, { document: 'a€b', question: 'Q' }, 1).slice(0, 7)).toEqual([
    null,
    'a',
    '€',
    '€',
    '€',
    'b',
    null,
  ]);
  const emoji = cut(bytes, { document: '😀!', question: 'Q' }, 2);
  expect(emoji.slice(0, 4)).toEqual(['😀', '😀', '😀!', null]);
});

test('where the middle was left out, head and tail stand at their places', () => {
  const document = Array.from({ length: 400 }, (_, at) => String(1_000 + at)).join(' ');
  const request = { document, question: 'Q', tokens: 205 };
  const prompt = buildPrompt(bytes, request, 100_000);
  expect(prompt.truncated).toBe(true);
  const parts = cut(bytes, request, 1);
  // One template token before, four tokens after: 100 bytes of either edge.
  expect(parts.slice(0, 3)).toEqual([null, '1', '0']);
  const text = parts.map((part) => part ?? '').join('');
  expect(text).toBe(document.slice(0, 100) + document.slice(-100));
  // The bin across the gap does not reach over it.
  expect(cut(bytes, request, 16).every((part) => part === null || part.length <= 16)).toBe(true);
});

test.each([1, 3, 64])(
  'the built-in tokenizer: bins of %i cover the whole sample, in order',
  (tokensPerBin) => {
    const { text, question } = generateSample('report', { tokens: 700, seed: 4 });
    const document = `${text}Zürich – 東京 e\u0301 \u{1f600}\r\n\ttabs  and  spaces\n`;
    const prompt = buildPrompt(needle, { document, question }, 100_000);
    const { starts, ends } = passagesOf(needle, { document, question }, prompt, tokensPerBin) ?? {};
    let at = 0;
    starts?.forEach((start, bin) => {
      const end = ends?.[bin] ?? null;
      if (start === null || end === null) return;
      // No gap; what bins share is a character of several tokens.
      expect(start).toBeLessThanOrEqual(at);
      expect(at - start).toBeLessThanOrEqual(2);
      expect(end).toBeGreaterThanOrEqual(at);
      at = end;
    });
    expect(at).toBe(document.length);
  },
);

test('a token whose text is not in the source does not lose those after it', () => {
  const ids = [...bytes.encode('one tXo three')];
  const { starts, ends } = tokenOffsets(bytes, ids, 'one two three');
  expect([starts.at(-1), ends.at(-1)]).toEqual([12, 13]);
  for (let at = 1; at < starts.length; at++) expect(starts[at]).toBeGreaterThanOrEqual(starts[at - 1] ?? NaN);
});
