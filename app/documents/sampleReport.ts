/** Prose for the report sample: sentences of our own with slots, grouped by subject, so that paragraphs hang together. */
import { capitalised, questionOf, whereIs, type Facts, type Planted } from './sampleFacts';
import type { Random } from './random';

const places = (
  'the upper basin|the eastern quay|the old customs house|the lower lock|the fish market|the west breakwater|' +
  'the rope works|the signal station|the tidal gate|the north landing|the coal pier|the pilot office|' +
  'the reading room|the dry dock|the ferry slip|the market square'
).split('|');
const people = (
  'Ada Marsh|Tomas Weld|Ines Corrigan|Peter Oduya|Ruth Halloran|Samir Vance|Greta Lindholm|Owen Pryce|' +
  'Mabel Ferro|Anton Reyes|Clara Dunmore|Joseph Amadi|Nell Sorensen|Hugo Bright'
).split('|');
const months = 'January|February|March|April|May|June|July|August|September|October|November|December'.split(
  '|',
);
const trades = 'masons|carpenters|divers|electricians|surveyors|painters|riggers|plumbers'.split('|');
const goods = 'timber|grain|salt|machine parts|slate|wool|dried fruit|paper|cement|seed potatoes'.split('|');
const causes = (
  'a spell of hard frost|the long dry summer|two storms in one week|a shortage of seasoned oak|' +
  'the strike at the foundry|an early thaw|heavier traffic than planned|a mistake in the first survey'
).split('|');

interface Subject {
  heading: string;
  sentences: readonly string[];
}

const subjects: readonly Subject[] = [
  {
    heading: 'Repairs and maintenance',
    sentences: [
      'Work on {place} began in {month} and was finished {n} days later than planned because of {cause}.',
      'The {trade} replaced {n} metres of planking and left the older beams where they were sound.',
      '{person} inspected the joints twice and found them tight.',
      'Paint was renewed on both sides of {place}, which had not been done for {few} years.',
      'We kept the original ironwork wherever it could be cleaned, and recast it where it could not.',
      'A small crack behind {place} was filled, marked and will be measured again in {month}.',
      'The cost stayed within the estimate, chiefly because {goods} could be bought locally.',
    ],
  },
  {
    heading: 'Trade and traffic',
    sentences: [
      '{n} vessels called during the quarter, most of them laden with {goods}.',
      'Receipts from {goods} rose a little, while those from {goods} fell by about a tenth.',
      'On the busiest day in {month}, {n} carts waited outside {place} before noon.',
      '{person} proposed a later closing hour, and the experiment will run until {month}.',
      'Small boats now use {place}, which leaves more room for the larger ones.',
      'The new scale at {place} has settled most of the disputes about weight.',
      'Nothing was lost in handling apart from {few} sacks of {goods} spoiled by rain.',
    ],
  },
  {
    heading: 'Water and weather',
    sentences: [
      'The highest tide of the year came in {month} and reached the third step at {place}.',
      'Rain fell on {n} days, and the drains coped with all but the last of them.',
      'After {cause} the level at {place} stood lower than anyone on the staff could remember.',
      '{person} has kept a daily record of the wind since {month}, and it is printed in the appendix.',
      'Silt gathers faster at {place} than elsewhere, so the dredger will return there first.',
      'The gauge was moved {few} metres inland to keep it clear of the wash.',
      'No flooding was reported, although {place} was closed for {few} mornings as a precaution.',
    ],
  },
  {
    heading: 'Staff and training',
    sentences: [
      '{person} joined the office in {month} and has taken charge of the ledgers.',
      'Two of the {trade} retired after a long service and were thanked at a small dinner.',
      'Apprentices spent {n} hours at {place} learning to splice, sound and signal.',
      '{person} and {person} shared the night watch through the winter.',
      'The rota was shortened after {cause}, and nobody has asked for the old one back.',
      'A first-aid course was held at {place} and attended by {n} people.',
      'We are still looking for {few} experienced {trade}.',
    ],
  },
  {
    heading: 'Visitors and the town',
    sentences: [
      'School classes visited {place} on {n} afternoons and drew what they saw.',
      'The open day in {month} brought more guests than chairs.',
      '{person} gave a talk on the history of {place}, which is to be repeated.',
      'A bench was set up near {place} at the request of the neighbours.',
      'The town council asked for lighting along {place}, and {few} lamps are on order.',
      'Complaints were few and mostly concerned the smell of {goods} in {month}.',
      'The choir sang beside {place} on the last evening of {month}.',
    ],
  },
  {
    heading: 'Accounts and plans',
    sentences: [
      'Income covered expenses with a margin of {few} per cent.',
      'The reserve will pay for {place}, which must be rebuilt within {few} years.',
      'Insurance became dearer after {cause}, as it did along the whole coast.',
      '{person} examined the accounts and had {few} questions, all of which were answered.',
      'Next year we intend to survey {place} and to order {goods} earlier.',
      'A loan is not needed, provided that {goods} keep their price until {month}.',
      'The committee will meet again in {month} to decide about {place}.',
    ],
  },
  {
    heading: 'Library and records',
    sentences: [
      'The index of drawings now covers {n} sheets, from {place} to {place}.',
      '{person} found a bundle of letters about {goods} behind the shelves at {place}.',
      'Readers asked most often for the plans of {place}.',
      'Damp remains the chief danger, and the stove was kept lit through {month}.',
      'Copies of the older maps were made before they were sent to the binder.',
      'A list of missing volumes hangs beside the door, and {few} have already come home.',
      'The catalogue is written by hand, which visitors seem to enjoy.',
    ],
  },
];

