/** Files offered for download. What they are made by is fetched when the first of its kind is asked for. */
import type { FinishedRun } from '../storage/savedRun';

export function download(name: string, content: Blob): void {
  const url = URL.createObjectURL(content);
  const link = document.createElement('a');
  link.href = url;
  link.download = name;
  link.click();
  // The download has taken its copy by the next task in every browser we know; a second is on the safe side.
  setTimeout(() => {
    URL.revokeObjectURL(url);
  }, 1_000);
}

function json(value: unknown, indent?: number): Blob {
  return new Blob([JSON.stringify(value, null, indent)], { type: 'application/json' });
}

/** The result as `npm run compare -- --out` writes it. */
export function downloadRun(run: FinishedRun): void {
  download(fileName(run, 'json'), json(run.result, 2));
}

export async function downloadTrace(run: FinishedRun): Promise<void> {
  const { traceOf } = await import('../exports/trace');
  download(fileName(run, 'trace.json'), json(traceOf(run.result)));
}

export async function downloadCsv(runs: readonly FinishedRun[]): Promise<void> {
  const { runsCsv } = await import('../exports/csv');
  const [only] = runs;
  const name = only && runs.length === 1 ? fileName(only, 'csv') : 'minference-runs.csv';
  download(name, new Blob([runsCsv(runs)], { type: 'text/csv;charset=utf-8' }));
}

/** All runs with their names and pins, for import in another browser. */
export async function downloadRuns(runs: readonly FinishedRun[]): Promise<void> {
  const { runsFile } = await import('../storage/savedRun');
  download('minference-runs.json', json(runsFile(runs)));
}

export function fileName({ result }: Pick<FinishedRun, 'result'>, extension: string): string {
  return `minference-${result.request.pattern.name}-${result.prompt.tokens}-${result.date.replaceAll(/[:.]/g, '-')}.${extension}`;
}
