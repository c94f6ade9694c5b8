import { randomBytes } from 'node:crypto';
import { deflateRawSync } from 'node:zlib';
import { assert, asyncProperty, string } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeShared, encodeShared, largestShared, longestLink, sharePrefix, type Shared } from './share';

const shared: Shared = {
  setup: {
    pattern: { name: 'adaptive', set: { fidelity: 0.85, fallback: 'off' } },
    context: null,
    newTokens: 24,
    sampling: { temperature: 0, topP: 1, seed: 3 },
    order: 'dense-first',
    dense: true,
  },
  model: 'Qwen/Qwen3-0.6B',
};

function fragmentOf(value: unknown): string {
  const json = typeof value === 'string' ? value : JSON.stringify(value);
  return sharePrefix + deflateRawSync(json).toString('base64url');
}

describe('a share link', () => {
  it('comes back as it was made', async () => {
    const full = {
      ...shared,
      pastTokens: 390,
      question: 'Où ? 🗝',
      document: { title: 't', text: 'ß'.repeat(500) },
    };
    for (const each of [shared, full]) expect(await decodeShared(await encodeShared(each))).toEqual(each);
  });

  it('is made of characters that addresses carry, and is the same each time', async () => {
    const fragment = await encodeShared(shared);
    expect(fragment).toMatch(/^#s=[\w-]+$/);
    expect(fragment.length).toBeLessThan(300);
    expect(await encodeShared(shared)).toBe(fragment);
  });

  it('is refused where it would be too long, with what to leave out', async () => {
    // Random, so that nothing compresses.
    const text = randomBytes(longestLink).toString('base64');
    await expect(encodeShared({ ...shared, document: { title: '', text } })).rejects.toThrow(
      /characters; mail and chat programs carry 32,000 at most\. Leave the document out/,
    );
    const { length } = await encodeShared(shared);
    await expect(encodeShared(shared, 'x'.repeat(longestLink - length))).resolves.toBeTypeOf('string');
    await expect(encodeShared(shared, 'x'.repeat(longestLink - length + 1))).rejects.toThrow('32,001');
  });
});

describe('a hostile link', () => {
  it.each([
    ['of another version', { version: 2, ...shared }, 'version'],
    ['without a setup', { version: 1, model: null }, 'setup'],
    [
      'with an unknown pattern',
      { version: 1, ...shared, setup: { ...shared.setup, pattern: { name: '__proto__', set: {} } } },
      'setup.pattern.name',
    ],
    [
      'with an object for a value',
      {
        version: 1,
        ...shared,
        setup: { ...shared.setup, pattern: { name: 'adaptive', set: { lastQ: {} } } },
      },
      'setup.pattern.set.lastQ',
    ],
    [
      'with a seed out of range',
      { version: 1, ...shared, setup: { ...shared.setup, sampling: { temperature: 0, topP: 1, seed: -1 } } },
      'setup.sampling.seed',
    ],
    ['with a number for a question', { version: 1, ...shared, question: 5 }, 'question'],
    ['with a text for a document', { version: 1, ...shared, document: 'all of it' }, 'document'],
    ['with a list', [1, 2], 'expected'],
  ])('%s is refused by its field', async (_, value, field) => {
    const message = await decodeShared(fragmentOf(value)).then(() => 'accepted', String);
    expect(message).toContain('can’t be read');
    expect(message.toLowerCase()).toContain(field.toLowerCase());
  });

  it('that was cut, changed or never one is refused', async () => {
    const fragment = await encodeShared(shared);
    const broken = [fragment.slice(0, -9), sharePrefix, '#s=%%%', '#result', '', fragmentOf('{')];
    for (const each of broken) await expect(decodeShared(each), each).rejects.toThrow('cut or changed');
    const bytes = deflateRawSync(Uint8Array.of(0x22, 0xff, 0xfe, 0x22)).toString('base64url');
    await expect(decodeShared(sharePrefix + bytes)).rejects.toThrow('cut or changed');
  });

  it('that inflates without end is stopped', async () => {
    const bomb = deflateRawSync(Buffer.alloc(largestShared * 16, 0x20)).toString('base64url');
    expect(bomb.length).toBeLessThan(100_000);
    await expect(decodeShared(sharePrefix + bomb)).rejects.toMatchObject({
      detail: `inflates to more than ${largestShared} bytes`,
    });
  });

  it('of any characters is refused, never a defect', async () => {
    await assert(
      asyncProperty(string({ maxLength: 60 }), async (text) => {
        await expect(decodeShared(sharePrefix + text)).rejects.toMatchObject({ code: 'bad-setting' });
      }),
      { numRuns: 60 },
    );
  });

  it('cannot reach the prototype of objects', async () => {
    const json = JSON.stringify({ version: 1, ...shared }).replace('"fidelity":0.85', '"__proto__":5');
    const { setup } = await decodeShared(fragmentOf(json));
    expect(Object.getPrototypeOf(setup.pattern.set)).toBe(Object.prototype);
    expect(Object.keys(setup.pattern.set)).toEqual(['fallback']);
  });
});
