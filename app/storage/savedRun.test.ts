import { describe, expect, it } from 'vitest';
import { UserError } from '../errors';
import { furtherRun, gpuResult, gpuRun, projectedRun, softwareRun } from './fixtures';
import { parseRunsFile, readSavedRun, runsFile } from './savedRun';

const newId = (): string => 'new';

function refusalOf(file: unknown): string {
  try {
    parseRunsFile(typeof file === 'string' ? file : JSON.stringify(file), newId);
  } catch (error) {
    if (error instanceof UserError) return error.sentence;
    throw error;
  }
  throw new Error('it was accepted');
}

/** A copy with the value at a path replaced, or taken away with undefined. */
function changed(value: object, path: readonly (string | number)[], to: unknown): object {
  const copy = structuredClone(value) as Record<string | number, unknown>;
  const owner = path
    .slice(0, -1)
    .reduce<Record<string | number, unknown>>((at, key) => at[key] as Record<string | number, unknown>, copy);
  owner[path.at(-1) ?? ''] = to;
  return copy;
}

describe('a file of runs', () => {
  it('comes back as it was', () => {
    const runs = [gpuRun, softwareRun];
    expect(parseRunsFile(JSON.stringify(runsFile(runs)), newId)).toEqual(runs);
    expect(readSavedRun(structuredClone(gpuRun))).toEqual(gpuRun);
  });

  it('keeps what was measured by head, and refuses what is no such measure', () => {
    const heads = {
      layers: 1,
      heads: 2,
      sampledRows: [0, 1],
      density: [[0.5, 1]],
      recall: [[0.9, 1]],
      outputError: [[0.1, 0]],
    };
    const measured = { ...gpuRun, result: { ...gpuResult, heads } };
    expect(readSavedRun(structuredClone(measured))).toEqual(measured);
    const broken = changed(measured, ['result', 'heads', 'recall', 0, 0], null);
    expect(refusalOf({ ...runsFile([]), runs: [broken] })).toContain('result.heads.recall[0][0]');
  });

  it('keeps what a further question was measured with, and its conversation', () => {
    expect(readSavedRun(structuredClone(furtherRun))).toEqual(furtherRun);
  });

  it('keeps projected dense apart from what was measured', () => {
    expect(readSavedRun(structuredClone(projectedRun))).toEqual(projectedRun);
    const broken = changed(projectedRun, ['result', 'projected', 'samples', 0, 'ms'], 'quick');
    expect(refusalOf({ ...runsFile([]), runs: [broken] })).toContain('result.projected.samples[0].ms');
  });

  it('may be one result alone, as the command line writes it', () => {
    const [run] = parseRunsFile(JSON.stringify(gpuResult), newId);
    expect(run).toMatchObject({ id: 'new', name: '', document: null, result: gpuResult });
  });

  it('may be older than kept caches and measured heads', () => {
    const { heads: _, ...older } = structuredClone(gpuResult);
    const runs = older.runs.map(({ pastTokens: __, ...run }) => run);
    const [run] = parseRunsFile(JSON.stringify({ ...older, runs }), newId);
    expect(run?.result).toEqual({ ...older, runs: gpuResult.runs });
  });

  it.each([
    [['result', 'runs', 1, 'ttftMs'], 'fast', 'runs[0].result.runs[1].ttftMs'],
    [['result', 'runs', 0, 'density'], -1, 'runs[0].result.runs[0].density'],
    [['result', 'runs', 0, 'phasesMs', 'mlp'], null, 'runs[0].result.runs[0].phasesMs.mlp'],
    [['result', 'runs'], [], 'runs[0].result.runs'],
    [['result', 'date'], 'yesterday', 'runs[0].result.date: not a date'],
    [['result', 'request', 'pattern', 'name'], 'magic', 'runs[0].result.request.pattern.name'],
    [['result', 'version'], 2, 'runs[0].result.version'],
    [['result', 'model', 'id'], undefined, 'runs[0].result.model.id'],
    [['result', 'heads', 'recall'], [[1]], 'runs[0].result.heads: not one figure for each layer and head'],
    [['result', 'heads', 'retention', 'ends'], [1], 'not one figure for each bin of tokens'],
    [['result', 'heads', 'retention', 'coverage', 0], 'all', 'heads.retention.coverage[0]'],
    [['pinned'], 'yes', 'runs[0].pinned'],
    [['id'], '', 'runs[0].id'],
  ])('with a wrong %s is refused by that field', (path, to, named) => {
    const file = { ...runsFile([]), runs: [changed(gpuRun, path, to)] };
    expect(refusalOf(file)).toContain(named);
  });

  it('is refused where it is something else', () => {
    expect(refusalOf('{')).toContain('it is no JSON');
    expect(refusalOf('[]')).toContain('it holds no runs');
    expect(refusalOf('null')).toContain('it holds no runs');
    expect(refusalOf({ ...runsFile([]), format: 'other' })).toContain('format');
    expect(refusalOf({ ...gpuResult, runs: undefined })).toContain('runs');
  });

  it('brings nothing along that was not asked for', () => {
    const [run] = parseRunsFile(
      JSON.stringify({ ...runsFile([]), runs: [{ ...gpuRun, extra: 1, document: 'abc' }] }),
      newId,
    );
    expect(run).not.toHaveProperty('extra');
  });
});

it('a kept run of another version is passed over', () => {
  expect(readSavedRun({ ...gpuRun, result: { ...gpuResult, version: 9 } })).toBeNull();
  expect(readSavedRun('nonsense')).toBeNull();
});
