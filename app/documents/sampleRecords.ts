/** Blocks for the records sample: things with the same attributes as the one asked for, so that the name must be read. */
import {
  adjectives,
  capitalised,
  keepers,
  namesOf,
  nouns,
  questionOf,
  rooms,
  sevenDigits,
  whereIs,
  type Facts,
  type Name,
  type Planted,
} from './sampleFacts';
import type { Random } from './random';

const states = 'in use|stored|on loan|under repair|awaiting inspection'.split('|');

interface Fields {
  location: string;
  keeper: string;
  /** Of the attribute that all records have. */
  value: string;
  status: string;
}

function randomFields(random: Random): Fields {
  return {
    location: random.pick(rooms),
    keeper: random.pick(keepers),
    value: sevenDigits(random),
    status: random.pick(states),
  };
}

function block(attribute: string, name: string, { location, keeper, value, status }: Fields): string {
  return [
    `name: ${name}`,
    `location: ${location}`,
    `keeper: ${keeper}`,
    `${attribute}: ${value}`,
    `status: ${status}`,
  ].join('\n');
}

function titled({ adjective, noun }: Name): string {
  return `${capitalised(adjective)} ${capitalised(noun)}`;
}

/** The attribute's name stands in every record, and is more tokens or fewer; measured at 2,000 to 100,000 tokens. */
export function recordsPerToken(attribute: string): number {
  return attribute === 'access code' ? 2.565 : attribute === 'serial number' ? 2.615 : 2.645;
}

export function recordsTitle(random: Random): string {
  return `Inventory, volume ${random.whole(2, 40)}`;
}

/** A record of something else: never a planted name, never the planted number. */
export function recordBlock(random: Random, facts: Facts, index: number): string {
  const taken = (name: Name): boolean =>
    namesOf(facts).some(({ adjective, noun }) => adjective === name.adjective && noun === name.noun);
  const name = { adjective: random.pick(adjectives), noun: random.pick(nouns) };
  while (taken(name)) name.adjective = random.pick(adjectives);
  const fields = randomFields(random);
  while (fields.value === facts.code.value) fields.value = sevenDigits(random);
  // Names repeat in a long collection; a number keeps them apart.
  const suffix = index < 400 ? '' : ` ${index}`;
  return block(facts.code.attribute, titled(name) + suffix, fields);
}

export function recordFacts(random: Random, { code, place, last }: Facts): Planted[] {
  const record = (name: Name, fixed: Partial<Fields>, question: string, answer: string): Planted => ({
    text: block(code.attribute, titled(name), { ...randomFields(random), ...fixed }),
    start: 0,
    question,
    answer,
  });
  return [
    record(code, { value: code.value }, questionOf(code), code.value),
    record(place, { location: place.room }, whereIs(place), place.room),
    record(
      last,
      { keeper: last.keeper },
      `Who is the keeper of the ${last.adjective} ${last.noun}?`,
      last.keeper,
    ),
  ];
}
