/**
 * Sample documents of any length with three planted facts and their questions, made on the spot from a seed: nothing
 * to download, nothing under another licence. The forms are those that the built-in model was trained to look up.
 */
import { Random } from './random';
import { LogClock, logFacts, logLine, logTitle } from './sampleLog';
import { makeFact, makeFacts, type Facts, type Planted } from './sampleFacts';
import { recordBlock, recordFacts, recordsPerToken, recordsTitle } from './sampleRecords';
import { reportBlocks, reportFacts, reportTitle } from './sampleReport';

export type SampleKind = 'report' | 'log' | 'records';

export interface SampleSize {
  /** Roughly, by the built-in tokenizer; `characters` goes first when both are given. */
  tokens?: number;
  characters?: number;
  seed?: number;
}

export interface SampleQuestion {
  text: string;
  /** As it stands in the document. */
  answer: string;
  /** Where the fact begins, in characters. */
  offset: number;
  /** The same as a share of the document. */
  depth: number;
}

export interface Sample {
  kind: SampleKind;
  title: string;
  text: string;
  /** Three, the first of them a number that is asked for by the name of its thing. */
  questions: SampleQuestion[];
  /** The first of the questions, its answer and where that begins. */
  question: string;
  answer: string;
  factOffset: number;
}

const digits = /\d/g;

interface Form {
  title: string;
  separator: string;
  /** Characters a token of the built-in tokenizer, digits aside, which are tokens each; measured on these samples. */
  perToken: number;
  next: () => string;
  facts: (() => Planted)[];
}

function formOf(kind: SampleKind, random: Random, facts: Facts): Form {
  switch (kind) {
    case 'report': {
      const blocks = reportBlocks(random);
      return {
        title: reportTitle(random),
        separator: '\n\n',
        perToken: 3.63,
        next: () => blocks.next().value as string,
        facts: reportFacts(facts).map((fact) => () => fact),
      };
    }
    case 'log': {
      const clock = new LogClock(random);
      return {
        title: logTitle(random),
        separator: '\n',
        perToken: 2.49,
        next: () => logLine(random, clock),
        facts: logFacts(facts).map((write) => () => write(clock)),
      };
    }
    case 'records': {
      let index = 0;
      return {
        title: recordsTitle(random),
        separator: '\n\n',
        perToken: recordsPerToken(facts.code.attribute),
        next: () => recordBlock(random, facts, index++),
        facts: recordFacts(random, facts).map((fact) => () => fact),
      };
    }
  }
}

/** A paragraph that would run far past the end stops after the sentence that reaches it. */
function cutToSentence(block: string, room: number): string {
  const end = room > 0 && block.length > room + 120 ? block.indexOf('. ', room) : -1;
  return end < 0 ? block : block.slice(0, end + 1);
}

/** Depths of the three facts: one drawn, the others a third and two thirds further on, around the end. */
function depthsOf(random: Random): number[] {
  const first = random.next();
  return [0, 1, 2].map((step) => 0.15 + 0.7 * ((first + step / 3) % 1));
}

/** Makes a sample block by block: yields after each, returns the whole. */
function* sampleBlocks(kind: SampleKind, size: SampleSize): Generator<void, Sample> {
  const random = new Random(size.seed ?? 1);
  const form = formOf(kind, random, makeFacts(makeFact(random), random));
  const byCharacters = size.characters !== undefined;
  const wanted = size.characters ?? size.tokens ?? 400;
  const tokensOf = (text: string): number => {
    const numerals = text.match(digits)?.length ?? 0;
    return numerals + (text.length - numerals) / form.perToken;
  };
  const measure = (text: string): number => (byCharacters ? text.length : tokensOf(text));
  const perUnit = byCharacters ? 1 : form.perToken;

  const waiting = depthsOf(random)
    .map((depth, number) => ({ depth, number, write: form.facts[number] }))
    .toSorted((a, b) => a.depth - b.depth);
  const found = new Map<number, Omit<SampleQuestion, 'depth'>>();
  const parts = [form.title];
  let length = form.title.length;
  let measured = measure(form.title);
  const add = (block: string): void => {
    parts.push(block);
    length += form.separator.length + block.length;
    measured += measure(form.separator) + measure(block);
  };
  const unfinished = (): boolean => measured < wanted || waiting.length > 0;
  while (unfinished()) {
    const due = waiting[0];
    if (due && measured >= wanted * due.depth) {
      waiting.shift();
      const fact = due.write?.();
      if (!fact) continue;
      const offset = length + form.separator.length + fact.start;
      found.set(due.number, { text: fact.question, answer: fact.answer, offset });
      add(fact.text);
    } else {
      const room = Math.round((wanted - measured) * perUnit) - form.separator.length;
      const block = cutToSentence(form.next(), room);
      // The last one only if the text ends nearer to what was asked with it than without.
      if (waiting.length === 0 && measured + measure(block) / 2 > wanted) break;
      add(block);
    }
    yield;
  }

  const text = `${parts.join(form.separator)}\n`;
  const questions = [...found]
    .toSorted(([a], [b]) => a - b)
    .map(([, { text: asked, answer, offset }]) => ({
      text: asked,
      answer,
      offset,
      depth: offset / text.length,
    }));
  const [first] = questions;
  if (!first) throw new RangeError('a sample without a fact');
  return {
    kind,
    title: form.title,
    text,
    questions,
    question: first.text,
    answer: first.answer,
    factOffset: first.offset,
  };
}

export function generateSample(kind: SampleKind, size: SampleSize = {}): Sample {
  const blocks = sampleBlocks(kind, size);
  for (;;) {
    const { done, value } = blocks.next();
    if (done) return value;
  }
}

/** Long enough to get on, short enough that no frame is missed. */
const sliceMs = 6;

/** The same sample, made in slices between which the page lives on. `signal` ends it with an AbortError. */
export async function generateSampleInSlices(
  kind: SampleKind,
  size: SampleSize,
  signal?: AbortSignal,
): Promise<Sample> {
  const blocks = sampleBlocks(kind, size);
  for (;;) {
    const end = performance.now() + sliceMs;
    while (performance.now() < end) {
      const { done, value } = blocks.next();
      if (done) return value;
    }
    await new Promise((go) => {
      setTimeout(go);
    });
    signal?.throwIfAborted();
  }
}
