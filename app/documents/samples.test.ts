import { describe, expect, it } from 'vitest';
import { generateSample, type SampleKind } from './samples';

const kinds: SampleKind[] = ['report', 'log', 'records'];

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

  it.each([1_000, 30_000, 2_000_000])('has about %i characters when asked', (characters) => {
    const { text, factOffset } = generateSample(kind, { characters, seed: 3 });
    expect(text.length).toBeGreaterThanOrEqual(characters);
    expect(text.length).toBeLessThan(characters + 350);
    expect(factOffset / text.length).toBeGreaterThan(0.1);
    expect(factOffset / text.length).toBeLessThan(0.95);
  });

  it('makes millions of characters without delay', () => {
    const started = performance.now();
    expect(generateSample(kind, { characters: 5_000_000 }).text.length).toBeGreaterThan(5_000_000);
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
