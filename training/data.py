"""Training sequences: a document, questions about it with their answers, perhaps a further document, and so on.

A sequence is the chat of the built-in model: `<|user|>document, blank line, question<|assistant|>answer<|end|>`, then
further questions as further user messages. Every token has a kind, which decides its weight in the loss.
"""

import os
import random
from dataclasses import dataclass, field
from json import loads
from pathlib import Path

import numpy as np
from tokenizers import Tokenizer

from documents import DocumentWriter
from echoes import Sentences, Target, cuts, echoed
from tasks import MANY_SHARES, NOT_THERE, USUAL_SHARES, Askable, Chain, Several, absent, askables, told
from tokenizer import ASSISTANT, END, PAD, USER
from words import WordLists

# Kinds of tokens, as targets.
UNTRAINED, PROSE, SYNTHETIC, QUOTE, FACT, LOG_FACT, RECORD_FACT, SEVERAL, CHAIN, ABSENT = range(10)
KIND_NAMES = ("untrained", "prose", "synthetic", "quote", "fact", "log", "record", "several", "chain", "absent")
KIND_WEIGHTS = (0.0, 0.2, 0.05, 1.5, 2.0, 2.0, 2.0, 2.5, 2.0, 1.5)


@dataclass(frozen=True)
class Mix:
    """What the questions about a document are about."""

    quotes: tuple[float, ...]
    """Share of quotes among questions about what is there: one of these for each document."""
    harder: float = 0.5
    """Share of several values and chains among the other facts, while there are any."""
    absent: float = 0.15
    """Share of questions about what is not there."""
    singles: tuple[tuple[int, float], ...] = ()
    """Shares of the kinds of single facts; none: as many as were told, which in long documents are nearly all of records."""


USUAL, HARDER = Mix((0.15, 0.35, 0.5, 0.7)), Mix((0.2, 0.4, 0.6), 0.75)

QUOTE_QUESTIONS = (
    "Finish the {unit}: {text}",
    "Finish the {unit}: {text}",
    "Finish the {unit}: {text}",
    "Finish the {unit}: {text}",
    "Finish the {unit}: {text}",
    "Finish this {unit}: {text}",
    "Finish the {unit}: {text}...",
    'Finish the {unit}: "{text}',
    "Finish the {unit} from the document: {text}",
    "Complete the {unit}: {text}",
    "Complete the {unit}: {text}",
    "Continue the {unit}: {text}",
    "finish the {unit}: {text}",
    "How does this {unit} go on? {text}",
    "How does the {unit} end that goes: {text}",
    "What comes after this: {text}",
)
LONGEST_ANSWER = 40
LEAST_GIVEN = 9
"""Tokens of a quoted sentence, in documents that are not short."""
FORM_KINDS = {"log": LOG_FACT, "records": RECORD_FACT, "prose": FACT}
CHARACTERS_PER_TOKEN = {"log": 1.5, "records": 2.4, "table": 1.5, "settings": 1.8, "report": 2.9, "noise": 1.1}


class Traits:
    """What a token can be: a line break, the start of a word, the end of a sentence. Arrays over the vocabulary."""

    def __init__(self, tokenizer: Tokenizer):
        raw = [tokenizer.id_to_token(i) for i in range(tokenizer.get_vocab_size())]
        text = [tokenizer.decode([i], skip_special_tokens=False) for i in range(len(raw))]
        abbreviations = {"Mr", "Mrs", "Dr", "St", "Ms", "No", "vol", "Vol", "vs", "etc", "Mt", "Col", "Capt", "Prof"}

        def table(test) -> np.ndarray:
            return np.array([test(r, t) for r, t in zip(raw, text)])

        self.breaks = table(lambda r, t: t.strip("\r\n") == "" and "\n" in t)
        self.paragraph = table(lambda r, t: t.strip("\r\n") == "" and t.count("\n") >= 2)
        self.word = table(lambda r, t: r == "Ġ" or (r[0] == "Ġ" and r[1] != "Ġ"))
        self.stop = table(lambda r, t: t.rstrip("\"')]”’")[-1:] in (".", "!", "?"))
        self.opening = table(lambda r, t: len(t) > 1 and t[0] == " " and not t[1:].lstrip("\"'([“‘")[:1].islower())
        self.abbreviation = table(lambda r, t: t.strip() in abbreviations or (len(t.strip()) == 1 and t.strip().isupper()))

    def units(self, ids: np.ndarray, wrapped: bool) -> tuple[np.ndarray, np.ndarray]:
        """First and one-past-last positions of the sentences and lines in `ids`; the last, perhaps cut, is left out."""
        breaks = (self.paragraph if wrapped else self.breaks)[ids]
        starts = np.zeros(len(ids), bool)
        starts[0] = not breaks[0]
        starts[1:] = breaks[:-1] & ~breaks[1:]
        sentence = self.stop[ids[:-1]] & self.opening[ids[1:]]
        sentence[1:] &= ~self.abbreviation[ids[:-2]]
        starts[1:] |= sentence
        first = np.flatnonzero(starts)
        stops = np.flatnonzero(starts | breaks)
        following = np.searchsorted(stops, first, side="right")
        whole = following < len(stops)
        return first[whole], stops[following[whole]]


