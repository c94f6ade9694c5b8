import { describe, expect, it } from 'vitest';
import { furtherRun, gpuRun } from '../storage/fixtures';
import { chartCaption, differences } from './comparison';
import { answeredAfter, isFollowUp, keptFacts } from './followUp';
import { headline, outcome } from './words';

const { result } = furtherRun;

describe('a further question', () => {
  it('says what it measured and never how many times faster', () => {
    expect(isFollowUp(result)).toBe(true);
    expect(isFollowUp(gpuRun.result)).toBe(false);
    const fact = 'Answered after 68 new tokens; 32,700 tokens’ keys and values were kept.';
    expect(answeredAfter(result)).toBe(fact);
    const { figure, words, detail, tone } = headline(result);
    expect(figure).toBe('6.0 ms');
    expect(words).toBe('to the first token of a further question');
    expect(detail).toContain(fact);
    expect(tone).toBe('none');
    expect(outcome(result)).toBe('6.0 ms');
    expect(JSON.stringify([headline(result), outcome(result)])).not.toContain('×');
    expect(chartCaption([result]).notes[0]).toBe(fact);
  });

  it('is told apart where its lanes began differently, and from runs of the whole prompt', () => {
    const [dense, sparse] = result.runs;
    if (!dense || !sparse) throw new Error('two lanes');
    const mixed = { ...result, runs: [{ ...dense, pastTokens: 0 }, sparse] };
    expect(answeredAfter(mixed)).toBe(
      'Dense answered after all 32,768 tokens. Sparse answered after 68 new tokens; 32,700 tokens’ keys and values were kept.',
    );
    expect(keptFacts(mixed)).toBe('dense 0, sparse 32,700');
    expect(differences(gpuRun, furtherRun)).toContainEqual({
      name: 'Tokens kept from before',
      first: '0',
      second: '32,700',
    });
  });
});