const slots: Record<string, (random: Random) => string> = {
  place: (random) => random.pick(places),
  person: (random) => random.pick(people),
  month: (random) => random.pick(months),
  trade: (random) => random.pick(trades),
  goods: (random) => random.pick(goods),
  cause: (random) => random.pick(causes),
  n: (random) => String(random.whole(11, 98)),
  few: (random) => random.pick(['two', 'three', 'four', 'five', 'six', 'seven']),
};

function sentence(random: Random, template: string): string {
  const filled = template.replaceAll(/\{(\w+)\}/g, (_, slot: string) => slots[slot]?.(random) ?? '');
  return capitalised(filled);
}

export function reportTitle(random: Random): string {
  return `Report of the Harbour Trust for the year ${random.whole(1961, 2024)}`;
}

/** Blocks of the report without end: headings with paragraphs of three to six sentences. */
export function* reportBlocks(random: Random): Generator<string> {
  for (let number = 1; ;) {
    for (const subject of random.shuffled(subjects)) {
      const paragraphs = random.whole(1, 3);
      yield `${number}. ${subject.heading}`;
      number++;
      for (let paragraph = 0; paragraph < paragraphs; paragraph++) {
        const templates = random.shuffled(subject.sentences).slice(0, random.whole(3, 6));
        yield templates.map((template) => sentence(random, template)).join(' ');
      }
    }
  }
}

export function reportFacts({ code, place, last }: Facts): Planted[] {
  const stated = `The ${code.attribute} of the ${code.adjective} ${code.noun} is ${code.value}.`;
  const kept = `The location of the ${place.adjective} ${place.noun} is the ${place.room}.`;
  const begun = `On the last evening the ${last.adjective} ${last.noun} was carried away by`;
  const rest = `${last.keeper}, who set it down in the ${last.room}.`;
  return [
    { text: stated, start: 0, question: questionOf(code), answer: code.value },
    { text: kept, start: 0, question: whereIs(place), answer: `the ${place.room}` },
    { text: `${begun} ${rest}`, start: 0, question: `Finish the sentence: ${begun}`, answer: rest },
  ];
}
