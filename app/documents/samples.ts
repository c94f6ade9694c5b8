/**
 * Sample documents of any length with one planted fact and its question, made on the spot from a seed: nothing to
 * download, nothing under another licence. The forms are those that the built-in model was trained to look up.
 */
import { Random } from './random';
import { LogClock, logFact, logLine, logTitle } from './sampleLog';
import { makeFact, questionOf, type Fact } from './sampleFacts';
import { recordBlock, recordFact, recordsTitle } from './sampleRecords';
import { reportBlocks, reportFact, reportTitle } from './sampleReport';

export type SampleKind = 'report' | 'log' | 'records';

export interface SampleSize {
  /** Roughly, by the built-in tokenizer; `characters` goes first when both are given. */
  tokens?: number;
  characters?: number;
  seed?: number;
}

export interface Sample {
  kind: SampleKind;
  title: string;
  text: string;
  question: string;
  answer: string;
  /** Where the planted fact begins, in characters. */
  factOffset: number;
}

/** Characters per token of the built-in tokenizer, measured on these samples. */
const charactersPerToken: Record<SampleKind, number> = { report: 3.56, log: 1.74, records: 2.34 };

interface Form {
  title: string;
  separator: string;
  next: () => string;
  fact: () => string;
}

function formOf(kind: SampleKind, random: Random, fact: Fact): Form {
  switch (kind) {
    case 'report': {
      const blocks = reportBlocks(random);
      const next = (): string => blocks.next().value as string;
      return { title: reportTitle(random), separator: '\n\n', next, fact: () => reportFact(fact) };
    }
    case 'log': {
      const clock = new LogClock(random);
      return {
        title: logTitle(random),
        separator: '\n',
        next: () => logLine(random, clock),
        fact: () => logFact(fact, clock),
      };
    }
    case 'records': {
      let index = 0;
      return {
        title: recordsTitle(random),
        separator: '\n\n',
        next: () => recordBlock(random, fact, index++),
        fact: () => recordFact(random, fact),
      };
    }
  }
}

/** A paragraph that would run far past the end stops after the sentence that reaches it. */
function cutToSentence(block: string, room: number): string {
  const end = room > 0 && block.length > room + 120 ? block.indexOf('. ', room) : -1;
  return end < 0 ? block : block.slice(0, end + 1);
}

export function generateSample(kind: SampleKind, size: SampleSize = {}): Sample {
  const wanted = size.characters ?? Math.round((size.tokens ?? 400) * charactersPerToken[kind]);
  const random = new Random(size.seed ?? 1);
  const fact = makeFact(random);
  const form = formOf(kind, random, fact);
  const depth = 0.15 + 0.7 * random.next();

  const parts = [form.title];
  const done = { length: form.title.length, factOffset: -1 };
  while (done.length < wanted || done.factOffset < 0) {
    const factIsDue = done.factOffset < 0 && done.length >= wanted * depth;
    const offset = done.length + form.separator.length;
    const block = factIsDue ? form.fact() : cutToSentence(form.next(), wanted - offset);
    if (factIsDue) done.factOffset = offset + (kind === 'log' ? block.indexOf('vault') : 0);
    parts.push(block);
    done.length = offset + block.length;
  }
  return {
    kind,
    title: form.title,
    text: `${parts.join(form.separator)}\n`,
    question: questionOf(fact),
    answer: fact.value,
    factOffset: done.factOffset,
  };
}
