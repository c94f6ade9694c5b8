"""Made-up facts (an entity, an attribute, a value), the ways to state them, and the ways to ask for them."""

import random
from dataclasses import dataclass

import ways
from words import WordLists, invented

# Each attribute with the kind of its value.
ATTRIBUTES = {
    "access code": "digits",
    "code": "digits",
    "serial number": "digits",
    "account number": "digits",
    "badge number": "digits",
    "phone number": "phone",
    "budget": "money",
    "password": "secret",
    "PIN": "digits",
    "security code": "digits",
    "order number": "digits",
    "invoice number": "digits",
    "room number": "short",
    "locker number": "short",
    "reference number": "mixed",
    "tracking number": "mixed",
    "case number": "digits",
    "licence number": "mixed",
    "part number": "mixed",
    "port": "short",
    "weight": "measure",
    "height": "measure",
    "price": "money",
    "cost": "money",
    "population": "digits",
    "passcode": "digits",
    "entry code": "digits",
    "unlock code": "digits",
    "postal code": "digits",
    "batch number": "digits",
    "ticket number": "digits",
    "flight number": "mixed",
    "file number": "digits",
    "customer number": "digits",
    "extension": "short",
    "index": "short",
    "score": "short",
    "quantity": "short",
    "temperature": "short",
    "version": "version",
    "release date": "date",
    "birthday": "date",
    "deadline": "date",
    "date": "date",
    "owner": "person",
    "manager": "person",
    "keeper": "person",
    "contact": "person",
    "author": "person",
    "colour": "word",
    "codename": "word",
    "location": "words",
    "address": "address",
    "status": "word",
    "key": "secret",
    "token": "secret",
    "secret word": "word",
    "magic number": "digits",
    "combination": "digits",
    "capacity": "measure",
    "frequency": "measure",
    "distance": "measure",
    "IP address": "ip",
    "email": "email",
    "checksum": "hex",
    "identifier": "mixed",
    "id": "digits",
}
WORDY = tuple(name for name, kind in ATTRIBUTES.items() if kind in ("person", "word", "words", "address", "secret", "email"))
"""Attributes whose values are mostly words."""
MADE_UP_SUFFIXES = ("code", "number", "count", "level", "id", "name", "total", "rate", "key", "value")
LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
MONTHS = "January February March April May June July August September October November December".split()
UNITS = ("kg", "km", "MHz", "litres", "metres", "tonnes", "GB", "mm")

STATEMENTS = (
    "The {attribute} of {the} is {value}.",
    "The {attribute} of {the} is {value}.",
    "The {attribute} of {the} is {value}.",
    "The {attribute} for {the} is {value}.",
    "The {attribute} of {the} was set to {value}.",
    "{The}'s {attribute} is {value}.",
    "{The} has the {attribute} {value}.",
    "For {the}, the {attribute} is {value}.",
    "Note that the {attribute} of {the} is {value}.",
    "Remember: the {attribute} of {the} is {value}.",
    "One of the special facts: the {attribute} for {the} is: {value}.",
    "They changed the {attribute} of {the} to {value}.",
    "As for {the}, its {attribute} is {value}, as was said before.",
    "It is known that the {attribute} of {the} is {value}, and nothing else.",
    "{The}: {attribute} {value}.",
    "{value} is the {attribute} of {the}.",
)
LOG_STATEMENTS = (
    "{word} {attribute} of {name} set to {value}",
    "{word} {attribute} of {name} set to {value}",
    "{word}: {attribute} for {name} is {value}",
    "[{word}] {name}: {attribute} changed to {value}",
    "{word} updated {attribute} of {name}: {value}",
    "{word} {name} {key}={value}",
    "{word} set {key} for {name} to {value}",
    "{word} name={name} {key}={value} ok",
    "{word} assigned {attribute} {value} to {name}",
)
QUESTIONS = (
    "What is the {attribute} of {the}?",
    "What is the {attribute} of {the}?",
    "What is the {attribute} of {the}?",
    "What is the {attribute} of {the}?",
    "What is the {attribute} of {the}?",
    "What is the {attribute} of {the}?",
    "What is the {attribute} for {the}?",
    "What is {the}'s {attribute}?",
    "what is the {attribute} of {the}",
    "What's the {attribute} of {the}?",
    "Which {attribute} does {the} have?",
    "What {attribute} was given for {the}?",
    "Give me the {attribute} of {the}.",
    "Tell me the {attribute} of {the}.",
    "Find the {attribute} of {the}.",
    "Look up the {attribute} of {the} in the document.",
    "I need the {attribute} of {the}.",
    "According to the text, what is the {attribute} of {the}?",
    "{The}: what is the {attribute}?",
    "What was the {attribute} of {the} set to?",
    "{attribute} of {name}?",
    "Do you know the {attribute} of {the}?",
)


def capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


@dataclass(frozen=True)
class Entity:
    """A thing ('amber lantern', lower case), a person ('Tomas Weld') or an identifier ('K7-204')."""

    words: tuple[str, ...]
    kind: str

    def written(self, style: str) -> str:
        if self.kind == "id":
            return " ".join(self.words)
        if self.kind == "person" and style in ("plain", "title"):
            return " ".join(self.words)
        words = [word.lower() for word in self.words]
        if style == "title":
            return " ".join(map(capitalised, words))
        if style == "upper":
            return "_".join(words).upper()
        if style == "camel":
            return words[0] + "".join(map(capitalised, words[1:]))
        return {"plain": " ", "hyphen": "-", "snake": "_"}[style].join(words)


@dataclass(frozen=True)
class Fact:
    entity: Entity
    attribute: str
    value: str
    general: bool = False
    """Asked for by the attribute's name only, where the document has others that a question in other words would fit."""

    def _filled(self, template: str, rng: random.Random, style: str, word: str = "") -> str:
        name = self.entity.written(style)
        article = "the " if self.entity.kind == "thing" and rng.random() < 0.9 else ""
        return template.format(
            attribute=self.attribute,
            key=self.attribute.replace(" ", "_"),
            value=self.value,
            name=name,
            the=article + name,
            The=capitalised(article + name),
            word=word,
        )

    def statement(self, rng: random.Random) -> str:
        template = STATEMENTS[0] if rng.random() < 0.3 else rng.choice(STATEMENTS)
        if self.attribute in ways.STATEMENTS and rng.random() < 0.35:
            template = rng.choice(ways.STATEMENTS[self.attribute])
        style = "plain" if rng.random() < 0.85 else "title"
        return self._filled(template, rng, style)

    def log_statement(self, rng: random.Random, word: str) -> str:
        style = rng.choice(("hyphen", "hyphen", "plain", "snake", "title", "camel"))
        return self._filled(rng.choice(LOG_STATEMENTS), rng, style, word)

    def statements(self, rng: random.Random) -> list[str]:
        return [self.statement(rng)]

    def settle(self, order: list[int]) -> None:
        """There is but one statement."""

    def question(self, rng: random.Random) -> str:
        style = "plain" if rng.random() < 0.8 else rng.choice(("title", "hyphen", "plain"))
        template = rng.choice(QUESTIONS)
        if self.attribute in ways.QUESTIONS and not self.general and rng.random() < 0.4:
            template = rng.choice(ways.QUESTIONS[self.attribute])
        return self._filled(template, rng, style)

    def asked(self, rng: random.Random) -> tuple[str, str]:
        """A question and its answer."""
        return self.question(rng), self.value


