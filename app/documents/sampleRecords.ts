/** Blocks for the records sample: things with the same attributes as the one asked for, so that the name must be read. */
import { adjectives, capitalised, nouns, sevenDigits, type Fact } from './sampleFacts';
import type { Random } from './random';

const keepers = 'Marsh|Weld|Corrigan|Oduya|Halloran|Vance|Lindholm|Pryce|Ferro|Reyes|Dunmore|Amadi'.split(
  '|',
);
const rooms = 'north wing|south wing|attic|cellar|courtyard|annex|gallery|workshop'.split('|');
const states = 'in use|stored|on loan|under repair|awaiting inspection'.split('|');

function block(random: Random, fact: Fact, name: string, value: string): string {
  return [
    `name: ${name}`,
    `location: ${random.pick(rooms)}`,
    `keeper: ${random.pick(keepers)}`,
    `${fact.attribute}: ${value}`,
    `status: ${random.pick(states)}`,
  ].join('\n');
}

export function recordsTitle(random: Random): string {
  return `Inventory, volume ${random.whole(2, 40)}`;
}

/** A record of something else: never the fact's name, never its value. */
export function recordBlock(random: Random, fact: Fact, index: number): string {
  let adjective = random.pick(adjectives);
  const noun = random.pick(nouns);
  while (adjective === fact.adjective && noun === fact.noun) adjective = random.pick(adjectives);
  let value = sevenDigits(random);
  while (value === fact.value) value = sevenDigits(random);
  // Names repeat in a long collection; a number keeps them apart.
  const suffix = index < 400 ? '' : ` ${index}`;
  return block(random, fact, `${capitalised(adjective)} ${capitalised(noun)}${suffix}`, value);
}

export function recordFact(random: Random, fact: Fact): string {
  return block(random, fact, `${capitalised(fact.adjective)} ${capitalised(fact.noun)}`, fact.value);
}
