/** Result files as Markdown tables, alone or in the place that a document keeps for them: figures are never typed. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { basename } from 'node:path';
import { markdownTable, parseBenchResult, tablesOf } from '../app/engine/bench/report';
import { UserError } from '../app/errors';
import { CliError } from './arguments';

export const beginMarker = '<!-- results: begin -->';
export const endMarker = '<!-- results: end -->';

function read(path: string): string {
  if (!existsSync(path)) throw new CliError(`'${path}' does not exist`, 2);
  return readFileSync(path, 'utf8');
}

/** The tables of result files, in order, each under its file's name. Throws a `CliError` naming a file that is none. */
export function markdownOf(files: readonly string[]): string {
  const parts = files.map((file) => {
    try {
      const tables = tablesOf(parseBenchResult(read(file))).map(markdownTable);
      return [`### ${basename(file, '.json')}`, ...tables].join('\n\n');
    } catch (error) {
      if (error instanceof UserError) throw new CliError(`'${file}': ${error.message}`, 2);
      throw error;
    }
  });
  return `${parts.join('\n\n')}\n`;
}

/** `document` with what stands between its markers replaced. */
export function withResults(document: string, markdown: string, path: string): string {
  const begin = document.indexOf(beginMarker);
  const end = document.indexOf(endMarker);
  if (begin < 0 || end < begin)
    throw new CliError(`'${path}' has no '${beginMarker}' with '${endMarker}' after it`, 2);
  return `${document.slice(0, begin + beginMarker.length)}\n\n${markdown}\n${document.slice(end)}`;
}

/** Writes the tables into `path`, formatted as the repository's Markdown is. */
export async function writeResults(path: string, markdown: string): Promise<void> {
  const { format, resolveConfig } = await import('prettier');
  const text = withResults(read(path), markdown, path);
  writeFileSync(path, await format(text, { ...(await resolveConfig(path)), filepath: path }));
}
