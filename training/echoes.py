"""Echoes: words that stand before or within a sentence's end, repeated many times in the sentences of the same text.

A document of a million tokens holds any two or three words in a row hundreds of times. Shorter ones do not, so that a model
learns from them to go on as the only place with the same last words does, and goes astray in longer ones. A text with echoes
has such places at any length: what tells them apart is further back.
"""

import random
from dataclasses import dataclass

import numpy as np

LONGEST_ECHO = 12
SHORTEST_SENTENCE = 18
TOKENS_PER_TARGET = (1500, 6000)
MOST_TARGETS = 64
MOST_COPIES = 400


@dataclass
class Target:
    """A sentence whose end has echoes, as positions in the text."""

    start: int
    cut: int
    """Where its end begins, the start of a word."""
    end: int


@dataclass
class Echoed:
    ids: np.ndarray
    inserted: np.ndarray
    """Which tokens were put in, or stand behind such and cannot be foreseen."""
    targets: list[Target]


def cuts(word: np.ndarray, ids: np.ndarray, start: int, end: int, least: int, longest_end: int) -> np.ndarray:
    """Positions where the sentence from `start` to `end` can be parted: words of which at least `least` tokens stand before."""
    low = max(start + least, end - longest_end)
    return low + np.flatnonzero(word[ids[low : end - 2]])


def echoed(
    rng: random.Random, ids: np.ndarray, first: np.ndarray, end: np.ndarray, word: np.ndarray, least: int, longest_end: int
) -> Echoed | None:
    """`ids` with echoes in them, at most about a third of the result; none if no sentence is long enough.

    `first` and `end` are those of its sentences, `word` tells which tokens start a word. A target's cut leaves at least `least`
    tokens before it and at most `longest_end` behind.
    """
    starts_word = word[ids]
    taken = np.zeros(len(ids) + 1, bool)
    chosen: list[tuple[Target, list[np.ndarray]]] = []
    wanted = min(MOST_TARGETS, 1 + len(ids) // rng.choice(TOKENS_PER_TARGET))
    long = np.flatnonzero(end - first >= SHORTEST_SENTENCE)
    for number in rng.sample(range(len(long)), min(len(long), 3 * wanted)):
        start, stop = int(first[long[number]]), int(end[long[number]])
        places = cuts(word, ids, start, stop, least, longest_end)
        if not len(places) or taken[start : stop + 1].any():
            continue
        cut = int(rng.choice(places))
        # Where the phrases end: at the cut, or further on, where the model has already begun to go on.
        ends = [cut, *(cut + 1 + np.flatnonzero(starts_word[cut + 1 : stop]))]
        phrases = []
        for _ in range(rng.choice((1, 2, 4))):
            last = cut if rng.random() < 0.6 else int(rng.choice(ends))
            begin = last - rng.choice((2, 2, 3, 3, 4, 5, 6, 8))
            while begin > max(start, last - LONGEST_ECHO) and not starts_word[begin]:
                begin -= 1
            phrases.append(ids[max(begin, start) : last])
        taken[start : stop + 1] = True
        chosen.append((Target(start, cut, stop), phrases))
        if len(chosen) == wanted:
            break
    places = np.flatnonzero(starts_word & ~taken[:-1])
    if not chosen or not len(places):
        return None

    share = rng.uniform(0.05, 0.35)
    pieces: list[np.ndarray] = []
    for _, phrases in chosen:
        size = sum(map(len, phrases)) / len(phrases)
        most = min(MOST_COPIES, share * len(ids) / len(chosen) / size)
        copies = max(1, int(most ** rng.uniform(0.5, 1)))
        pieces += (rng.choice(phrases) for _ in range(copies))
    rng.shuffle(pieces)
    at = np.sort(places[[rng.randrange(len(places)) for _ in pieces]])
    lengths = np.array([len(piece) for piece in pieces])

    out: list[np.ndarray] = []
    done = 0
    for place, piece in zip(at, pieces):
        out += (ids[done:place], piece)
        done = place
    out.append(ids[done:])
    inserted = np.zeros(len(ids) + int(lengths.sum()), bool)
    before = np.cumsum(lengths) - lengths
    for place, length in zip((at + before).tolist(), lengths.tolist()):
        inserted[place : place + length + 1] = True

    def moved(position: int) -> int:
        return position + int(lengths[: np.searchsorted(at, position, side="right")].sum())

    def target(of: Target) -> Target:
        start = moved(of.start)
        return Target(start, start + of.cut - of.start, start + of.end - of.start)

    return Echoed(np.concatenate(out), inserted, [target(of) for of, _ in chosen])
