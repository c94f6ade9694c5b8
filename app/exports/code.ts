/**
 * A run as code: a call of `window.playground`, an iframe, a command line. The document is named, never written out; it
 * and a pattern's file are read from files beside the page, or in the folder of the command.
 */
import type { Setup } from '../storage/setup';

export interface CodeSubject {
  /** 'builtin', a Hub id with its revision if it has one, or an address; a folder has only its name. */
  model: { name: string; folder: boolean };
  setup: Setup;
  question: string;
  measureHeads: boolean;
  /** Tokens left for the question where the document is cut; null where it is not, or not by that. */
  questionTokens: number | null;
  /** Settings of the pattern whose value is the text of a file, with the name of that file. */
  files: Readonly<Record<string, string>>;
}

/** The name that the document goes by in the code. */
export const documentName = 'document.txt';

/** JavaScript that runs in the page, in its console, or with `playground` taken from a frame of the same origin. */
export function pageCode({
  model,
  setup,
  question,
  measureHeads,
  questionTokens,
  files,
}: CodeSubject): string {
  const { pattern, context, newTokens, sampling, order, dense } = setup;
  const source = model.folder
    ? `new URL(${quoted(`${model.name}/`)}, location.href).href`
    : quoted(model.name);
  const set = Object.entries(pattern.set).map(([name, value]) => {
    const file = files[name];
    return `${key(name)}: ${file === undefined ? literal(value) : fetched(file)}`;
  });
  const tokens = context === null ? '' : `, tokens: ${context}`;
  const room = questionTokens === null ? '' : `, questionTokens: ${questionTokens}`;
  return [
    `const text = ${fetched(documentName)};`,
    `await playground.load(${source});`,
    'const result = await playground.compare({',
    `  prompt: { document: text, question: ${quoted(question)}${tokens}${room} },`,
    `  pattern: { name: ${quoted(pattern.name)}${set.length === 0 ? '' : `, set: { ${set.join(', ')} }`} },`,
    `  maxNewTokens: ${newTokens},`,
    `  sampling: { temperature: ${sampling.temperature}, topP: ${sampling.topP}, seed: ${sampling.seed} },`,
    `  order: ${quoted(order)},`,
    `  dense: ${literal(dense)},`,
    ...(measureHeads ? ['  measureHeads: true,'] : []),
    '});',
    'console.log(result);',
  ].join('\n');
}

/** HTML around an address of this page, which holds settings and question in its fragment. */
export function frameCode(address: string): string {
  const attribute = address.replaceAll('&', '&amp;').replaceAll('"', '&quot;');
  return [
    '<iframe',
    `  src="${attribute}"`,
    '  title="MInference in the browser"',
    '  allow="clipboard-write"',
    '  style="width: 100%; height: 48rem; border: 0"',
    '></iframe>',
  ].join('\n');
}

/** For a POSIX shell, in a checkout of this repository. What the command would do anyway is left out. */
export function commandLine({
  model,
  setup,
  question,
  measureHeads,
  questionTokens,
  files,
}: CodeSubject): string {
  const { pattern, context, newTokens, sampling, order, dense } = setup;
  const lines = [
    'npm run compare --',
    `--model ${shell(model.folder ? `./${model.name}` : model.name)}`,
    `--document ${documentName}`,
    `--question ${shell(question)}`,
    ...(context === null ? [] : [`--tokens ${context}`]),
    ...(questionTokens === null ? [] : [`--question-tokens ${questionTokens}`]),
    `--pattern ${pattern.name}`,
    ...Object.entries(pattern.set).map(([name, value]) => {
      const file = files[name];
      return `--set ${shell(`${name}=${file === undefined ? String(value) : `@${file}`}`)}`;
    }),
    `--max-new-tokens ${newTokens}`,
    ...(sampling.temperature === 0 ? [] : [`--temperature ${sampling.temperature}`]),
    ...(sampling.topP === 1 ? [] : [`--top-p ${sampling.topP}`]),
    ...(sampling.seed === 0 ? [] : [`--seed ${sampling.seed}`]),
    ...(order === 'dense-first' ? [] : [`--order ${order}`]),
    // Dense alone has nothing beside it.
    ...(dense === true || pattern.name === 'dense' ? [] : [`--dense ${dense ? 'projected' : 'no'}`]),
    ...(measureHeads ? ['--heads'] : []),
  ];
  return lines.join(' \\\n  ');
}

function fetched(file: string): string {
  return `await (await fetch(${quoted(file)})).text()`;
}

/** A string in single quotes, which may also stand in a script of an HTML page. */
function quoted(text: string): string {
  const inner = JSON.stringify(text)
    .slice(1, -1)
    .replaceAll('\\"', '"')
    .replaceAll("'", "\\'")
    .replaceAll('</', '<\\/');
  return `'${inner}'`;
}

function literal(value: string | number | boolean): string {
  return typeof value === 'string' ? quoted(value) : String(value);
}

function key(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? name : quoted(name);
}

/** One word of a POSIX shell. */
function shell(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
