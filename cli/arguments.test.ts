import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { CliError, parseArguments, settingValue } from './arguments';

test('every option of design 8 is read', () => {
  const parsed = parseArguments([
    '--model',
    'Qwen/Qwen3-0.6B',
    '--document',
    'a.txt',
    '--question',
    'Why?',
    '--tokens',
    '512',
    '--pattern',
    'a_shape',
    '--set',
    'init=64',
    '--set',
    'local=128',
    '--max-new-tokens',
    '5',
    '--ids',
    'ids.json',
    '--out',
    'r.json',
    '--adapter=software',
    '--heads',
  ]);
  expect(parsed).toMatchObject({
    model: 'Qwen/Qwen3-0.6B',
    document: 'a.txt',
    question: 'Why?',
    tokens: 512,
    pattern: 'a_shape',
    set: { init: '64', local: '128' },
    maxNewTokens: 5,
    idsFile: 'ids.json',
    out: 'r.json',
    adapter: 'software',
    heads: true,
  });
});

test.each([
  [['--tokens', '0'], '--tokens'],
  [['--tokens', '1.5'], '--tokens'],
  [['--tokens'], 'needs a value'],
  [['--set', 'x'], 'key=value'],
  [['--wrong'], "'--wrong'"],
  [['--adapter', 'tpu'], 'auto, gpu or software'],
  [['--heads=yes'], 'takes no value'],
  [['--no-dense=1'], 'takes no value'],
  [['--no-dense', '--pattern', 'dense'], 'nothing to run'],
  [['--dense', 'maybe'], 'yes, no or projected'],
  [['--dense', 'projected', '--pattern', 'dense'], 'needs a sparse pattern'],
  [['--temperature', '11'], 'from 0 to 10'],
  [['--top-p', ''], 'from 0.01 to 1'],
  [['--seed', '-1'], '--seed must be a whole number'],
  [['--order', 'both'], 'dense-first or sparse-first'],
  [['--heads', '--attention', 'x'], '--attention'],
])('%j is refused with code 2', (argv, message) => {
  const attempt = (): unknown => parseArguments(argv);
  expect(attempt).toThrow(message);
  try {
    attempt();
  } catch (error) {
    expect(error instanceof CliError && error.exitCode).toBe(2);
  }
});

test('setting values keep their type', () => {
  expect(['12', '0.5', 'true', 'classic', ''].map(settingValue)).toEqual([12, 0.5, true, 'classic', '']);
});

test('a value that starts with @ is the text of that file', () => {
  const folder = mkdtempSync(join(tmpdir(), 'arguments-'));
  try {
    const file = join(folder, 'heads.json');
    writeFileSync(file, '[{"0": ["stream_llm", 100, 800, 1]}]\n');
    expect(settingValue(`@${file}`)).toBe('[{"0": ["stream_llm", 100, 800, 1]}]\n');
    // Text, whatever it reads like.
    writeFileSync(file, '12');
    expect(settingValue(`@${file}`)).toBe('12');
    expect(settingValue('a@b')).toBe('a@b');
    for (const path of [join(folder, 'missing.json'), folder, '']) {
      try {
        settingValue(`@${path}`);
        expect.unreachable();
      } catch (error) {
        expect(error).toBeInstanceOf(CliError);
        expect(error).toMatchObject({ exitCode: 2, message: expect.stringContaining(`'${path}'`) as string });
      }
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test.each([
  [['--dense', 'projected'], 'projected'],
  [['--dense=no'], false],
  [['--dense', 'yes'], true],
  [['--no-dense'], false],
] as const)('%j says whether dense runs', (argv, dense) => {
  expect(parseArguments([...argv]).dense).toBe(dense);
});
