/**
 * MInference's configuration by head (its `configs/*.json`): a list with an object a layer, from the head's number to
 * [pattern, vertical size, slash size, score]. Heads that are not named get MInference's default.
 */
import { UserError } from '../errors';

export type HeadType = 'vertical_and_slash' | 'stream_llm' | 'block_sparse';

export interface HeadEntry {
  readonly type: HeadType;
  /** Columns; of `stream_llm` the first tokens. `block_sparse` has no use for it. */
  readonly verticalSize: number;
  /** Diagonals; of `stream_llm` the window. `block_sparse` has no use for it. */
  readonly slashSize: number;
  /** What the search measured; carried along, not used. */
  readonly score: number;
}

export const defaultHead: HeadEntry = {
  type: 'vertical_and_slash',
  verticalSize: 1000,
  slashSize: 6096,
  score: 1,
};

const types: readonly string[] = ['vertical_and_slash', 'stream_llm', 'block_sparse'] satisfies HeadType[];
/** Sizes above this cannot be tokens. */
const mostTokens = 2 ** 20;

function refuse(sentence: string): UserError {
  return new UserError(
    'bad-setting',
    `minference: config: ${sentence}`,
    'Give a list with one object a layer, such as {"0": ["vertical_and_slash", 1000, 6096, 0.9]}; layers and heads count from 0.',
  );
}

/** The file is well made, and of another model. */
function refuseModel(sentence: string): UserError {
  return new UserError(
    'bad-setting',
    `minference: config: ${sentence}`,
    'Load the model that it is for, choose another file, or remove it.',
  );
}

/** As the file has it, cut where it is long. */
function show(value: unknown): string {
  // A number can only be infinite by being too large; NaN comes as text, see `readJson`.
  const text =
    typeof value === 'number' || isPythonNumber(value) ? String(value) : (JSON.stringify(value) ?? 'nothing');
  return text.length > 60 ? `${text.slice(0, 59)}…` : text;
}

function isPythonNumber(value: unknown): boolean {
  return value === 'NaN' || value === 'Infinity' || value === '-Infinity';
}

function readJson(text: string): unknown {
  const json = text.replace(/^\uFEFF/, '');
  try {
    return JSON.parse(json);
  } catch (error) {
    try {
      // Python writes NaN and Infinity, which JSON lacks: read as text, so that the refusal names layer and head.
      return JSON.parse(json.replaceAll(/-?\b(?:NaN|Infinity)\b/g, (word) => JSON.stringify(word)));
    } catch {
      throw refuse(`it is not JSON (${error instanceof Error ? error.message : 'unreadable'}).`);
    }
  }
}

function sizeOf(value: unknown, name: string, place: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw refuse(`${place}: ${name} must be a whole number, not ${show(value)}.`);
  if (value < 0) throw refuse(`${place}: ${name} is ${value}, which is negative.`);
  if (value > mostTokens) throw refuse(`${place}: ${name} is ${value}, which is above ${mostTokens}.`);
  return value;
}

function entryOf(value: unknown, place: string): HeadEntry {
  if (!Array.isArray(value) || value.length < 3 || value.length > 4)
    throw refuse(`${place} must be [type, vertical size, slash size, score], not ${show(value)}.`);
  const [type, vertical, slash, score = 1] = value as unknown[];
  if (typeof type !== 'string' || !types.includes(type))
    throw refuse(`${place}: the type ${show(type)} is unknown; known are ${types.join(', ')}.`);
  if (typeof score !== 'number' || !Number.isFinite(score))
    throw refuse(`${place}: the score must be a number, not ${show(score)}.`);
  return {
    type: type as HeadType,
    verticalSize: sizeOf(vertical, 'vertical_size', place),
    slashSize: sizeOf(slash, 'slash_size', place),
    score,
  };
}

/** The heads that a file names, by layer. Throws a `UserError` ('bad-setting') that names layer and head. */
export function readHeadConfig(text: string): ReadonlyMap<number, HeadEntry>[] {
  const json = readJson(text);
  if (!Array.isArray(json)) throw refuse('it is not a list of layers.');
  const layers = json.map((layer: unknown, at) => {
    if (typeof layer !== 'object' || layer === null || Array.isArray(layer))
      throw refuse(`layer ${at} must be an object from head to its entry, not ${show(layer)}.`);
    const entries = new Map<number, HeadEntry>();
    for (const [name, value] of Object.entries(layer)) {
      if (!/^\d{1,6}$/.test(name)) throw refuse(`layer ${at}: '${name}' is no head.`);
      const head = Number(name);
      const place = `layer ${at}, head ${head}`;
      if (entries.has(head)) throw refuse(`${place} is named twice.`);
      entries.set(head, entryOf(value, place));
    }
    return entries;
  });
  refuseRepeated(text, layers);
  return layers;
}

/** JSON.parse keeps the last of equal keys in silence. */
function refuseRepeated(text: string, layers: readonly ReadonlyMap<number, HeadEntry>[]): void {
  const keysOf = (part: string): string[] =>
    Array.from(part.matchAll(/"((?:[^"\\]|\\.)*)"\s*:/g), ([, name = '']) => name);
  if (keysOf(text).length === layers.reduce((sum, layer) => sum + layer.size, 0)) return;
  // No entry holds braces, so each opens a layer.
  for (const [at, part] of text.split('{').slice(1).entries()) {
    const twice = keysOf(part).find((name, index, names) => names.indexOf(name) < index);
    if (twice !== undefined) throw refuse(`layer ${at}, head ${twice} is named twice.`);
  }
  throw refuse('a head is named twice.');
}

/**
 * Reads a configuration for a model of `layers` by `heads` query heads. Returns [layer][head], the default where the
 * file names none. Throws as `readHeadConfig`, and for layers and heads that the model lacks.
 */
export function parseHeadConfig(
  text: string,
  { layers, heads }: { layers: number; heads: number },
): HeadEntry[][] {
  const read = readHeadConfig(text);
  if (read.length > layers) throw refuseModel(`it has ${read.length} layers, and the model has ${layers}.`);
  read.forEach((layer, at) => {
    for (const head of layer.keys())
      if (head >= heads)
        throw refuseModel(
          `layer ${at}: '${head}' is no head of a model with ${heads} heads (0 to ${heads - 1}).`,
        );
  });
  return Array.from({ length: layers }, (_layer, at) =>
    Array.from({ length: heads }, (_head, head) => read[at]?.get(head) ?? defaultHead),
  );
}

/** The same in MInference's JSON: what `parseHeadConfig` reads. */
export function formatHeadConfig(config: readonly (readonly HeadEntry[])[]): string {
  return JSON.stringify(
    config.map((layer) =>
      Object.fromEntries(
        layer.map(({ type, verticalSize, slashSize, score }, head) => [
          String(head),
          [type, verticalSize, slashSize, score],
        ]),
      ),
    ),
  );
}
