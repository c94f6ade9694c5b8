"""Documents for evaluation: works, names and words that training never saw, and questions of every task about each."""

import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from data import Corpus, Part, SequenceMaker
from documents import DocumentWriter
from facts import ATTRIBUTES, Fact
from tasks import NOT_THERE, Askable, Chain, Several, absent, chain, several, told, with_article
from words import WordLists

TASKS = {
    "quote": "'Finish the sentence: …', 12 to 32 tokens of it given, which stand once in the document",
    "key": "'What is the … of …?', a number, among many facts of the same form in prose",
    "words": "the same with values of any form, stated and asked in any of the trained ways",
    "log": "a fact in a server log within the document",
    "records": "a field of one record among many within the document",
    "several": "'What are all the … of …?', two to four values that stand apart",
    "chain": "'What is the … of the … of …?', both steps told in the answer",
    "absent": "a fact that was not told, or the beginning of a sentence of another work: 'Not in the document.'",
}
NUMBERS = tuple(name for name, kind in ATTRIBUTES.items() if kind == "digits")
MARGIN = 128
"""Tokens left for the question and its answer."""


@dataclass
class Question:
    task: str
    text: str
    answer: str


@dataclass
class Haystack:
    length: int
    number: int
    text: str
    ids: np.ndarray
    questions: list[Question]


class HaystackMaker:
    def __init__(self, tokenizer: Path, data: Path, seed: int):
        self.names = WordLists.load(data / "words.json").evaluation()
        self.maker = SequenceMaker(tokenizer, Corpus(data, held_out=True), self.names, seed)
        self.rng = self.maker.rng

    def make(self, length: int, number: int, asked: int) -> Haystack:
        """About `length` tokens, and `asked` questions of each task."""
        rng, maker = self.rng, self.maker
        writer = DocumentWriter(rng, self.names)
        size = length - MARGIN
        log, records = (self._synthetic(kind, max(300, size // 12), writer) for kind in ("log", "records"))
        keys = self._keys(writer, min(1500, max(asked, size // 320)))
        words = writer.maker.facts(min(400, max(asked, size // 1000)))
        harder = [make(writer.maker) for make in (several, chain) for _ in range(asked)]
        for one in harder:
            if isinstance(one, Several) and len(one.values) == 1:
                one.values.append(writer.maker.value(one.attribute))
        statements = told(rng, [*keys, *words, *harder])
        # Statements come with a space or a blank line, works end with one, and the whole may be split into other tokens.
        room = size - len(log.ids) - len(records.ids) - len(statements) - 96
        prose = self._prose(room, statements)
        # The order of the prose stays, since answers list values in the order of the document.
        pieces = list(prose)
        for part in (log, records):
            pieces.insert(rng.randrange(len(pieces) + 1), part.ids)
        blank = maker.blank_lines[0]
        ids = np.concatenate([piece for one in pieces for piece in (one, blank)])
        text = maker.tokenizer.decode(ids.tolist(), skip_special_tokens=False).strip()
        # As anybody would encode it: the whole text at once.
        ids = maker.encode(text)
        assert len(ids) <= size, "longer than a context, with its questions"
        questions = [
            *(self._quote(ids) for _ in range(asked)),
            *(self._fact("key", fact) for fact in rng.sample(keys, min(asked, len(keys)))),
            *(Question("words", *fact.asked(rng)) for fact in rng.sample(words, min(asked, len(words)))),
            *(self._fact("log", fact) for fact in self._some(log, asked)),
            *(self._fact("records", fact) for fact in self._some(records, asked)),
            *(self._harder(one) for one in harder),
            *(self._absent(ids, [*keys, *words], writer) for _ in range(asked)),
        ]
        return Haystack(length, number, text, ids, [question for question in questions if question])

    def _synthetic(self, kind: str, tokens: int, writer: DocumentWriter) -> Part:
        while (part := self.maker.synthetic(tokens, writer, kind)) is None:
            pass
        return part

    def _some(self, part: Part, asked: int) -> list[Fact]:
        facts = [fact for fact, _ in part.facts if isinstance(fact, Fact)]
        return self.rng.sample(facts, min(asked, len(facts)))

    def _keys(self, writer: DocumentWriter, count: int) -> list[Fact]:
        """Facts of a few attributes, told in one form."""
        attributes = self.rng.sample(NUMBERS, 4)
        made = []
        for _ in range(count):
            maker = writer.maker
            made.append(Canonical(maker.entity(), self.rng.choice(attributes), maker.digits(4, 8)))
        return made

    def _prose(self, tokens: int, statements: list[str]) -> list[np.ndarray]:
        """Held-out works in random order, each once, with the statements spread over them evenly."""
        maker, rng = self.maker, self.rng
        left = tokens - sum(len(ids) for ids in maker.encode_all(statements))
        works = rng.sample(maker.corpus.works, len(maker.corpus.works))
        stretches: list[tuple[np.ndarray, bool]] = []
        while left > 200:
            if not works:
                raise ValueError("too few held-out works for a document of this length")
            start, end, wrapped = works.pop()
            most = min(left, end - start, max(2000, tokens // 6))
            at = rng.randint(start, end - most)
            ids = np.array(maker.corpus.tokens[at : at + most])
            first, _ = maker.traits.units(ids, wrapped)
            if len(first) < 4:
                continue
            stretches.append((ids[first[0] :], wrapped))
            left -= len(stretches[-1][0])
        weights = [len(ids) for ids, _ in stretches]
        homes = sorted(rng.choices(range(len(stretches)), weights, k=len(statements)))
        pieces = []
        for number, (ids, wrapped) in enumerate(stretches):
            here = [text for text, home in zip(statements, homes) if home == number]
            with_facts = maker.planted(ids, wrapped, here) if here else ids
            assert with_facts is not None
            pieces.append(with_facts)
        return pieces

    def _quote(self, ids: np.ndarray) -> Question | None:
        part = self.maker.whole(ids, False)
        found = self.maker.quote(part, ids, 12)
        if found is None:
            return None
        return Question("quote", f"Finish the sentence: {found[0]}", self.maker.tokenizer.decode(found[2].tolist()))

    def _fact(self, task: str, fact: Fact) -> Question:
        return Question(task, f"What is the {fact.attribute} of {with_article(fact.entity)}?", fact.value)

    def _harder(self, one: Askable) -> Question:
        if isinstance(one, Chain):
            return Question("chain", *one.whole(self.rng))
        return Question("several", *one.asked(self.rng))

    def _absent(self, ids: np.ndarray, known: list[Askable], writer: DocumentWriter) -> Question | None:
        if self.rng.random() < 0.75:
            return Question("absent", absent(writer.maker, known, self.rng), NOT_THERE)
        text = self.maker.absent_quote(ids)
        return text and Question("absent", f"Finish the sentence: {text}", NOT_THERE)


class Canonical(Fact):
    """Always told in the plainest form."""

    def statement(self, rng: random.Random) -> str:
        return f"The {self.attribute} of {with_article(self.entity)} is {self.value}."


def make_haystack(task: tuple) -> Haystack:
    tokenizer, data, seed, length, number, asked = task
    return HaystackMaker(tokenizer, data, seed).make(length, number, asked)