class FactMaker:
    """Facts for one sequence: no entity and attribute twice, many that differ in one word only."""

    def __init__(self, rng: random.Random, words: WordLists, values: WordLists | None = None, wordy: bool = False):
        """Names are made of `words`, values of `values`, without which they are of the same; `wordy`: more values are words."""
        self.rng = rng
        self.words = words
        self.values = values or words
        self.wordy = wordy
        self.used: set[tuple[str, ...]] = set()

    def word(self) -> str:
        rng = self.rng
        return invented(rng) if rng.random() < 0.1 else rng.choice(self.words.common)

    def value_word(self) -> str:
        rng, draw = self.rng, self.rng.random()
        if draw < 0.1:
            return invented(rng)
        return rng.choice(self.values.nouns if self.wordy and draw < 0.2 else self.values.common)

    def _entity(self) -> Entity:
        rng, draw = self.rng, self.rng.random()
        if draw < 0.3:
            return Entity((rng.choice(self.words.adjectives), rng.choice(self.words.nouns)), "thing")
        if draw < 0.58:
            return Entity((self.word(), self.word()), "thing")
        if draw < 0.66:
            return Entity((rng.choice(self.words.adjectives), self.word(), rng.choice(self.words.nouns)), "thing")
        if draw < 0.72:
            return Entity((rng.choice((self.word(), invented(rng))),), "thing")
        if draw < 0.86:
            return Entity((capitalised(self.word()), capitalised(invented(rng))), "person")
        return Entity(self._identifier(), "id")

    def _identifier(self) -> tuple[str, ...]:
        rng = self.rng
        number = rng.randrange(10 ** rng.randrange(2, 6))
        form = rng.randrange(5)
        if form == 0:
            return (f"{rng.choice(LETTERS)}{rng.randrange(10)}-{number}",)
        if form == 1:
            return (rng.choice(("unit", "node", "item", "case", "user", "record", "host")), str(number))
        if form == 2:
            return ("".join(rng.choices("0123456789ABCDEF", k=rng.randrange(4, 9))),)
        if form == 3:
            return (f"{self.word()}-{number}",)
        return ("".join(rng.choices(LETTERS, k=3)) + str(number),)

    def entity(self, like: Entity | None = None) -> Entity:
        """A new one; with `like`, one that shares all but one of its words."""
        for _ in range(20):
            made = self._entity()
            if like is not None and like.kind == "thing" and len(like.words) > 1:
                words = list(like.words)
                words[self.rng.randrange(len(words))] = self.word()
                made = Entity(tuple(words), "thing")
            key = tuple(word.lower() for word in made.words)
            if key not in self.used:
                self.used.add(key)
                return made
        made = Entity((invented(self.rng), invented(self.rng) + str(len(self.used))), "thing")
        self.used.add(made.words)
        return made

    def attribute(self) -> str:
        rng, draw = self.rng, self.rng.random()
        if draw < 0.25:
            return rng.choice(("access code", "code", "serial number", "account number"))
        if self.wordy and draw < 0.5:
            return rng.choice(WORDY)
        if draw < 0.85:
            return rng.choice(tuple(ATTRIBUTES))
        return f"{rng.choice(self.words.common)} {rng.choice(MADE_UP_SUFFIXES)}"

    def attributes(self, count: int) -> list[str]:
        chosen: list[str] = []
        while len(chosen) < count:
            made = self.attribute()
            if made not in chosen:
                chosen.append(made)
        return chosen

    def digits(self, least: int, most: int) -> str:
        length = self.rng.randint(least, most)
        return str(self.rng.randrange(10 ** (length - 1), 10**length))

    def value(self, attribute: str) -> str:
        rng = self.rng
        kind = ATTRIBUTES.get(attribute, "digits")
        if kind == "digits" or (kind in ("mixed", "secret", "short") and rng.random() < 0.4):
            return self.digits(4, 8)
        if kind == "short":
            return self.digits(2, 4)
        if kind == "mixed":
            letters = "".join(rng.choices(LETTERS, k=rng.choice((1, 2, 3))))
            return letters + rng.choice(("", "-")) + self.digits(2, 6)
        if kind == "secret":
            return self.value_word() + rng.choice(("", "-", "_")) + (self.digits(2, 4) if rng.random() < 0.6 else self.value_word())
        if kind == "phone":
            return f"{self.digits(3, 3)}-{self.digits(4, 4)}" if rng.random() < 0.5 else self.digits(7, 8)
        if kind == "money":
            amount = int(self.digits(3, 6))
            return rng.choice((f"${amount:,}", f"{amount} euros", f"{amount}", f"${amount}"))
        if kind == "measure":
            return f"{self.digits(2, 4)} {rng.choice(UNITS)}"
        if kind == "version":
            return f"{rng.randrange(10)}.{rng.randrange(30)}.{rng.randrange(100)}"
        if kind == "date":
            day, month, year = rng.randint(1, 28), rng.randrange(12), rng.randint(1900, 2040)
            return f"{day} {MONTHS[month]} {year}" if rng.random() < 0.5 else f"{year}-{month + 1:02}-{day:02}"
        if kind == "person":
            return f"{capitalised(self.value_word())} {capitalised(invented(rng))}"
        if kind == "word":
            return self.value_word()
        if kind == "words":
            return f"{self.value_word()} {self.value_word()}"
        if kind == "address":
            return f"{rng.randint(1, 400)} {capitalised(self.value_word())} Street"
        if kind == "ip":
            return ".".join(str(rng.randrange(256)) for _ in range(4))
        if kind == "email":
            return f"{self.value_word()}@{self.value_word()}.org"
        return "".join(rng.choices("0123456789abcdef", k=8))

    def facts(self, count: int) -> list[Fact]:
        """Facts for planting: several of one attribute, several of one entity, names that differ in one word."""
        rng, made = self.rng, []
        pool = self.attributes(rng.choice((1, 2, 3, 6, 12)))
        entity = None
        while len(made) < count:
            entity = self.entity(entity if rng.random() < 0.3 else None)
            several = min(len(pool), rng.choice((1, 1, 1, 2, 3)))
            chosen: list[str] = []
            for attribute in rng.sample(pool, several):
                if not any(ways.alike(attribute, other) for other in chosen):
                    chosen.append(attribute)
            made += [Fact(entity, attribute, self.value(attribute)) for attribute in chosen]
        made = made[:count]
        rng.shuffle(made)
        return made
