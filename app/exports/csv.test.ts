import { describe, expect, it } from 'vitest';
import { furtherRun, gpuRun, projectedRun, softwareRun } from '../storage/fixtures';
import { runsCsv } from './csv';

/** A reader of RFC 4180, so that what is written is judged by what another program would read. */
function read(csv: string): Record<string, string>[] {
  const rows: string[][] = [[]];
  const cells = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/gy;
  for (let match = cells.exec(csv); match; match = cells.exec(csv)) {
    rows.at(-1)?.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '');
    if (match[3] === '\r\n') rows.push([]);
    if (cells.lastIndex === csv.length) break;
  }
  const [header = [], ...body] = rows.slice(0, -1);
  return body.map((row) => {
    expect(row).toHaveLength(header.length);
    return Object.fromEntries(header.map((name, at) => [name, row[at] ?? '']));
  });
}

describe('CSV', () => {
  it('has a row for each lane, with figures at full precision', () => {
    const rows = read(runsCsv([gpuRun, softwareRun]));
    expect(rows.map(({ run, pattern, ttft_ms }) => [run, pattern, ttft_ms])).toEqual([
      ['gpu-run', 'dense', '1800'],
      ['gpu-run', 'adaptive', '600'],
      ['software-run', 'dense', '52000'],
    ]);
    expect(rows[1]).toMatchObject({
      settings: 'fidelity=0.9 lastQ=64',
      attention_ms: '240',
      speedup_ttft: '3',
      kl: '0.004',
      seed: '7',
      software_adapter: 'false',
    });
    expect(rows[0]).toMatchObject({ speedup_ttft: '', kl: '', answer: 'It is 4821937, "amber".' });
    expect(rows[2]).toMatchObject({ attention_ms: '', software_adapter: 'true', truncated: 'true' });
  });

  it('tells a further question from a whole prompt, and gives it no speed-up', () => {
    const [, sparse] = read(runsCsv([furtherRun]));
    expect(sparse).toMatchObject({ past_tokens: '32700', prompt_tokens: '32768', speedup_ttft: '' });
  });

  it('has projected figures in columns of their own, and no row of a run that was not made', () => {
    const rows = read(runsCsv([projectedRun, gpuRun]));
    expect(rows.map(({ pattern }) => pattern)).toEqual(['adaptive', 'dense', 'adaptive']);
    expect(rows[0]).toMatchObject({
      ttft_ms: '600',
      speedup_ttft: '',
      dense_projected_ttft_ms: '2400',
      dense_projected_attention_ms: '2082',
      projected_speedup_ttft: '4',
      projected_speedup_attention: '7.4',
    });
    expect(rows[2]).toMatchObject({ speedup_ttft: '3', dense_projected_ttft_ms: '' });
  });

  it('keeps quotes, commas and line breaks, and lets no text be a formula', () => {
    expect(read(runsCsv([softwareRun]))[0]?.question).toBe(`'=cmd()|"quoted", and\nsplit?`);
    for (const name of ['+1', '-1', '@x', '\tx', '\rx'])
      expect(read(runsCsv([{ ...softwareRun, name }]))[0]?.name).toBe(`'${name}`);
    expect(read(runsCsv([{ ...softwareRun, name: 'a=b' }]))[0]?.name).toBe('a=b');
  });
});