class Corpus:
    """The encoded works, some of which are held out for evaluation."""

    def __init__(self, folder: Path, held_out: bool = False, most: int | None = None):
        """Works are drawn by their length, with `most` by no more tokens than that."""
        self.tokens = np.load(folder / "tokens.npy", mmap_mode="r")
        works = [work for work in loads((folder / "index.json").read_text()) if work["heldOut"] == held_out]
        self.works = [(work["start"], work["end"], work["wrapped"]) for work in works]
        self.weights = [min(end - start, most or end - start) for start, end, _ in self.works]

    def slice(self, rng: random.Random, length: int, traits: Traits) -> tuple[np.ndarray, bool]:
        """About `length` tokens of one work from the start of a paragraph, or the whole of a shorter one, and whether its
        lines are wrapped."""
        while True:
            start, end, wrapped = rng.choices(self.works, self.weights)[0]
            at = rng.randint(start, max(start, end - length - 500))
            if at > start:
                paragraphs = np.flatnonzero(traits.paragraph[self.tokens[at : at + 3000]])
                at += int(paragraphs[0]) + 1 if len(paragraphs) else 0
            if end - at >= min(length, 64):
                break
        return np.array(self.tokens[at : min(end, at + length)]), wrapped


@dataclass
class Part:
    """A stretch of document with what can be asked about it."""

    ids: np.ndarray
    kinds: np.ndarray
    """Of its tokens, as targets."""
    facts: list[tuple[Askable, int]]
    """Each with the kind of its answer's tokens."""
    first: np.ndarray
    end: np.ndarray
    """Where each sentence or line starts and ends."""
    targets: list[Target] = field(default_factory=list)
    """Sentences to ask for, since much in the text looks like them."""


@dataclass(frozen=True)
class Texts:
    """What documents and answers are like."""

    echoes: float = 0.0
    """Share of the stretches of prose that have echoes, in place of facts."""
    twins: float = 0.0
    """Share of the sentences with echoes of which there are others that begin nearly alike."""
    most: int | None = None
    """Works are drawn by no more than so many tokens of their length, and one follows another in a stretch of prose."""
    crowded: float = 0.0
    """Share of the sequences whose names are of few words, so that many of them have words in common."""
    wordy: bool = False
    """More of the values are words."""
    spaced: bool = False
    """Answers begin with a space, as most values in a text do: the same tokens then, where a word without it has others."""


