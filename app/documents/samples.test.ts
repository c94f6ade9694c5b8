import { describe, expect, it } from 'vitest';
import { needleTokenizer } from '../engine/needleTokenizer';
import type { Tokenizer } from '../engine/tokenizer';
import { generateSample, generateSampleInSlices, type SampleKind } from './samples';

const kinds: SampleKind[] = ['report', 'log', 'records'];

let tokenizer: Tokenizer | undefined;

/**
 * In pieces that end at line breaks, which the tokenizer never joins with what follows; of a long text every eighth,
 * whose share is taken for the whole.
 */
function countTokens(text: string): number {
  tokenizer ??= needleTokenizer();
  const every = text.length > 1_000_000 ? 8 : 1;
  let [tokens, characters] = [0, 0];
  for (let at = 0, number = 0; at < text.length; number++) {
    const end = text.indexOf('\n', at + 50_000);
    const piece = text.slice(at, end < 0 ? undefined : end);
    at += piece.length;
    if (number % every !== 0) continue;
    tokens += tokenizer.encode(piece).length;
    characters += piece.length;
  }
  return (tokens * text.length) / characters;
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}

describe.each(kinds)('sample of kind %s', (kind) => {
  it('is the same for the same seed and another for another', () => {
    const first = generateSample(kind, { tokens: 400, seed: 7 });
    expect(generateSample(kind, { tokens: 400, seed: 7 })).toEqual(first);
    expect(generateSample(kind, { tokens: 400, seed: 8 }).text).not.toBe(first.text);
  });

  it.each([300, 1_000, 20_000])('plants one fact that answers the question, at %i tokens', (tokens) => {
    for (let seed = 1; seed <= 40; seed++) {
      const { text, question, answer, factOffset } = generateSample(kind, { tokens, seed });
      expect(answer).toMatch(/^\d{7}$/);
      expect(occurrences(text, answer)).toBe(1);
      const [, attribute, name] = /^What is the (.+) of the (.+)\?$/.exec(question) ?? [];
      if (attribute === undefined || name === undefined) throw new Error(question);
      const spelled = kind === 'log' ? name.replace(' ', '-') : name;
      const at = text.slice(factOffset, factOffset + 200);
      expect(at.toLowerCase()).toContain(spelled);
      expect(at).toContain(attribute);
      expect(at).toContain(answer);
      expect(occurrences(text.toLowerCase(), spelled)).toBe(1);
    }
  });

  it.each([400, 2_000, 60_000])('plants three facts at known depths, at %i tokens', (tokens) => {
    for (let seed = 1; seed <= 40; seed++) {
      const { text, questions, question, answer, factOffset } = generateSample(kind, { tokens, seed });
      expect(questions).toHaveLength(3);
      expect(questions[0]).toMatchObject({ text: question, answer, offset: factOffset });
      const names = new Set<string>();
      for (const { text: asked, answer: right, offset, depth } of questions) {
        expect(depth).toBeCloseTo(offset / text.length, 9);
        expect(text.slice(offset, offset + 200)).toContain(right);
        const begun = /^Finish the (?:sentence|line): (.+)$/.exec(asked)?.[1];
        const name = /(?:of|is) the (\w+ \w+)\?$/.exec(asked)?.[1];
        if (begun === undefined && name === undefined) throw new Error(asked);
        const spelled = begun ?? (kind === 'log' ? name?.replace(' ', '-') : name) ?? '';
        expect(occurrences(text.toLowerCase(), spelled.toLowerCase())).toBe(1);
        expect(text.slice(offset, offset + 60 + spelled.length).toLowerCase()).toContain(
          spelled.toLowerCase(),
        );
        if (begun !== undefined) expect(text).toContain(`${begun} ${right}`);
        names.add(spelled);
      }
      expect(names.size).toBe(3);
      // A third of the middle 70% lies between neighbours; blocks are coarse in a short text.
      const [low = 0, middle = 0, high = 0] = questions.map(({ depth }) => depth).toSorted((a, b) => a - b);
      const coarse = tokens < 2_000 ? 0.22 : 0.08;
      expect(low).toBeGreaterThan(0.15 - coarse);
      expect(high).toBeLessThan(0.85 + coarse);
      expect(Math.abs(middle - low - 0.7 / 3)).toBeLessThan(coarse);
      expect(Math.abs(high - middle - 0.7 / 3)).toBeLessThan(coarse);
    }
  });

  it.each([
    [2_000, 12],
    [32_000, 3],
    [200_000, 1],
    [1_000_000, 1],
  ])(
    'has %i tokens within 3%% by the built-in tokenizer',
    (tokens, seeds) => {
      for (let seed = 1; seed <= seeds; seed++) {
        const { text } = generateSample(kind, { tokens, seed });
        expect(Math.abs(countTokens(text) / tokens - 1)).toBeLessThan(0.03);
      }
    },
    120_000,
  );

  it('is the same when made in slices, which end when aborted', async () => {
    const size = { tokens: 60_000, seed: 5 };
    expect(await generateSampleInSlices(kind, size)).toEqual(generateSample(kind, size));
    const controller = new AbortController();
    const sliced = generateSampleInSlices(kind, { tokens: 2_000_000 }, controller.signal);
    controller.abort();
    await expect(sliced).rejects.toThrow('abort');
  });

  it.each([1_000, 30_000, 2_000_000])('has about %i characters when asked', (characters) => {
    const { text, factOffset } = generateSample(kind, { characters, seed: 3 });
    expect(Math.abs(text.length - characters)).toBeLessThan(350);
    expect(factOffset / text.length).toBeGreaterThan(0.1);
    expect(factOffset / text.length).toBeLessThan(0.95);
  });

  it('makes millions of characters without delay', () => {
    const started = performance.now();
    expect(generateSample(kind, { characters: 5_000_000 }).text.length).toBeGreaterThan(4_999_000);
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});

it('spells the fact as the built-in model knows it', () => {
  const report = generateSample('report', { seed: 2 });
  expect(report.text.slice(report.factOffset)).toMatch(/^The [a-z ]+ of the [a-z]+ [a-z]+ is \d{7}\./);
  const log = generateSample('log', { seed: 2 });
  expect(log.text).toMatch(
    /^2026-03-\d\dT\d\d:\d\d:\d\dZ INFO {2}vault [a-z ]+ of [a-z]+-[a-z]+ set to \d{7}$/m,
  );
  const records = generateSample('records', { seed: 2 });
  expect(records.text.slice(records.factOffset)).toMatch(/^name: [A-Z][a-z]+ [A-Z][a-z]+\n/);
});
