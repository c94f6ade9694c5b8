/** Reading what a person typed: every refusal names the field. And what a pattern module exports. */
import { UserError } from '../errors';
import type { Gpu } from '../gpu/device';
import type { Geometry, Pattern, Settings, SettingValue } from './types';

/** A pattern for one geometry, before a GPU is needed. */
export interface PatternPlan {
  readonly settings: Record<string, SettingValue>;
  /** A sentence: why this runs dense. null: it runs as asked. */
  readonly note: string | null;
  /** Bytes of index and scratch. */
  readonly bytes: number;
  /** Tiles and columns that a row block's lists have room for, of patterns that `minference` merges. */
  readonly listRoom?: readonly [number, number];
  create(gpu: Gpu, geometry: Geometry): Promise<Pattern>;
}

export interface PatternFactory {
  plan(set: Settings, geometry: Geometry): PatternPlan;
}

export interface WholeNumber {
  readonly kind: 'whole';
  readonly min: number;
  readonly max: number;
  /** What `max` is, for the sentence: 'the prompt's length'. */
  readonly maxIs?: string;
  readonly initial: number;
}

export interface Choice<Value extends string = string> {
  readonly kind: 'choice';
  readonly of: readonly Value[];
  readonly initial: Value;
}

/** A number between `min` and `max`, both allowed. */
export interface RealNumber {
  readonly kind: 'real';
  readonly min: number;
  readonly max: number;
  readonly initial: number;
}

/** Text of any kind: what it means is the pattern's to say. */
export interface Text {
  readonly kind: 'text';
  readonly initial: string;
}

export type Field = WholeNumber | RealNumber | Choice | Text;

type Read<Of extends Field> = Of extends Choice<infer Value> ? Value : Of extends Text ? string : number;

export function choice<Value extends string>(of: readonly Value[], initial: Value): Choice<Value> {
  return { kind: 'choice', of, initial };
}

export function real(initial: number, min: number, max: number): RealNumber {
  return { kind: 'real', min, max, initial };
}

/** A whole number in [min, max]; without a setting `initial`, brought into that range. */
export function whole(initial: number, min: number, max: number, maxIs?: string): WholeNumber {
  const kept = Math.min(max, Math.max(min, Math.round(initial)));
  return { kind: 'whole', min, max, initial: kept, ...(maxIs !== undefined && { maxIs }) };
}

/** `set` by the fields of a pattern, defaults filled in. Numbers may come as text, as a command line gives them. */
export function readSettings<Fields extends Record<string, Field>>(
  pattern: string,
  set: Settings,
  fields: Fields,
): { [Name in keyof Fields]: Read<Fields[Name]> } {
  for (const name of Object.keys(set)) {
    if (Object.hasOwn(fields, name)) continue;
    const known = Object.keys(fields);
    throw refuse(
      `'${name}' is no setting of ${pattern}.`,
      known.length > 0 ? `It knows ${known.join(', ')}.` : 'It has none.',
    );
  }
  const values = Object.entries(fields).map(([name, field]) => {
    const given = set[name];
    return [name, given === undefined ? field.initial : read(pattern, name, field, given)];
  });
  return Object.fromEntries(values) as { [Name in keyof Fields]: Read<Fields[Name]> };
}

function read(pattern: string, name: string, field: Field, given: SettingValue): SettingValue {
  if (field.kind === 'choice') {
    if (typeof given === 'string' && field.of.includes(given)) return given;
    throw refuse(`${pattern}: ${name} cannot be '${given}'.`, `Use ${field.of.join(' or ')}.`);
  }
  if (field.kind === 'text') {
    if (typeof given === 'string') return given;
    throw refuse(`${pattern}: ${name} must be text.`, 'Give it as a string.');
  }
  const number = typeof given === 'string' && given.trim() !== '' ? Number(given) : given;
  const { min, max } = field;
  const maxIs = field.kind === 'whole' ? field.maxIs : undefined;
  const kind = field.kind === 'whole' ? 'whole number' : 'number';
  const range = `Give a ${kind} from ${min} to ${max}${maxIs === undefined ? '' : ` (${maxIs})`}.`;
  // A field of a page whose text is no number; what stands there, it does not tell.
  if (Number.isNaN(given)) throw refuse(`${pattern}: ${name} is not a number.`, range);
  if (
    typeof number !== 'number' ||
    !Number.isFinite(number) ||
    (field.kind === 'whole' && !Number.isInteger(number))
  )
    throw refuse(`${pattern}: ${name} must be a ${kind}, not '${given}'.`, range);
  if (number < min)
    throw refuse(
      `${pattern}: ${name} is ${number}, which is ${number < 0 ? 'negative' : 'too small'}.`,
      range,
    );
  if (number > max)
    throw refuse(
      `${pattern}: ${name} is ${number}, which is above ${maxIs === undefined ? `the limit of ${max}` : `${maxIs}, ${max}`}.`,
      range,
    );
  return number;
}

function refuse(sentence: string, remedy: string): UserError {
  return new UserError('bad-setting', sentence, remedy);
}
