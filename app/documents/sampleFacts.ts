/** The planted fact of a sample: a made-up thing, one of its attributes, and a number that stands nowhere else. */
import type { Random } from './random';

export const adjectives = (
  'amber ancient arctic autumn azure bitter blue brass bright broken bronze calm cedar clever cobalt copper ' +
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

const attributes = ['access code', 'serial number', 'account number'] as const;

export interface Fact {
  adjective: string;
  noun: string;
  attribute: string;
  /** Seven digits. */
  value: string;
}

export function makeFact(random: Random): Fact {
  return {
    adjective: random.pick(adjectives),
    noun: random.pick(nouns),
    attribute: random.pick(attributes),
    value: sevenDigits(random),
  };
}

export function sevenDigits(random: Random): string {
  return String(random.whole(1_000_000, 9_999_999));
}

export function questionOf(fact: Fact): string {
  return `What is the ${fact.attribute} of the ${fact.adjective} ${fact.noun}?`;
}

export function capitalised(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
