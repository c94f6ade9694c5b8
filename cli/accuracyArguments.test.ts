import { tmpdir } from 'node:os';
import { expect, test } from 'vitest';
import { parseAccuracyArguments } from './accuracyArguments';
import { CliError } from './arguments';

test('what is not said has a default', () => {
  expect(parseAccuracyArguments(['--prompts', 'p.jsonl'])).toEqual({
    prompts: 'p.jsonl',
    runs: [{ label: 'adaptive', name: 'adaptive', set: {} }],
    dense: true,
    denseUpTo: null,
    prefill: 'document',
    newTokens: 64,
    timeLimit: null,
    model: 'builtin',
    out: null,
    adapter: 'auto',
    tier: null,
  });
  expect(parseAccuracyArguments(['--prompts', 'p.jsonl', '--help'])).toBeNull();
});

test('every option is read, with its value beside it or behind =', () => {
  const args = [
    ['--prompts=a b.jsonl', '--run', 'adaptive:fidelity=0.95,last=128', '--run=flexprefill:gamma=0.9'],
    ['--dense-up-to', '0', '--prefill', 'prompt', '--new-tokens=12', '--time-limit', '570.5'],
    ['--model', 'Qwen/Qwen3-0.6B@main', '--out', `${tmpdir()}/result.json`, '--adapter', 'gpu'],
    ['--tier', 'f16'],
  ].flat();
  expect(parseAccuracyArguments(args)).toEqual({
    prompts: 'a b.jsonl',
    runs: [
      { label: 'adaptive:fidelity=0.95,last=128', name: 'adaptive', set: { fidelity: 0.95, last: 128 } },
      { label: 'flexprefill:gamma=0.9', name: 'flexprefill', set: { gamma: 0.9 } },
    ],
    dense: true,
    denseUpTo: 0,
    prefill: 'prompt',
    newTokens: 12,
    timeLimit: 570.5,
    model: 'Qwen/Qwen3-0.6B@main',
    out: `${tmpdir()}/result.json`,
    adapter: 'gpu',
    tier: 'f16',
  });
  expect(parseAccuracyArguments(['--prompts', 'p', '--no-dense'])).toMatchObject({ dense: false });
});

test.each([
  [[], /--prompts FILE is needed/],
  [['--prompts'], /--prompts needs a value/],
  [['--prompts='], /--prompts needs a value/],
  [['--prompts', 'a', '--prompts', 'b'], /--prompts is given twice/],
  [['--prompts', 'a', '--length', '3'], /unknown option '--length'/],
  [['--prompts', 'a', '--run', 'nonsense'], /--run is one of adaptive, .*, not 'nonsense'/],
  [['--prompts', 'a', '--run', 'dense'], /--run dense is not needed/],
  [['--prompts', 'a', '--run', 'adaptive:last'], /--run wants NAME:key=value/],
  [['--prompts', 'a', '--run', 'a_shape', '--run', 'a_shape'], /--run a_shape is given twice/],
  [['--prompts', 'a', '--new-tokens', '0'], /--new-tokens must be a whole number from 1 to 1024/],
  [['--prompts', 'a', '--new-tokens', 'ten'], /--new-tokens .*, not 'ten'/],
  [['--prompts', 'a', '--dense-up-to', '-1'], /--dense-up-to must be/],
  [['--prompts', 'a', '--dense-up-to', '1', '--no-dense'], /--dense-up-to says where dense runs/],
  [['--prompts', 'a', '--no-dense=yes'], /--no-dense takes no value/],
  [['--prompts', 'a', '--prefill', 'both'], /--prefill is document or prompt, not 'both'/],
  [['--prompts', 'a', '--time-limit', '0'], /--time-limit must be seconds above 0/],
  [['--prompts', 'a', '--time-limit', 'soon'], /--time-limit .*, not 'soon'/],
  [['--prompts', 'a', '--adapter', 'cpu'], /--adapter is auto or gpu or software/],
  [['--prompts', 'a', '--tier', 'f8'], /--tier is one of/],
  [['--prompts', 'a', '--out', tmpdir()], /--out must be a file/],
  [['--prompts', 'a', '--out', '/no/such/folder/x.json'], /the folder '\/no\/such\/folder' does not exist/],
])('%j is refused in words', (args, words) => {
  expect(() => parseAccuracyArguments(args)).toThrow(CliError);
  expect(() => parseAccuracyArguments(args)).toThrow(words);
});
