import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { precacheOf } from './plugin';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'precache-'));
  mkdirSync(join(folder, 'assets'));
  mkdirSync(join(folder, 'models/needle'), { recursive: true });
  for (const name of ['index.html', 'sw.js', 'assets/a.js', 'assets/a.js.map', 'models/needle/README.md'])
    writeFileSync(join(folder, name), name);
  writeFileSync(join(folder, 'models/needle/config.json'), '{}');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

it('lists what the page may load, and the model apart from it', () => {
  const { shell, model } = precacheOf(folder);
  expect(shell.files.map(({ path }) => path)).toEqual(['assets/a.js', 'index.html']);
  expect(model.files).toEqual([
    {
      path: 'models/needle/config.json',
      sha256: '44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
    },
  ]);
});

it('gives each group a version that changes with its own files alone', () => {
  const before = precacheOf(folder);
  writeFileSync(join(folder, 'index.html'), 'new');
  const after = precacheOf(folder);
  expect(after.shell.version).not.toBe(before.shell.version);
  expect(after.model).toEqual(before.model);
  writeFileSync(join(folder, 'models/needle/config.json'), '{"a":1}');
  expect(precacheOf(folder)).toMatchObject({ shell: after.shell });
  expect(precacheOf(folder).model.version).not.toBe(after.model.version);
});
