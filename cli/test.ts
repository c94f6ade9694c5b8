/**
 * `npm test`: finds or installs a Chromium, then lint, types, unit and build beside kernel tests on WebGPU in that Chromium,
 * then what is timed, alone, and the rest end to end. Every step runs even if one before it failed; the last line counts.
 */
import { spawn } from 'node:child_process';
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

/** `alone`: prints as it goes; what a step beside others prints is shown when it has ended, so that they don't mix. */
function step(name: string, command: string[], env: NodeJS.ProcessEnv, alone = false): Promise<boolean> {
  const [program = 'npx', ...args] = command;
  const title = `\n== ${name}: ${command.join(' ')}`;
  if (alone) console.log(title);
  const child = spawn(program, args, {
    stdio: alone ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env,
    shell: process.platform === 'win32',
  });
  const printed: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream?.on('data', (part: Buffer) => {
      printed.push(part);
    });
  return new Promise((done) => {
    child.on('error', (error) => {
      printed.push(Buffer.from(`${String(error)}\n`));
    });
    child.on('close', (code) => {
      if (!alone) console.log(title);
      process.stdout.write(Buffer.concat(printed));
      done(code === 0);
    });
  });
}

/** A step without a count of its own is one test. */
async function simple(name: string, command: string[], env: NodeJS.ProcessEnv): Promise<Tally> {
  return (await step(name, command, env)) ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
}

function readReport(file: string): unknown {
  try {
    return JSON.parse(readFileSync(file, 'utf8'));
  } catch {
    return null;
  }
}

async function vitest(project: string, env: NodeJS.ProcessEnv): Promise<Tally> {
  const file = join(reports, `${project}.json`);
  const ok = await step(
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

async function playwright(name: string, projects: string[], env: NodeJS.ProcessEnv): Promise<Tally> {
  const file = join(reports, `${name}.json`);
  const ok = await step(
    name,
    [
      'npx',
      'playwright',
      'test',
      '--reporter',
      'list,json',
      ...projects.map((project) => `--project=${project}`),
    ],
    {
      ...env,
      PLAYWRIGHT_JSON_OUTPUT_FILE: file,
    },
    true,
  );
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

async function withoutBrowser(): Promise<Tally[]> {
  return [
    await simple('lint', ['npm', 'run', '--silent', 'lint'], env),
    await simple('types', ['npm', 'run', '--silent', 'types'], env),
    await vitest('unit', env),
    await simple('build', ['npm', 'run', '--silent', 'build'], env),
  ];
}

// Software WebGPU leaves part of two cores idle, for it builds a kernel on one.
const [gpu, others] = await Promise.all([vitest('gpu', env), withoutBrowser()]);
const timed = await playwright('timed', ['timed'], env);
const tallies = [...others, gpu, timed, await playwright('end to end', ['long', 'short'], env)];
rmSync(reports, { recursive: true, force: true });
const sum = (key: keyof Tally): number => tallies.reduce((total, tally) => total + tally[key], 0);
console.log(`\n${sum('passed')} passed, ${sum('failed')} failed`);
process.exitCode = sum('failed') > 0 ? 1 : 0;
