/** What is planted in a sample: made-up things, each with one fact that stands nowhere else, and how it is asked for. */
import type { Random } from './random';

export const adjectives = (
  'amber ancient arctic autumn azure bitter blue brass bright brittle bronze calm cedar clever cobalt copper ' +
  'coral crimson crystal dusty early emerald faded distant gentle gilded golden grey hidden hollow icy indigo ' +
  'iron ivory jade lonely lunar marble mellow misty narrow northern oaken olive pale patient pearl polar quiet ' +
  'rapid restless royal rustic sable scarlet secret silent silver slender solar solemn steady stormy sunken ' +
  'tidal timber velvet violet wandering winter wooden'
).split(' ');

export const nouns = (
  'anchor anvil archive badger beacon bell bridge canal candle cannon castle chapel compass cottage cradle ' +
  'crane dagger dolphin drum eagle engine falcon ferry fiddle forge fountain garden gate glacier hammer ' +
  'harbour harp heron island jetty kettle kite ladder lagoon lantern library lighthouse lily magnet meadow ' +
  'mill mirror monument observatory orchard otter owl pagoda pavilion pelican piano quarry raven river saddle ' +
  'sailor salmon shuttle signal sparrow spindle station stove sundial temple thistle tower trumpet tunnel ' +
  'valley vault viaduct violin walnut willow windmill'
).split(' ');

export const keepers =
  'Marsh|Weld|Corrigan|Oduya|Halloran|Vance|Lindholm|Pryce|Ferro|Reyes|Dunmore|Amadi'.split('|');
export const rooms = 'north wing|south wing|attic|cellar|courtyard|annex|gallery|workshop'.split('|');

const attributes = ['access code', 'serial number', 'account number'] as const;

export interface Name {
  adjective: string;
  noun: string;
}

export interface Fact extends Name {
  attribute: string;
  /** Seven digits. */
  value: string;
}

/** Where a second thing is, and who was seen with a third: facts that are asked for in other words than a code. */
export interface Facts {
  code: Fact;
  place: Name & { room: string };
  last: Name & { keeper: string; room: string };
}

/** A stretch of text that answers one question. */
export interface Planted {
  text: string;
  /** Where in `text` the fact itself begins, after a time stamp. */
  start: number;
  question: string;
  /** As it stands in `text`. */
  answer: string;
}

export function makeFact(random: Random): Fact {
  return {
    adjective: random.pick(adjectives),
    noun: random.pick(nouns),
    attribute: random.pick(attributes),
    value: sevenDigits(random),
  };
}

/** Three things of different adjectives and different nouns. */
export function makeFacts(code: Fact, random: Random): Facts {
  const [second = '', third = ''] = random.shuffled(adjectives.filter((word) => word !== code.adjective));
  const [one = '', other = ''] = random.shuffled(nouns.filter((word) => word !== code.noun));
  return {
    code,
    place: { adjective: second, noun: one, room: random.pick(rooms) },
    last: { adjective: third, noun: other, keeper: random.pick(keepers), room: random.pick(rooms) },
  };
}

export function namesOf({ code, place, last }: Facts): readonly Name[] {
  return [code, place, last];
}

export function sevenDigits(random: Random): string {
  return String(random.whole(1_000_000, 9_999_999));
}

export function questionOf(fact: Fact): string {
  return `What is the ${fact.attribute} of the ${fact.adjective} ${fact.noun}?`;
}

export function whereIs({ adjective, noun }: Name): string {
  return `Where is the ${adjective} ${noun}?`;
}

export function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
