/** Which characters of the document each part of a prompt's tokens stands for. */
import { frame, type Prompt } from './prompt';
import type { Tokenizer } from './tokenizer';
import type { PromptRequest } from './types';

/** UTF-16 offsets into the document, one pair a bin: [start, end), or null where the bin holds none of it. */
export interface Passages {
  starts: (number | null)[];
  ends: (number | null)[];
}

/** Tokens of one character at most: four bytes of UTF-8, and room for what decoders add. */
const longestCharacter = 8;

/** Text by token: what each completes. Parts of a character have none until its last byte has come. */
class TokenTexts {
  private readonly known = new Map<number, string>();
  private pending: number[] = [];

  constructor(private readonly tokenizer: Tokenizer) {}

  push(id: number): string {
    if (this.pending.length === 0) {
      let text = this.known.get(id);
      if (text === undefined) {
        text = this.tokenizer.tokenText(id);
        this.known.set(id, text);
      }
      if (!text.includes('\ufffd')) return text;
    }
    this.pending.push(id);
    const text = this.tokenizer.decode(this.pending);
    if (text.endsWith('\ufffd') && this.pending.length < longestCharacter) return '';
    this.pending = [];
    return text;
  }

  get complete(): boolean {
    return this.pending.length === 0;
  }
}

/** Where `text` stands in `source` from `at` on: there, or after few characters that normalisation has changed. */
function find(
  source: string,
  text: string,
  at: number,
  slack: number,
): { start: number; end: number } | null {
  if (source.startsWith(text, at)) return { start: at, end: at + text.length };
  // A normaliser may have composed what the source spells in parts.
  for (let length = text.length + 1; length <= text.length * 3 + 2; length++) {
    const part = source.slice(at, at + length);
    if (part.length === length && part.normalize('NFC') === text) return { start: at, end: at + length };
  }
  const found = source.slice(at, at + slack + text.length).indexOf(text);
  return found < 0 ? null : { start: at + found, end: at + found + text.length };
}

/**
 * Offsets of tokens in the text that they came from, in order from `from` on. A token that is not found there (its text
 * was normalised away) stands where the one before it ended; those after it are looked for a little further on.
 */
export function tokenOffsets(
  tokenizer: Tokenizer,
  ids: Iterable<number>,
  source: string,
  from = 0,
): { starts: number[]; ends: number[] } {
  const texts = new TokenTexts(tokenizer);
  const starts: number[] = [];
  const ends: number[] = [];
  let at = from;
  let lost = 0;
  for (const id of ids) {
    const text = texts.push(id);
    let start = at;
    if (text !== '') {
      const found = find(source, text, at, 16 + 4 * lost);
      lost = found ? 0 : lost + text.length;
      if (found) ({ start, end: at } = found);
    }
    starts.push(start);
    ends.push(at);
    if (text === '') continue;
    // The parts of a character are all of it.
    for (let before = ends.length - 2; before >= 0 && texts.complete && ends[before] === start; before--) {
      if (starts[before] !== start) break;
      ends[before] = at;
    }
  }
  return { starts, ends };
}

interface Segment {
  /** Of the prompt. */
  firstToken: number;
  ids: Uint32Array;
  source: string;
  from: number;
  /** Where the document begins in `source`. */
  documentStart: number;
}

/** The prompt whole, or its head and tail of the document where the middle was left out. */
function segmentsOf(tokenizer: Tokenizer, request: PromptRequest, { ids, truncated }: Prompt): Segment[] {
  const { document, question } = request;
  const { before, after } = frame(tokenizer, document, question);
  if (!truncated) {
    const source = before + document + after;
    return [{ firstToken: 0, ids, source, from: 0, documentStart: before.length }];
  }
  const first = tokenizer.encode(before).length;
  const end = ids.length - tokenizer.encode(after).length;
  const middle = first + Math.ceil((end - first) / 2);
  const tail = ids.subarray(middle, end);
  // It ends with the document, so it begins as many characters before that; normalisation may have made it shorter.
  const texts = new TokenTexts(tokenizer);
  const length = tail.reduce((sum, id) => sum + texts.push(id).length, 0);
  const from = Math.max(0, document.length - length);
  return [
    { firstToken: first, ids: ids.subarray(first, middle), source: document, from: 0, documentStart: 0 },
    { firstToken: middle, ids: tail, source: document, from, documentStart: 0 },
  ];
}

/**
 * Characters of the document by bins of `tokensPerBin` tokens of its prompt. A bin across the place where the middle was
 * left out stands for what it holds of the head. null for prompts of ids, which have no document.
 */
export function passagesOf(
  tokenizer: Tokenizer,
  request: PromptRequest,
  prompt: Prompt,
  tokensPerBin: number,
): Passages | null {
  if (request.ids) return null;
  const bins = Math.ceil(prompt.ids.length / tokensPerBin);
  const starts: Passages['starts'] = Array.from({ length: bins }, () => null);
  const ends: Passages['ends'] = Array.from({ length: bins }, () => null);
  for (const { firstToken, ids, source, from, documentStart } of segmentsOf(tokenizer, request, prompt)) {
    const offsets = tokenOffsets(tokenizer, ids, source, from);
    const taken = new Set<number>();
    for (let token = 0; token < ids.length; token++) {
      const bin = Math.floor((firstToken + token) / tokensPerBin);
      // Held by the segment before.
      if (starts[bin] !== null && !taken.has(bin)) continue;
      const start = Math.max(0, (offsets.starts[token] ?? NaN) - documentStart);
      const end = Math.min(request.document.length, (offsets.ends[token] ?? NaN) - documentStart);
      if (start >= end) continue;
      taken.add(bin);
      starts[bin] ??= start;
      ends[bin] = end;
    }
  }
  return { starts, ends };
}
