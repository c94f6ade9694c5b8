import { expect, it } from 'vitest';
import { gpuResult, gpuRun } from '../storage/fixtures';
import { runsFile } from '../storage/savedRun';
import { holdsRuns } from './dropped';

it.each([
  ['exported runs', 'runs.json', JSON.stringify(runsFile([gpuRun])), true],
  ['a result as the page and the command line write it', 'r.JSON', JSON.stringify(gpuResult, null, 2), true],
  ['other JSON', 'data.json', '{"version": 1, "date": "2026-01-01", "items": []}', false],
  ['a list', 'data.json', '[1, 2]', false],
  ['a text about runs', 'notes.txt', JSON.stringify(runsFile([gpuRun])), false],
])('%s', async (_what, name, text, expected) => {
  expect(await holdsRuns(new File([text], name))).toBe(expected);
});