class SequenceMaker:
    texts = Texts()

    def __init__(self, tokenizer: Path, corpus: Corpus, words: WordLists, seed: int, harder: bool = False):
        """With `harder`, most questions are about several values and chains."""
        self.shares, self.mix = (MANY_SHARES, HARDER) if harder else (USUAL_SHARES, USUAL)
        os.environ["TOKENIZERS_PARALLELISM"] = "false"
        self.tokenizer = Tokenizer.from_file(str(tokenizer))
        self.traits = Traits(self.tokenizer)
        self.corpus = corpus
        self.words = words
        self.rng = random.Random(seed)
        self.blank_lines = [self.encode(text) for text in ("\n\n", "\n\n\n", "\n\n\n\n")]

    def encode(self, text: str) -> np.ndarray:
        return np.array(self.tokenizer.encode(text, add_special_tokens=False).ids, np.uint16)

    def encode_all(self, texts: list[str]) -> list[np.ndarray]:
        encoded = self.tokenizer.encode_batch_fast(texts, add_special_tokens=False)
        return [np.array(one.ids, np.uint16) for one in encoded]

    # Documents

    def planted(self, ids: np.ndarray, wrapped: bool, statements: list[str]) -> np.ndarray | None:
        """Prose with `statements` between its sentences or as paragraphs of their own; none if it has no room."""
        rng, traits = self.rng, self.traits
        first, _ = traits.units(ids, wrapped)
        first = first[first > 0]
        if not len(first):
            return None
        places = sorted(int(place) for place in rng.choices(first, k=len(statements)))
        alone = [traits.breaks[ids[place - 1]] for place in places]
        texts = [f"{text}\n\n" if paragraph else f" {text}" for text, paragraph in zip(statements, alone)]
        pieces, done = [], 0
        for place, statement in zip(places, self.encode_all(texts)):
            pieces += [ids[done:place], statement]
            done = place
        return np.concatenate([*pieces, ids[done:]])

    def writer(self) -> DocumentWriter:
        names = self.words.some(self.rng) if self.rng.random() < self.texts.crowded else self.words
        return DocumentWriter(self.rng, names, self.shares, self.words, self.texts.wordy)

    def stretch(self, length: int) -> tuple[np.ndarray, bool]:
        """About `length` tokens of prose, and whether its lines are wrapped."""
        ids, wrapped = self.corpus.slice(self.rng, length, self.traits)
        if self.texts.most is None:
            return ids, wrapped
        while (left := length - len(ids)) > 200:
            more, alike = self.corpus.slice(self.rng, left, self.traits)
            if alike == wrapped:
                ids = np.concatenate((ids, self.blank_lines[0], more))
        return ids, wrapped

    def prose(self, length: int, writer: DocumentWriter) -> Part:
        rng = self.rng
        if rng.random() < self.texts.echoes and (part := self.with_echoes(length)):
            return part
        most = max(1, length // 48)
        count = rng.choice((1, 1 + most // 16, 1 + most // 4, 1 + most // 3, 1 + most // 2))
        facts = askables(writer.maker, min(600, count), writer.shares)
        statements = told(rng, facts)
        room = max(32, length - 22 * len(statements))
        ids, wrapped = self.stretch(room)
        with_facts = self.planted(ids, wrapped, statements)
        if with_facts is None:
            return self.whole(ids, wrapped)
        part = self.whole(with_facts, wrapped)
        part.facts = [(fact, kind_of(fact, FACT)) for fact in facts]
        return part

    def with_echoes(self, length: int) -> Part | None:
        traits = self.traits
        ids, wrapped = self.stretch(max(64, int(0.8 * length)))
        sentences = Sentences(ids, *traits.units(ids, wrapped), traits.word, traits.breaks)
        made = echoed(self.rng, sentences, LEAST_GIVEN, LONGEST_ANSWER, self.texts.twins)
        if made is None:
            return None
        part = self.whole(made.ids, wrapped)
        part.kinds[made.inserted] = UNTRAINED
        part.targets = made.targets
        return part

    def whole(self, ids: np.ndarray, wrapped: bool) -> Part:
        """Prose as it is."""
        return Part(ids, np.full(len(ids), PROSE, np.uint8), [], *self.traits.units(ids, wrapped))

    def synthetic(self, length: int, writer: DocumentWriter, kind: str | None = None) -> Part | None:
        """A synthetic document of 0.6 to 1.1 times `length` tokens, or none if a few tries gave none."""
        kind = kind or writer.kind()
        characters = length * CHARACTERS_PER_TOKEN[kind]
        for _ in range(4):
            document = writer.write(kind, max(40, int(characters)))
            ids = self.encode(document.text)
            if 0.6 * length < len(ids) < 1.1 * length + 40:
                first, end = self.traits.units(ids, False)
                facts = [(fact, kind_of(fact, FORM_KINDS[document.form])) for fact in document.facts]
                return Part(ids, np.full(len(ids), SYNTHETIC, np.uint8), facts, first, end)
            characters *= max(0.4, min(2, 0.9 * length / len(ids)))
        return None

    def part(self, length: int, writer: DocumentWriter, mixed: bool = True) -> Part:
        rng = self.rng
        if mixed and length > 400 and rng.random() < (0.35 if length < 4000 else 0.7):
            count = rng.randint(2, min(8, length // 200))
            return joined([self.part(length // count, writer, False) for _ in range(count)], self.blank_lines[0])
        if rng.random() < 0.5:
            return self.prose(length, writer)
        return self.synthetic(length, writer) or self.prose(length, writer)

    # Questions

    def quote(self, part: Part, everything: np.ndarray, least: int) -> tuple[str, str, np.ndarray] | None:
        """The beginning of a sentence or line, at least `least` tokens that stand only once in `everything`.

        Gives its text, 'sentence' or 'line', and the tokens that follow up to the end.
        """
        rng, traits, ids = self.rng, self.traits, part.ids
        longest = least + 20

        def word_at_or_before(at: int, start: int) -> int:
            while at > start and not traits.word[ids[at]]:
                at -= 1
            return max(at, start)

        for _ in range(8):
            if not len(part.first):
                return None
            if part.targets and rng.random() < 0.75:
                target = rng.choice(part.targets)
                start, cut, end = target.start, target.cut, target.end
            else:
                chosen = rng.randrange(len(part.first))
                start, end = int(part.first[chosen]), int(part.end[chosen])
                places = cuts(traits.word, ids, start, end, least, LONGEST_ANSWER)
                if not len(places):
                    continue
                cut = int(rng.choice(places))
            begin = start
            if cut - start > longest or rng.random() < 0.35:
                begin = word_at_or_before(cut - rng.randint(least, longest), start)
            if occurrences(everything, ids[begin + 1 : cut]) != 1:
                begin = word_at_or_before(begin - 12, start)
                if occurrences(everything, ids[begin + 1 : cut]) != 1:
                    continue
            text = self.tokenizer.decode(ids[begin:cut].tolist(), skip_special_tokens=False).strip()
            if "\n" in text and rng.random() < 0.5:
                text = text.replace("\n", " ")
            line = end < len(ids) and traits.breaks[ids[end]] and not traits.stop[ids[end - 1]]
            return text, rng.choice(("line", "sentence")) if line else "sentence", ids[cut:end]
        return None

    def questions(
        self, parts: list[Part], tokens: int, writer: DocumentWriter, mix: Mix, evenly: bool = False
    ) -> list[tuple[np.ndarray, np.ndarray, int]]:
        """Questions about `parts` for about `tokens` tokens: question, answer, kind of the answer.

        Mostly about the last part, or, with `evenly`, about all of them by their size.
        """
        rng = self.rng
        everything = np.concatenate([part.ids for part in parts])
        sizes = [len(part.ids) for part in parts]
        least = 6 if len(everything) < 4000 else LEAST_GIVEN
        quotes = rng.choice(mix.quotes)
        known = [fact for part in parts for fact, _ in part.facts]
        if evenly:
            facts = [fact for part in parts for fact in part.facts]
        else:
            facts = [fact for part in parts[:-1] for fact in part.facts]
            facts = rng.sample(facts, len(facts))[: len(parts[-1].facts) // 2 + 1]
            # Where little was planted, it is asked for several times, in other words.
            facts += parts[-1].facts * rng.choice((1, 2, 3, 4) if len(parts[-1].facts) < 8 else (1, 1, 2))
        rng.shuffle(facts)
        harder = [fact for fact in facts if fact[1] in (SEVERAL, CHAIN)]
        facts = [fact for fact in facts if fact[1] not in (SEVERAL, CHAIN)]
        pools = [(share, [fact for fact in facts if fact[1] == kind]) for kind, share in mix.singles] or [(1.0, facts)]

        def next_singles() -> list[tuple[Askable, int]]:
            """What the next single fact is taken from: of the kinds that are left, one by its share."""
            left = [(share, singles) for share, singles in pools if singles]
            return rng.choices([singles for _, singles in left], [share for share, _ in left])[0] if left else []

        texts: list[str] = []
        answers: list[np.ndarray | str] = []
        kinds: list[int] = []

        def add(text: str, answer: np.ndarray | str, kind: int) -> None:
            texts.append(text)
            answers.append(answer)
            kinds.append(kind)

        for _ in range(tokens // 34 + 1):
            if rng.random() < mix.absent:
                alike = [fact for fact, _ in next_singles()] if mix.singles else []
                if text := self.absent(everything, alike or known, writer):
                    add(text, NOT_THERE, ABSENT)
            elif ((singles := next_singles()) or harder) and rng.random() >= quotes:
                fact, kind = (harder if harder and (not singles or rng.random() < mix.harder) else singles).pop()
                add(*fact.asked(rng), kind)
            else:
                by_size = evenly or rng.random() < 0.3
                part = rng.choices(parts, sizes)[0] if by_size else parts[-1]
                if quoted := self.quote(part, everything, least):
                    text, unit, rest = quoted
                    add(rng.choice(QUOTE_QUESTIONS).format(unit=unit, text=text), rest, QUOTE)
        space = " " if self.texts.spaced else ""
        encoded = iter(self.encode_all([*texts, *(space + a for a in answers if isinstance(a, str))]))
        questions = [next(encoded) for _ in texts]
        return [(q, next(encoded) if isinstance(a, str) else a, kind) for q, a, kind in zip(questions, answers, kinds)]

    def absent(self, everything: np.ndarray, known: list[Askable], writer: DocumentWriter) -> str | None:
        """A question whose answer is not in `everything`: a fact that was not told, or a sentence of another text."""
        rng = self.rng
        if rng.random() < 0.7:
            return absent(writer.maker, known, rng)
        text = self.absent_quote(everything)
        return text and rng.choice(QUOTE_QUESTIONS).format(unit="sentence", text=text)

    def absent_quote(self, everything: np.ndarray) -> str | None:
        """The beginning of a sentence that is not in `everything`."""
        rng = self.rng
        ids, wrapped = self.corpus.slice(rng, 400, self.traits)
        first, end = self.traits.units(ids, wrapped)
        long = np.flatnonzero(end - first > 12)
        if not len(long):
            return None
        chosen = int(rng.choice(long))
        start = int(first[chosen])
        cut = start + rng.randint(9, min(24, int(end[chosen]) - start - 2))
        if occurrences(everything, ids[start + 3 : cut]):
            return None
        return self.tokenizer.decode(ids[start:cut].tolist(), skip_special_tokens=False).strip()

    # Sequences

    def sequence(self, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Token ids and their kinds, `length` of each."""
        rng = self.rng
        writer = self.writer()
        ids: list[np.ndarray] = []
        kinds: list[np.ndarray] = []
        size = 0

        def add(tokens, kind) -> None:
            nonlocal size
            ids.append(np.asarray(tokens, np.uint16))
            kinds.append(np.full(len(tokens), kind, np.uint8) if np.isscalar(kind) else kind)
            size += len(tokens)

        asked = rng.uniform(0.15, 0.4)
        count = 1 if rng.random() < 0.5 else rng.randint(2, min(6, max(2, length // 256)))
        weights = [rng.uniform(0.15, 1) for _ in range(count)]
        parts: list[Part] = []
        for weight in weights:
            share = length * weight / sum(weights)
            part = self.part(max(24, int(share * (1 - asked))), writer)
            parts.append(part)
            keep = len(part.ids) - trailing(self.traits.breaks[part.ids])
            add([USER], UNTRAINED)
            add(part.ids[:keep], part.kinds[:keep])
            add(self.blank_lines[rng.choices((0, 1, 2), (7, 2, 1))[0]], UNTRAINED)
            last = len(parts) == count
            room = max(48, length - size if last else int(share * asked))
            spent = 0
            for number, (question, answer, kind) in enumerate(self.questions(parts, room, writer, self.mix)):
                if spent > room:
                    break
                before = size
                if number:
                    add([USER], UNTRAINED)
                add(question, UNTRAINED)
                add([ASSISTANT], UNTRAINED)
                add(answer, kind)
                add([END], kind)
                spent += size - before
            if size >= length:
                break
        if size < length:
            add(np.full(length - size, PAD), UNTRAINED)
        return np.concatenate(ids)[:length], np.concatenate(kinds)[:length]

    def batch(self, tokens: int, length: int) -> tuple[np.ndarray, np.ndarray]:
        """`tokens` tokens in rows of `length`."""
        rows = [self.sequence(length) for _ in range(tokens // length)]
        return np.stack([row[0] for row in rows]), np.stack([row[1] for row in rows])


def kind_of(asked: Askable, otherwise: int) -> int:
    return SEVERAL if isinstance(asked, Several) else CHAIN if isinstance(asked, Chain) else otherwise


def joined(parts: list[Part], between: np.ndarray) -> Part:
    ids, kinds, first, end, facts, targets, offset = [], [], [], [], [], [], 0
    for part in parts:
        if offset:
            ids.append(between)
            kinds.append(np.full(len(between), SYNTHETIC, np.uint8))
            offset += len(between)
        ids.append(part.ids)
        kinds.append(part.kinds)
        first.append(part.first + offset)
        end.append(part.end + offset)
        facts += part.facts
        targets += [Target(one.start + offset, one.cut + offset, one.end + offset) for one in part.targets]
        offset += len(part.ids)
    return Part(*map(np.concatenate, (ids, kinds)), facts, *map(np.concatenate, (first, end)), targets)


def occurrences(text: np.ndarray, wanted: np.ndarray) -> int:
    """How often `wanted` stands in `text`; the rarer last tokens are compared first."""
    if len(wanted) > len(text) or not len(wanted):
        return 0
    reach = len(text) - len(wanted) + 1
    found = np.flatnonzero(text[len(wanted) - 1 :] == wanted[-1])
    for at in range(len(wanted) - 2, -1, -1):
        if len(found) <= 1:
            break
        found = found[text[found + at] == wanted[at]]
    assert found.size == 0 or found[-1] < reach
    return len(found)


def trailing(flags: np.ndarray) -> int:
    """How many of the last flags are set, without a break."""
    return len(flags) if flags.all() else int(np.argmin(flags[::-1]))
