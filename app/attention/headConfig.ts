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
    'Give a list with one object a layer, such as {"0": ["vertical_and_slash", 1000, 6096, 0.9]}.',
  );
}

function sizeOf(value: unknown, name: string, place: string): number {
  if (typeof value !== 'number' || !Number.isInteger(value))
    throw refuse(`${place}: ${name} must be a whole number, not ${JSON.stringify(value)}.`);
  if (value < 0) throw refuse(`${place}: ${name} is ${value}, which is negative.`);
  if (value > mostTokens) throw refuse(`${place}: ${name} is ${value}, which is above ${mostTokens}.`);
  return value;
}

function entryOf(value: unknown, place: string): HeadEntry {
  if (!Array.isArray(value) || value.length < 3)
    throw refuse(`${place} must be [type, vertical size, slash size, score], not ${JSON.stringify(value)}.`);
  const [type, vertical, slash, score = 1] = value as unknown[];
  if (typeof type !== 'string' || !types.includes(type))
    throw refuse(`${place}: the type ${JSON.stringify(type)} is unknown; known are ${types.join(', ')}.`);
  if (typeof score !== 'number' || !Number.isFinite(score))
    throw refuse(`${place}: the score must be a number, not ${JSON.stringify(score)}.`);
  return {
    type: type as HeadType,
    verticalSize: sizeOf(vertical, 'vertical_size', place),
    slashSize: sizeOf(slash, 'slash_size', place),
    score,
  };
}

/**
 * Reads a configuration for a model of `layers` by `heads` query heads. Returns [layer][head]. Throws a `UserError`
 * ('bad-setting') that names layer and head.
 */
export function parseHeadConfig(
  text: string,
  { layers, heads }: { layers: number; heads: number },
): HeadEntry[][] {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    throw refuse('it is not JSON.');
  }
  if (!Array.isArray(json)) throw refuse('it is not a list of layers.');
  if (json.length > layers) throw refuse(`it has ${json.length} layers, and the model has ${layers}.`);
  const read: HeadEntry[][] = Array.from({ length: layers }, () =>
    Array.from({ length: heads }, () => defaultHead),
  );
  json.forEach((layer: unknown, at) => {
    if (typeof layer !== 'object' || layer === null || Array.isArray(layer))
      throw refuse(`layer ${at} must be an object from head to its entry.`);
    for (const [name, value] of Object.entries(layer)) {
      const head = /^\d+$/.test(name) ? Number(name) : NaN;
      if (!(head < heads))
        throw refuse(`layer ${at}: '${name}' is no head of a model with ${heads} heads (0 to ${heads - 1}).`);
      const row = read[at];
      if (row) row[head] = entryOf(value, `layer ${at}, head ${head}`);
    }
  });
  return read;
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
