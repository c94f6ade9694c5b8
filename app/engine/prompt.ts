/** Document and question to token ids, cut to fit. */
import { UserError } from '../errors';
import { sameIds } from './ids';
import type { Tokenizer } from './tokenizer';
import type { PromptRequest } from './types';

export interface Prompt {
  ids: Uint32Array;
  /** The document's middle was left out to fit. */
  truncated: boolean;
  /** Tokens of the document that are in the prompt. */
  documentTokens: number;
}

/** Stands for the user's text while the template is taken apart; a private-use character that no text should hold. */
const placeholder = '\uf8ffdocument\uf8ff';

/** Tokens of the last two texts: pressing Run after counting must not tokenize a long document, or its edges, again. */
const lastEncoded = new WeakMap<Tokenizer, { text: string; ids: number[] }[]>();

function encodeOnce(tokenizer: Tokenizer, text: string): number[] {
  const last = lastEncoded.get(tokenizer) ?? [];
  const known = last.find((encoded) => encoded.text === text);
  if (known) return known.ids;
  const ids = tokenizer.encode(text);
  lastEncoded.set(tokenizer, [...last.slice(-1), { text, ids }]);
  return ids;
}

/** Of a document from `splitFrom` characters on, a last part of these sizes is tokenized by itself, with what follows it. */
const splitFrom = 2 ** 16;
const [leastTail, mostTail] = [2 ** 9, 2 ** 13];
/** Characters before it that are tokenized once more, with it and alone, to see whether the two parts are the whole. */
const checkedBefore = 2 ** 12;

/**
 * Tokens of the three texts in a row. Those of a long document are kept for the next question about it, but for its end:
 * tokenizing a million tokens takes seconds, and answering from kept keys and values a fraction of one. No place ends a
 * token in every tokenizer: the one chosen, between two words, is tried, and where it fails the whole is tokenized.
 */
function encodeAll(tokenizer: Tokenizer, before: string, document: string, after: string): Uint32Array {
  if (document.length >= splitFrom) {
    const start = document.length - mostTail;
    const end = document.slice(start, -leastTail);
    const place = [...end.matchAll(/\p{L}(?= \p{L})/gu)].at(-1);
    if (place) {
      const at = start + place.index + place[0].length;
      const near = document.slice(at - checkedBefore, at);
      const tail = document.slice(at) + after;
      const last = tokenizer.encode(tail);
      const together = tokenizer.encode(near + tail);
      if (sameIds([...tokenizer.encode(near), ...last], together)) {
        const first = encodeOnce(tokenizer, before + document.slice(0, at));
        const ids = new Uint32Array(first.length + last.length);
        ids.set(first);
        ids.set(last, first.length);
        return ids;
      }
    }
  }
  return new Uint32Array(encodeOnce(tokenizer, before + document + after));
}

/** A document up to this many characters is tokenized whole. */
const wholeCharacters = 2 ** 20;
/** Characters from which the length of a token is estimated. */
const sampleCharacters = 2 ** 16;

/**
 * Tokens of both halves' outer edges, each at least half of `limit`: proof that the document is too long, and all of it
 * that can be kept. Null where only tokenizing the whole can tell. A text of 100 MB would take minutes and gigabytes to
 * count tokens that are then left out.
 */
function edgesOf(
  tokenizer: Tokenizer,
  document: string,
  limit: number,
): { head: number[]; tail: number[] } | null {
  if (document.length <= wholeCharacters) return null;
  const wanted = Math.ceil(limit / 2);
  const edge = (slice: (characters: number) => string): number[] | null => {
    const sample = slice(sampleCharacters);
    const characters = (sample.length / tokenizer.encode(sample).length) * wanted;
    for (const factor of [1.2, 3]) {
      const length = Math.ceil(characters * factor);
      if (length > document.length / 2) return null;
      const ids = encodeOnce(tokenizer, slice(length));
      if (ids.length >= wanted) return ids;
    }
    return null;
  };
  const head = edge((characters) => document.slice(0, characters));
  const tail = head && edge((characters) => document.slice(-characters));
  return head && tail && { head, tail };
}

/** NUL bytes, or more than one character in a hundred that is a control or replacement character. */
export function looksBinary(text: string): boolean {
  const sample = text.slice(0, 100_000);
  if (sample.includes('\0')) return true;
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  const odd = sample.match(/[\u0001-\u0008\u000e-\u001f\ufffd]/g)?.length ?? 0;
  return odd > sample.length / 100;
}

