/** The command line that the page offers, split by a real shell and read by the command's own parser. */
import { execFileSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { commandLine, frameCode, pageCode, type CodeSubject } from '../app/exports/code';
import { parseArguments, settingValues } from './arguments';

const plain: CodeSubject = {
  model: { name: 'builtin', folder: false },
  setup: {
    pattern: { name: 'vertical_slash', set: { verticalSize: 128, budget: 'classic' } },
    context: null,
    newTokens: 24,
    sampling: { temperature: 0, topP: 1, seed: 0 },
    order: 'dense-first',
    dense: true,
  },
  question: 'What is the code?',
  measureHeads: false,
  questionTokens: null,
  files: {},
};

/** As a shell hands them to `npm run compare -- …`. */
function argumentsOf(command: string): string[] {
  const words = command.replace(/^npm run compare --/, '');
  return execFileSync('sh', ['-c', `printf '%s\\0' ${words}`], { encoding: 'utf8' })
    .split('\0')
    .slice(0, -1);
}

test.runIf(process.platform !== 'win32')('the command line comes to the same run', () => {
  const parsed = parseArguments(argumentsOf(commandLine(plain)));
  expect(parsed).toMatchObject({
    model: 'builtin',
    document: 'document.txt',
    question: plain.question,
    tokens: null,
    pattern: 'vertical_slash',
    maxNewTokens: 24,
    sampling: plain.setup.sampling,
    order: 'dense-first',
    dense: true,
    heads: false,
  });
  expect(settingValues(parsed.set)).toEqual(plain.setup.pattern.set);

  const question = `Who said "it's $HOME \`ls\` \\n"?\nAnd why?`;
  const other: CodeSubject = {
    model: { name: 'my model', folder: true },
    setup: {
      pattern: { name: 'minference', set: { config: '[{"0": ["stream_llm", 100, 800, 1]}]' } },
      context: 2048,
      newTokens: 3,
      sampling: { temperature: 0.7, topP: 0.9, seed: 11 },
      order: 'sparse-first',
      dense: false,
    },
    question,
    measureHeads: true,
    questionTokens: 128,
    files: { config: 'heads.json' },
  };
  expect(parseArguments(argumentsOf(commandLine(other)))).toMatchObject({
    model: './my model',
    question,
    tokens: 2048,
    questionTokens: 128,
    set: { config: '@heads.json' },
    sampling: other.setup.sampling,
    order: 'sparse-first',
    dense: false,
    heads: true,
  });
});

test('the JavaScript keeps every character of a question and names the pattern’s file', () => {
  const question = 'Who\'s "</script>" \\ \u2028?\nWhy?';
  const code = pageCode({ ...plain, question, files: { budget: 'heads.json' } });
  expect(code).not.toContain('</script');
  expect(code).toContain("budget: await (await fetch('heads.json')).text()");
  const said = /question: ('(?:[^'\\]|\\.)*')/.exec(code)?.[1] ?? '';
  // oxlint-disable-next-line typescript/no-implied-eval -- the point is what JavaScript reads
  expect(new Function(`return ${said}`)()).toBe(question);
});

test('the address of a frame is an attribute', () => {
  expect(frameCode('https://a.example/?embed=1&theme=dark#s=x')).toContain(
    'src="https://a.example/?embed=1&amp;theme=dark#s=x"',
  );
});

test.runIf(process.platform !== 'win32')('projected dense, and dense alone, are commands too', () => {
  const projected = { ...plain, setup: { ...plain.setup, dense: 'projected' as const } };
  expect(parseArguments(argumentsOf(commandLine(projected)))).toMatchObject({ dense: 'projected' });
  expect(pageCode(projected)).toContain("dense: 'projected',");
  const alone = { ...projected, setup: { ...projected.setup, pattern: { name: 'dense' as const, set: {} } } };
  expect(parseArguments(argumentsOf(commandLine(alone)))).toMatchObject({ pattern: 'dense', dense: true });
});
