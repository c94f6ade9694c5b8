import { expect, test } from 'vitest';
import { CliError, parseRun } from './arguments';
import { fidelityTable, type FidelityRow } from './fidelity';

test('a run is a name and settings', () => {
  expect(parseRun('vertical_slash:last=128:budget=scaled')).toEqual({
    label: 'vertical_slash:last=128:budget=scaled',
    name: 'vertical_slash',
    set: { last: 128, budget: 'scaled' },
  });
  expect(parseRun('minference:config=a,b:c.json,budget=scaled').set).toEqual({
    config: 'a,b:c.json',
    budget: 'scaled',
  });
  for (const wrong of ['a_shape:local', 'a_shape:=1', ':local=1', ''])
    expect(() => parseRun(wrong), wrong).toThrow(CliError);
});

test('the table has a line for each pattern and length, with counts, means and medians', () => {
  const row = (over: Partial<FidelityRow>): FidelityRow => ({
    label: 'a',
    tokens: 8192,
    kind: 'log',
    seed: 1,
    density: 0.1,
    recall: 0.9,
    leastRecall: 0.5,
    kl: 0.01,
    top1Agree: true,
    foundDense: true,
    foundSparse: true,
    sameAnswer: true,
    ttft: 2,
    attention: 3,
    ...over,
  });
  const { recall: _, leastRecall: __, ...older } = row({});
  const table = fidelityTable([
    row({}),
    row({ density: 0.3, recall: 0.8, leastRecall: 0.25, kl: 0.03, foundSparse: false, ttft: 4 }),
    { ...older, label: 'b' },
  ]);
  const [, , first = '', second = ''] = table.split('\n');
  expect(first).toBe(
    '| 8,192 | a | 0.200 | 0.8500 | 0.2500 | 2.0e-2 | 3.0e-2 | 3.0e-2 | 2/2 | 2/2 | 2/2 | 1/2 | 4.00 | 3.00 |',
  );
  expect(second).toContain('| b | 0.100 | – | – | 1.0e-2 |');
});
