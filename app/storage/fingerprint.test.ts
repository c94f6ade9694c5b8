import { expect, it } from 'vitest';
import { fingerprint } from './fingerprint';

it('is the same for the same text and differs where one character, or only their order, differs', () => {
  const text = 'The quick brown fox. '.repeat(200);
  const others = [
    `${text} `,
    text.slice(1),
    text.replace('q', 'Q'),
    `${text.slice(1)}T`,
    text.replace('e', 'ƥ'),
    '',
  ];
  expect(fingerprint(text)).toBe(fingerprint('The quick brown fox. '.repeat(200)));
  expect(new Set([text, ...others].map(fingerprint)).size).toBe(others.length + 1);
  expect(fingerprint('ab')).not.toBe(fingerprint('ba'));
});
