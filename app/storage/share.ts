/**
 * Share links: a setup as the fragment of an address, which no server ever sees. JSON, deflated, base64url.
 * What comes in such a link is a stranger's: its size is bounded while it inflates, and every field is checked.
 */
import * as v from 'valibot';
import { UserError } from '../errors';
import { issueText, SetupSchema, type Setup } from './setup';

export interface Shared {
  setup: Setup;
  /** 'builtin' or a Hub id; null where it came from a folder, whose name is nobody's business. */
  model: string | null;
  /** Of a run that was a further question: prompt tokens that it found kept. Whoever opens the link starts without them. */
  pastTokens?: number;
  /** Only what the person ticked. */
  question?: string;
  document?: { title: string; text: string };
}

export const sharePrefix = '#s=';

/** Beyond this, mail and chat programs cut addresses. */
export const longestLink = 32_000;

/** Bytes that a link may inflate to. */
export const largestShared = 4 * 2 ** 20;

const Text = v.pipe(v.string(), v.maxLength(largestShared));
const Schema = v.object({
  version: v.literal(1),
  setup: SetupSchema,
  model: v.nullable(v.pipe(v.string(), v.maxLength(200))),
  pastTokens: v.optional(v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 21))),
  question: v.optional(Text),
  document: v.optional(v.object({ title: Text, text: Text })),
});

/** The fragment, '#s=…'. Throws 'bad-setting' where the whole link, `base` included, would be too long. */
export async function encodeShared(shared: Shared, base = ''): Promise<string> {
  const json = new TextEncoder().encode(JSON.stringify({ version: 1, ...shared }));
  const packed = await pump(json, new CompressionStream('deflate-raw'), Infinity);
  const fragment = sharePrefix + toBase64Url(packed);
  const length = base.length + fragment.length;
  if (length > longestLink) {
    const whole = new Intl.NumberFormat('en');
    throw new UserError(
      'bad-setting',
      `The link would have ${whole.format(length)} characters; mail and chat programs carry ${whole.format(longestLink)} at most.`,
      shared.document
        ? 'Leave the document out and send its file beside the link.'
        : 'Leave the question out, or shorten it.',
    );
  }
  return fragment;
}

/** What a fragment holds. Throws 'bad-setting' with the field that is wrong. */
export async function decodeShared(fragment: string): Promise<Shared> {
  let json: unknown;
  try {
    if (!fragment.startsWith(sharePrefix)) throw new Error('no share link');
    const packed = fromBase64Url(fragment.slice(sharePrefix.length));
    const bytes = await pump(packed, new DecompressionStream('deflate-raw'), largestShared);
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw refusal('it was cut or changed on its way', error instanceof Error ? error.message : String(error));
  }
  const parsed = v.safeParse(Schema, json);
  if (!parsed.success) throw refusal(issueText(parsed.issues[0]));
  const { setup, model, pastTokens, question, document } = parsed.output;
  return {
    setup,
    model,
    ...(pastTokens !== undefined && { pastTokens }),
    ...(question !== undefined && { question }),
    ...(document !== undefined && { document }),
  };
}

function refusal(reason: string, detail?: string): UserError {
  return new UserError(
    'bad-setting',
    `This share link can’t be read: ${reason}.`,
    'Ask for it anew; your own settings are untouched.',
    detail,
  );
}

/** Through a stream of transforming bytes, never holding more than `most` of them. */
async function pump(
  bytes: Uint8Array<ArrayBuffer>,
  through: CompressionStream | DecompressionStream,
  most: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([bytes]).stream().pipeThrough(through).getReader();
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw new RangeError(`inflates to more than ${most} bytes`);
    }
    parts.push(value);
  }
  const all = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = '';
  for (const byte of bytes) binary += String.fromCharCode(byte);
  return btoa(binary).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