/** Text before and after the document, chat template and question included. */
export function frame(
  tokenizer: Tokenizer,
  document: string,
  question: string,
): { before: string; after: string } {
  const joint = document.trim() === '' || question.trim() === '' ? '' : '\n\n';
  if (!tokenizer.hasTemplate) return { before: '', after: `${joint}${question}` };
  const [before = '', after = ''] = tokenizer.renderChat(placeholder).split(placeholder);
  return { before, after: `${joint}${question}${after}` };
}

/**
 * One user message: document, blank line, question, through the chat template where the model has one. A prompt above
 * `tokens` (or the model's context) loses the middle of the document: head and tail stay, question and template whole.
 */
export function buildPrompt(tokenizer: Tokenizer, request: PromptRequest, contextLength: number): Prompt {
  const limit = Math.min(request.tokens ?? contextLength, 2 ** 20);
  if (!Number.isInteger(limit) || limit < 1) {
    throw new UserError(
      'bad-setting',
      'The context length must be a whole number of tokens.',
      'Change it and run again.',
    );
  }
  const room = request.questionTokens ?? 0;
  if (!Number.isInteger(room) || room < 0) {
    throw new UserError(
      'bad-setting',
      'The room for the question (questionTokens) must be a whole number of tokens.',
      'Change it and run again.',
    );
  }
  if (request.ids) return fromIds(request.ids, limit);
  const { document, question } = request;
  if (document.trim() === '' && question.trim() === '') {
    throw new UserError('bad-document', 'There is no text to read.', 'Paste a document, or choose a sample.');
  }
  if (looksBinary(document)) {
    throw new UserError(
      'bad-document',
      'The document looks like binary data.',
      'Choose a text file, or paste text.',
    );
  }
  const { before, after } = frame(tokenizer, document, question);
  const overhead = tokenizer.encode(before).length + tokenizer.encode(after).length;
  if (overhead >= limit && overhead > 0) {
    throw new UserError(
      'prompt-too-long',
      `The question alone needs ${overhead.toLocaleString('en')} tokens of the ${limit.toLocaleString('en')} allowed.`,
      'Shorten the question, or allow a longer context.',
    );
  }
  const edges = edgesOf(tokenizer, document, limit);
  if (edges) return cut(tokenizer, { before, ...edges, after }, limit, room);
  const ids = encodeAll(tokenizer, before, document, after);
  if (ids.length <= limit) {
    return {
      ids,
      truncated: false,
      documentTokens: Math.max(0, ids.length - overhead),
    };
  }
  const all = encodeOnce(tokenizer, document);
  return cut(tokenizer, { before, head: all, tail: all, after }, limit, room);
}

/**
 * Start and end of the document, half the room each; `head` and `tail` are its tokens, or enough of them. What follows
 * it gets at least `leastAfter` tokens of the room, unless that would leave the document less than half of it.
 */
function cut(
  tokenizer: Tokenizer,
  { before, head, tail, after }: { before: string; head: number[]; tail: number[]; after: string },
  limit: number,
  leastAfter: number,
): Prompt {
  const first = tokenizer.encode(before);
  const last = tokenizer.encode(after);
  const reserved = Math.max(last.length, Math.min(leastAfter, Math.floor(limit / 2)));
  const room = Math.max(1, limit - first.length - reserved);
  const start = head.slice(0, Math.ceil(room / 2));
  const end = tail.slice(tail.length - Math.floor(room / 2));
  return {
    ids: Uint32Array.from([...first, ...start, ...end, ...last]),
    truncated: true,
    documentTokens: start.length + end.length,
  };
}

function fromIds(ids: readonly number[], limit: number): Prompt {
  if (ids.length === 0)
    throw new UserError('bad-document', 'The list of ids is empty.', 'Give at least one token id.');
  if (ids.length > limit) {
    throw new UserError(
      'prompt-too-long',
      `The prompt has ${ids.length.toLocaleString('en')} ids, and ${limit.toLocaleString('en')} are allowed.`,
      'Shorten it, or allow a longer context.',
    );
  }
  if (!ids.every((id) => Number.isInteger(id) && id >= 0 && id < 2 ** 32)) {
    throw new UserError(
      'bad-document',
      'The list of ids holds something else.',
      'Give whole numbers from 0 up.',
    );
  }
  return { ids: Uint32Array.from(ids), truncated: false, documentTokens: ids.length };
}
