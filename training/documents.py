"""Synthetic documents: server logs, records, tables, settings, reports and noise, each with facts to look up."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from facts import Fact, FactMaker, capitalised
from tasks import USUAL_SHARES, Askable, askables, told
from words import WordLists, invented


# Each kind of document, a method of the writer, with how often it is drawn.
KINDS = {"log": 40, "records": 24, "table": 12, "settings": 6, "report": 14, "noise": 4}


@dataclass
class Document:
    text: str
    facts: list[Askable]
    """What the text states, each once."""
    form: str
    """'log', 'records' (tables and settings too) or 'prose'."""


class DocumentWriter:
    """Writes documents of about `characters` characters. One writer a sequence: its facts never contradict each other."""

    def __init__(
        self,
        rng: random.Random,
        words: WordLists,
        shares: tuple[float, ...] = USUAL_SHARES,
        values: WordLists | None = None,
        wordy: bool = False,
    ):
        """`values` and `wordy` as in `FactMaker`."""
        self.rng = rng
        self.words = words
        self.maker = FactMaker(rng, words, values, wordy)
        self.shares = shares

    def kind(self) -> str:
        return self.rng.choices(tuple(KINDS), tuple(KINDS.values()))[0]

    def write(self, kind: str, characters: int) -> Document:
        return getattr(self, kind)(characters)

    def _count(self, characters: int) -> int:
        """One fact, a few, or many."""
        most = max(1, characters // 150)
        return min(400, self.rng.choice((1, 1 + most // 8, 1 + most // 4, 1 + most // 3, 1 + most // 2)))

    def _spread(self, parts: list[str], extra: list[str]) -> list[str]:
        """`parts` with `extra` put in at random places, in order."""
        places = sorted(self.rng.randrange(len(parts) + 1) for _ in extra)
        out, done = [], 0
        for place, text in zip(places, extra):
            out += parts[done:place]
            out.append(text)
            done = place
        return out + parts[done:]

    # Server logs

    def log(self, characters: int) -> Document:
        rng = self.rng
        facts = self.maker.facts(self._count(characters))
        messages: list[str] = []
        size = 0
        makers = rng.sample(LOG_MESSAGES, rng.randint(5, len(LOG_MESSAGES)))
        components = [rng.choice(self.words.common) for _ in range(6)] + ["vault", "http", "db", "auth"]
        while size < characters:
            message = rng.choice(makers)(rng, rng.choice(components))
            messages.append(message)
            size += len(message) + 28
        planted = [fact.log_statement(rng, rng.choice(components)) for fact in facts]
        messages = self._spread(messages, planted)

        clock = datetime(rng.randint(2019, 2026), rng.randint(1, 12), rng.randint(1, 28), rng.randrange(24))
        style = rng.randrange(5)
        host = f"{rng.choice(self.words.nouns)}-{rng.randint(1, 9)}"
        fastest = rng.choice((1, 100, 1000))
        lines = []
        if rng.random() < 0.4:
            lines.append(f"Server log of {host}")
        for message in messages:
            clock += timedelta(milliseconds=rng.randint(1, 9) * fastest + rng.randrange(fastest))
            level = rng.choice(("INFO ", "INFO ", "INFO ", "DEBUG", "WARN ", "ERROR"))
            stamp = clock.isoformat(timespec="seconds" if fastest == 1000 else "milliseconds")
            if style == 0:
                lines.append(f"{stamp}Z {level} {message}")
            elif style == 1:
                lines.append(f"{stamp.replace('T', ' ')} {level} {message}")
            elif style == 2:
                lines.append(f"[{stamp}] {level.strip()}: {message}")
            elif style == 3:
                lines.append(f"{clock:%b %d %H:%M:%S} {host} {message}")
            else:
                lines.append(json.dumps({"time": stamp, "level": level.strip().lower(), "message": message}))
        return Document("\n".join(lines), facts, "log")

    # Records, tables, settings: each states many facts of the same attributes, so that the name must be read

    def _attributes(self, most: int) -> list[str]:
        return self.maker.attributes(self.rng.randint(1, most))

    def _rows(self, characters: int, attributes: list[str], width: int) -> list[list[Fact]]:
        count = max(2, characters // width)
        rows = []
        entity = None
        for _ in range(count):
            entity = self.maker.entity(entity if self.rng.random() < 0.2 else None)
            rows.append([Fact(entity, attribute, self.maker.value(attribute), general=True) for attribute in attributes])
        return rows

    def records(self, characters: int) -> Document:
        rng = self.rng
        attributes = self._attributes(6)
        rows = self._rows(characters, attributes, 24 + 26 * len(attributes))
        style = rng.choice(("title", "title", "plain", "hyphen"))
        label = rng.choice(("name", "name", "name", "item", "entry", "record"))
        mark = rng.choice((": ", ": ", ": ", " = ", "\t"))
        separator = rng.choice(("\n\n", "\n\n", "\n\n", "\n---\n", "\n"))
        titled = rng.random() < 0.3
        shuffled = rng.random() < 0.3
        blocks = []
        for facts in rows:
            order = rng.sample(facts, len(facts)) if shuffled else facts
            fields = [(label, facts[0].entity.written(style))] + [(fact.attribute, fact.value) for fact in order]
            blocks.append("\n".join((capitalised(key) if titled else key) + mark + value for key, value in fields))
        if rng.random() < 0.4:
            blocks.insert(0, f"{capitalised(self.maker.word())}, volume {rng.randint(1, 40)}")
        return Document(separator.join(blocks), sum(rows, []), "records")

    def table(self, characters: int) -> Document:
        rng = self.rng
        attributes = self._attributes(4)
        rows = self._rows(characters, attributes, 20 + 12 * len(attributes))
        style = rng.choice(("title", "plain", "hyphen", "snake"))
        names = [facts[0].entity.written(style) for facts in rows]
        form = rng.randrange(5)
        if form == 0:
            lines = [",".join(["name", *attributes])]
            lines += [",".join([name, *(_quoted(fact.value) for fact in facts)]) for name, facts in zip(names, rows)]
        elif form == 1:
            lines = [f"| name | {' | '.join(attributes)} |", "| --- " * (len(attributes) + 1) + "|"]
            lines += [f"| {name} | {' | '.join(f.value for f in facts)} |" for name, facts in zip(names, rows)]
        else:
            objects = [{"name": name, **{f.attribute: f.value for f in facts}} for name, facts in zip(names, rows)]
            if form == 2:
                lines = [json.dumps(objects, indent=2, ensure_ascii=False)]
            else:
                lines = [json.dumps(item, ensure_ascii=False) for item in objects]
        return Document("\n".join(lines), sum(rows, []), "records")

    def settings(self, characters: int) -> Document:
        rng = self.rng
        attributes = self._attributes(4)
        rows = self._rows(characters, attributes, 20 + 24 * len(attributes))
        form = rng.randrange(4)
        lines = []
        for facts in rows:
            name = facts[0].entity.written(rng.choice(("hyphen", "snake")) if form < 3 else "upper")
            pairs = [(fact.attribute.replace(" ", "_"), fact.value) for fact in facts]
            if form == 0:
                lines += [f"[{name}]", *(f"{key} = {value}" for key, value in pairs), ""]
            elif form == 1:
                lines += [f"{name}:", *(f"  {key}: {value}" for key, value in pairs)]
            elif form == 2:
                lines += [f"{name}.{key}={value}" for key, value in pairs]
            else:
                name = name.replace("-", "_").replace(" ", "_")
                lines += [f'{name}_{key.upper()} = "{value}"' for key, value in pairs]
        return Document("\n".join(lines).rstrip(), sum(rows, []), "records")

    # Prose

    def report(self, characters: int) -> Document:
        rng = self.rng
        facts = askables(self.maker, self._count(characters), self.shares)
        common, nouns = self.words.common, self.words.nouns
        places = [f"the {rng.choice(self.words.adjectives)} {rng.choice(nouns)}" for _ in range(12)]
        people = [f"{capitalised(rng.choice(common))} {capitalised(invented(rng))}" for _ in range(12)]
        things = [rng.choice(common) for _ in range(16)]
        sentences: list[str] = []
        size = 0
        while size < characters:
            sentence = rng.choice(REPORT_SENTENCES).format(
                place=rng.choice(places),
                other=rng.choice(places),
                person=rng.choice(people),
                thing=rng.choice(things),
                things=rng.choice(things),
                month=rng.choice(("January", "March", "May", "June", "August", "October", "December")),
                n=rng.randint(2, 98),
                big=f"{rng.randint(1000, 99999):,}",
            )
            sentences.append(capitalised(sentence))
            size += len(sentence) + 1
        sentences = self._spread(sentences, told(rng, facts))
        blocks, number = [], 0
        marked = rng.random() < 0.5
        if rng.random() < 0.5:
            blocks.append(f"Report of the {capitalised(rng.choice(common))} {capitalised(rng.choice(nouns))}")
        while sentences:
            if rng.random() < 0.4:
                number += 1
                heading = f"{capitalised(rng.choice(common))} and {rng.choice(common)}"
                blocks.append(f"## {heading}" if marked else f"{number}. {heading}")
            count = rng.randint(2, 7)
            blocks.append(" ".join(sentences[:count]))
            sentences = sentences[count:]
        return Document("\n\n".join(blocks), facts, "prose")

    def noise(self, characters: int) -> Document:
        """Text in no language, or in scripts that are seen nowhere else."""
        rng = self.rng
        facts = askables(self.maker, self._count(characters), self.shares)
        form = rng.randrange(4)
        first, last = rng.choice(((0x430, 0x44F), (0x3B1, 0x3C9), (0x4E00, 0x9FA5), (0x5D0, 0x5EA), (0x3041, 0x3096)))
        sentences: list[str] = []
        size = 0
        while size < characters:
            if form == 0:
                text = " ".join(invented(rng) for _ in range(rng.randint(4, 14)))
            elif form == 1:
                text = "".join(rng.choices("0123456789abcdef", k=rng.choice((32, 40, 64))))
            elif form == 2:
                words = ("".join(chr(rng.randint(first, last)) for _ in range(rng.randint(2, 6))) for _ in range(6))
                text = " ".join(words)
            else:
                text = "".join(chr(rng.randint(33, 126)) for _ in range(rng.randint(10, 60)))
            sentences.append(capitalised(text) + ".")
            size += len(text) + 2
        sentences = self._spread(sentences, told(rng, facts))
        return Document(rng.choice((" ", "\n", "\n\n")).join(sentences), facts, "prose")


def _quoted(value: str) -> str:
    return f'"{value}"' if "," in value else value


def _path(rng: random.Random) -> str:
    return "/" + "/".join(rng.choices(("api", "items", "users", "assets", "v2", "search", "health", "orders"), k=2))


LOG_MESSAGES: tuple[Callable[[random.Random, str], str], ...] = (
    lambda r, c: f"{c} GET {_path(r)} {r.choice((200, 200, 304, 404, 500))} in {r.randint(1, 900)} ms",
    lambda r, c: f"{c} POST {_path(r)} 201 {r.randint(100, 90000)} bytes from 10.{r.randrange(256)}.{r.randrange(256)}.7",
    lambda r, c: f"{c} cache {r.choice(('hit', 'miss'))} for key {r.randrange(16**6):06x}",
    lambda r, c: f"{c} connection {r.randint(1, 9999)} {r.choice(('opened', 'closed', 'reset by peer'))}",
    lambda r, c: f"{c} query took {r.randint(1, 4000)} ms on replica {r.randint(1, 5)}",
    lambda r, c: f"{c} started job {r.randint(100, 99999)} with {r.randint(1, 16)} threads",
    lambda r, c: f"{c} finished job {r.randint(100, 99999)} after {r.randint(1, 300)} s",
    lambda r, c: f"{c} user {r.randint(1, 99999)} signed {r.choice(('in', 'out'))}",
    lambda r, c: f"{c} queue depth {r.randint(0, 500)}, oldest {r.randint(0, 60)} s",
    lambda r, c: f"{c} retry {r.randint(1, 5)} of 5 after {r.choice(('timeout', 'refused', 'bad gateway'))}",
    lambda r, c: f"{c} memory {r.randint(10, 99)}%, disk {r.randint(10, 99)}%",
    lambda r, c: f"{c}: config reloaded from /etc/{c}/{c}.conf",
    lambda r, c: f"{c} worker {r.randint(1, 32)} stopped with exit code {r.choice((0, 0, 1, 137))}",
    lambda r, c: f"[{c}] request id={r.randrange(16**8):08x} status={r.choice((200, 204, 400, 503))}",
    lambda r, c: f"{c} upload of {r.randint(1, 64)} MB completed",
    lambda r, c: f"{c} session {r.randrange(16**6):06x} expired",
)
REPORT_SENTENCES = (
    "{person} inspected {place} in {month} and found {n} faults.",
    "Work on {place} was finished {n} days late because of {thing}.",
    "The number of visitors to {place} rose to {big}, against {n} per cent less the year before.",
    "{person} and {person} were in charge of {thing} and {things}.",
    "In {month} the committee decided to close {place} for {n} days.",
    "Receipts from {thing} reached {big}, while those from {things} fell by {n} per cent.",
    "Nothing was lost apart from {n} boxes of {thing}.",
    "The plan for {place} has been sent to {person}, who will answer before {month}.",
    "We counted {n} cases of {thing} at {place}.",
    "It is still not clear why {thing} was found behind {other}.",
    "{person} asked whether {place} might be moved nearer to {other}.",
    "The cost stayed within the estimate, mostly because {thing} could be bought locally.",
    "A second survey of {other} is planned for {month}.",
    "Complaints were few and concerned the smell of {thing} near {place}.",
    "Most of the {thing} came from {other}, and {n} tonnes were kept for {month}.",
    "{person} gave a talk about {thing}, which {big} people heard.",
    "The old {thing} was replaced after {n} years.",
    "No change is proposed for {place}, but {other} must be rebuilt.",
    "Customers ordered {big} units, of which {n} were returned.",
    "The team met {n} times to talk about {thing}, and agreed at last on {things}.",
)
