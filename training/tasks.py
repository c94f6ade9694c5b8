"""Questions whose answer takes more than one look: several values of one key, and a chain of two references."""

import random
from dataclasses import dataclass, field

from facts import Entity, Fact, FactMaker, capitalised
from ways import alike

NOT_THERE = "Not in the document."
# Attributes that a key can have several of.
PLURALS = {
    "code": "codes",
    "access code": "access codes",
    "serial number": "serial numbers",
    "phone number": "phone numbers",
    "magic number": "magic numbers",
    "ticket number": "ticket numbers",
    "key": "keys",
    "password": "passwords",
    "owner": "owners",
    "price": "prices",
    "score": "scores",
}
SEVERAL_STATEMENTS = (
    "One of the {plural} of {the} is {value}.",
    "One of the {plural} of {the} is {value}.",
    "One of the {plural} for {the} is: {value}.",
    "One of the special {plural} for {the} is: {value}.",
    "The {attribute} of {the} is {value}.",
    "{The} has the {attribute} {value}.",
)
SEVERAL_QUESTIONS = (
    "What are the {plural} of {the}?",
    "What are the {plural} of {the}?",
    "What are all the {plural} of {the}?",
    "What are all the {plural} of {the}?",
    "List all {plural} of {the}.",
    "Name every one of the {plural} of {the}.",
    "Which {plural} does {the} have?",
)
# References from a thing to a person or to another thing.
TO_PERSON = ("owner", "manager", "keeper", "contact", "author", "assistant", "captain", "buyer", "guard", "supplier")
TO_THING = ("container", "replacement", "neighbour", "successor", "backup", "parent")
CHAIN_QUESTIONS = (
    "What is the {attribute} of the {reference} of {the}?",
    "What is the {attribute} of the {reference} of {the}?",
    "What is the {attribute} of the {reference} of {the}?",
    "Give me the {attribute} of the {reference} of {the}.",
    "Which {attribute} does the {reference} of {the} have?",
    "Find the {reference} of {the}, then its {attribute}.",
)


def with_article(entity: Entity) -> str:
    name = entity.written("plain")
    return f"the {name}" if entity.kind == "thing" else name


@dataclass
class Several:
    """One attribute of one entity with several values; the answer lists them in the order of the document."""

    entity: Entity
    attribute: str
    values: list[str]
    order: list[int] = field(default_factory=list)

    def statements(self, rng: random.Random) -> list[str]:
        template = rng.choice(SEVERAL_STATEMENTS)
        return [self._filled(template, value) for value in self.values]

    def settle(self, order: list[int]) -> None:
        """The order in which the statements stand."""
        self.order = order

    @property
    def value(self) -> str:
        return ", ".join(self.values[number] for number in self.order)

    def asked(self, rng: random.Random) -> tuple[str, str]:
        return self._filled(rng.choice(SEVERAL_QUESTIONS)), self.value

    def _filled(self, template: str, value: str = "") -> str:
        the = with_article(self.entity)
        plural = PLURALS[self.attribute]
        return template.format(attribute=self.attribute, plural=plural, the=the, The=capitalised(the), value=value)


@dataclass
class Chain:
    """'The keeper of the lantern is Ada Orne.' … 'The PIN of Ada Orne is 4821.'; the answer tells both."""

    first: Fact
    second: Fact

    def statements(self, rng: random.Random) -> list[str]:
        return [self.first.statement(rng), self.second.statement(rng)]

    def settle(self, order: list[int]) -> None:
        """Either order is the same chain."""

    @property
    def value(self) -> str:
        return f"{self.first.value}: {self.second.value}"

    def whole(self, rng: random.Random) -> tuple[str, str]:
        template = rng.choice(CHAIN_QUESTIONS)
        the = with_article(self.first.entity)
        question = template.format(attribute=self.second.attribute, reference=self.first.attribute, the=the)
        return question, self.value

    def asked(self, rng: random.Random) -> tuple[str, str]:
        """Mostly the whole chain, else one of its facts."""
        draw = rng.random()
        return self.whole(rng) if draw < 0.75 else (self.first if draw < 0.85 else self.second).asked(rng)


USUAL_SHARES = (0, 0.1, 0.2, 0.4)
MANY_SHARES = (0.2, 0.4, 0.8)
"""Of what is told, how much is bound into the harder tasks."""

Askable = Fact | Several | Chain


def several(maker: FactMaker) -> Several:
    attribute = maker.rng.choice(tuple(PLURALS))
    count = maker.rng.choice((1, 2, 2, 3, 3, 4, 4))
    return Several(maker.entity(), attribute, [maker.value(attribute) for _ in range(count)])


def chain(maker: FactMaker) -> Chain:
    rng = maker.rng
    person = rng.random() < 0.7
    entity = maker.entity()
    middle = maker.entity()
    while (middle.kind == "person") != person or middle.kind == "id":
        middle = maker.entity()
    attribute = rng.choice(("code", "PIN", "phone number", "badge number", maker.attribute()))
    first = Fact(entity, rng.choice(TO_PERSON if person else TO_THING), with_article(middle))
    return Chain(first, Fact(middle, attribute, maker.value(attribute)))


def askables(maker: FactMaker, count: int, shares: tuple[float, ...]) -> list[Askable]:
    """About `count` facts, one of `shares` of them bound into the harder tasks; where these are many, more lists than chains."""
    share = maker.rng.choice(shares)
    harder = int(share * count + maker.rng.random())
    kinds = (several, several, chain) if shares == MANY_SHARES else (several, chain)
    made: list[Askable] = [maker.rng.choice(kinds)(maker) for _ in range(harder)]
    return made + list(maker.facts(max(1, count - 2 * harder)))


def same_list(said: str, wanted: str) -> bool:
    """The same values, each once, in any order."""
    return sorted(said.strip().split(", ")) == sorted(wanted.strip().split(", "))


def told(rng: random.Random, asked: list[Askable]) -> list[str]:
    """Every statement of all of them, mixed."""
    texts = [(one, number, text) for one in asked for number, text in enumerate(one.statements(rng))]
    rng.shuffle(texts)
    orders: dict[int, list[int]] = {}
    for one, number, _ in texts:
        orders.setdefault(id(one), []).append(number)
    for one in asked:
        one.settle(orders[id(one)])
    return [text for _, _, text in texts]


def absent(maker: FactMaker, present: list[Askable], rng: random.Random) -> str:
    """A question about something that looks like what is there, and is not."""
    facts = [one for one in present if isinstance(one, Fact)]
    like = rng.choice(facts) if facts else None
    draw = rng.random()
    if like is not None and draw < 0.3:
        # A known name, an attribute that nobody gave it.
        given = [one.attribute for one in facts if one.entity == like.entity]
        for _ in range(10):
            attribute = rng.choice(facts).attribute if rng.random() < 0.5 else maker.attribute()
            if attribute not in given and not any(alike(attribute, other) for other in given):
                return Fact(like.entity, attribute, "").question(rng)
    attribute = like.attribute if like is not None and rng.random() < 0.7 else maker.attribute()
    entity = maker.entity(like.entity if like is not None and rng.random() < 0.5 else None)
    if 0.75 < draw < 0.85 and attribute in PLURALS:
        return Several(entity, attribute, []).asked(rng)[0]
    if draw > 0.85:
        reference = rng.choice(TO_PERSON)
        return Chain(Fact(entity, reference, ""), Fact(entity, attribute, "")).whole(rng)[0]
    return Fact(entity, attribute, "").question(rng)
