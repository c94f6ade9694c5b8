/**
 * `npm test`: finds or installs a Chromium, then lint, types, unit, kernel tests on WebGPU in that Chromium, and end to
 * end. Every step runs even if one before it failed; the last line counts.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { CliError } from './arguments';
import { ensureChromium } from './browser';

interface Tally {
  passed: number;
  failed: number;
}

const reports = mkdtempSync(join(tmpdir(), 'minference-test-'));

function step(name: string, command: string[], env: NodeJS.ProcessEnv): boolean {
  console.log(`\n== ${name}: ${command.join(' ')}`);
  const [program = 'npx', ...args] = command;
  return (
    spawnSync(program, args, { stdio: 'inherit', env, shell: process.platform === 'win32' }).status === 0
  );
}

/** A step without a count of its own is one test. */
function simple(name: string, command: string[], env: NodeJS.ProcessEnv): Tally {
  return step(name, command, env) ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

function vitest(project: string, env: NodeJS.ProcessEnv): Tally {
  const file = join(reports, `${project}.json`);
  const ok = step(
    project,
    [
      'npx',
      'vitest',
      'run',
      '--project',
      project,
      '--reporter',
      'default',
      '--reporter',
      'json',
      '--outputFile',
      file,
    ],
    env,
  );
  const report = readReport(file) as { numPassedTests?: number; numFailedTests?: number } | null;
  const passed = report?.numPassedTests ?? 0;
  const failed = report?.numFailedTests ?? 0;
  // A run that ends badly without a failed test (a file that does not load, no adapter, no tests) is a failure.
  return { passed, failed: (!ok && failed === 0) || passed + failed === 0 ? failed + 1 : failed };
}

function playwright(env: NodeJS.ProcessEnv): Tally {
  const file = join(reports, 'e2e.json');
  const ok = step('end to end', ['npx', 'playwright', 'test', '--reporter', 'list,json'], {
    ...env,
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
  });
  const report = readReport(file) as {
    stats?: { expected: number; unexpected: number; flaky: number };
  } | null;
  const passed = report?.stats ? report.stats.expected : 0;
  const failed = report?.stats ? report.stats.unexpected + report.stats.flaky : 0;
  return { passed, failed: (!ok && failed === 0) || passed + failed === 0 ? failed + 1 : failed };
}

let chromium: string;
try {
  chromium = ensureChromium(console.log);
} catch (error) {
  console.error(error instanceof CliError ? error.message : error);
  console.log('0 passed, 1 failed');
  process.exit(1);
}
console.log(`Chromium: ${chromium}`);
const env = { ...process.env, CHROMIUM_PATH: chromium };
const tallies = [
  simple('lint', ['npm', 'run', '--silent', 'lint'], env),
  simple('types', ['npm', 'run', '--silent', 'types'], env),
  vitest('unit', env),
  vitest('gpu', env),
  simple('build', ['npm', 'run', '--silent', 'build'], env),
  playwright(env),
];
rmSync(reports, { recursive: true, force: true });
const sum = (key: keyof Tally): number => tallies.reduce((total, tally) => total + tally[key], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') > 0 ? 1 : 0;
