/** Prompts made elsewhere: JSON lines, consecutive ones of the same document taken together. */
import { createReadStream, existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { CliError } from './arguments';

export interface AccuracyPrompt {
  /** Of the file, from 1. */
  line: number;
  task: string;
  /** Tokens, as whoever made the prompt counts them. */
  length: number;
  question: string;
  /** What is wanted. */
  answer: string;
  /** What greedy decoding in PyTorch gave. */
  said?: string;
}

/** Consecutive prompts of one document. */
export interface DocumentPrompts {
  /** The file's name, or the line where the text stands. */
  name: string;
  read(): string;
  prompts: AccuracyPrompt[];
}

export interface PromptFile {
  /** What the first line says of how the prompts were made; null where it says nothing. */
  meta: unknown;
  documents: DocumentPrompts[];
}

const Text = v.string('must be text');
const Filled = v.pipe(
  Text,
  v.check((text) => text.trim() !== '', 'must not be empty'),
);

const LineSchema = v.object({
  task: Filled,
  length: v.pipe(
    v.number('must be a whole number of tokens'),
    v.integer('must be a whole number of tokens'),
    v.minValue(1, 'must be 1 or more tokens'),
  ),
  document: v.nullish(Filled),
  documentFile: v.nullish(Filled),
  question: Text,
  answer: Filled,
  said: v.nullish(Text),
});

/** Where documents come from: the text itself, or the path of a file that holds it. */
interface Source {
  kind: 'text' | 'file';
  value: string;
}

function sourceOf(
  { document, documentFile }: v.InferOutput<typeof LineSchema>,
  folder: string,
  refuse: (why: string) => CliError,
): Source {
  if (typeof document === 'string' && typeof documentFile === 'string')
    throw refuse('has both document and documentFile; one is needed');
  if (typeof document === 'string') return { kind: 'text', value: document };
  if (typeof documentFile !== 'string') throw refuse('has neither document nor documentFile');
  const path = resolve(folder, documentFile);
  if (!existsSync(path) || !statSync(path).isFile())
    throw refuse(`names the document file '${documentFile}', which does not exist beside the prompts`);
  return { kind: 'file', value: path };
}

function parsed(text: string, refuse: (why: string) => CliError): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('is not JSON');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw refuse('is not a JSON object');
  return value;
}

function checked(value: object, refuse: (why: string) => CliError): v.InferOutput<typeof LineSchema> {
  const result = v.safeParse(LineSchema, value);
  if (result.success) return result.output;
  const [issue] = result.issues;
  const key = String(issue.path?.[0]?.key);
  throw refuse(Object.hasOwn(value, key) ? `has a '${key}' that ${issue.message}` : `has no '${key}'`);
}

/** Every line is checked before anything runs; document files are opened when their turn comes. */
export async function readPrompts(path: string): Promise<PromptFile> {
  if (!existsSync(path) || !statSync(path).isFile())
    throw new CliError(`--prompts: the file '${path}' does not exist`, 2);
  const documents: DocumentPrompts[] = [];
  let meta: unknown = null;
  let last: Source | null = null;
  let line = 0;
  for await (const text of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
    line++;
    if (text.trim() === '') continue;
    const refuse = (why: string): CliError => new CliError(`'${path}', line ${line} ${why}`, 2);
    const value = parsed(text, refuse);
    if (line === 1 && 'meta' in value) {
      ({ meta } = value);
      continue;
    }
    const given = checked(value, refuse);
    const source = sourceOf(given, dirname(path), refuse);
    if (last === null || source.kind !== last.kind || source.value !== last.value) {
      // The text of the first line that has it; equal ones of further lines are let go.
      const { kind, value: held } = source;
      documents.push({
        name: kind === 'file' ? (given.documentFile ?? '') : `line ${line}`,
        read: () => (kind === 'file' ? readFileSync(held, 'utf8') : held),
        prompts: [],
      });
      last = source;
    }
    const { task, length, question, answer, said } = given;
    documents.at(-1)?.prompts.push({
      line,
      task,
      length,
      question,
      answer,
      ...(typeof said === 'string' && { said }),
    });
  }
  if (documents.length === 0) throw new CliError(`'${path}' holds no prompt`, 2);
  return { meta, documents };
}
