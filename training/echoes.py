"""Echoes: words that stand before or within a sentence's end, repeated many times in the sentences of the same text.

A document of a million tokens holds any two or three words in a row hundreds of times. Shorter ones do not, so that a model
learns from them to go on as the only place with the same last words does, and goes astray in longer ones. A text with echoes
has such places at any length: what tells them apart is further back. Twins are whole sentences of that kind, as technical
texts have them: they begin as another one does but for a word, and end otherwise.
"""

import random
from dataclasses import dataclass

import numpy as np

LONGEST_ECHO = 12
SHORTEST_SENTENCE = 18
TOKENS_PER_TARGET = (1500, 6000)
MOST_TARGETS = 64
MOST_COPIES = 400
FARTHEST_DIFFERENCE = 24
"""Tokens before the cut at most, of the word in which a twin differs."""


@dataclass
class Sentences:
    """A text and where its sentences and lines are."""

    ids: np.ndarray
    first: np.ndarray
    end: np.ndarray
    word: np.ndarray
    """Of the vocabulary: which tokens start a word."""
    breaks: np.ndarray
    """Of the vocabulary: which are line breaks."""


@dataclass
class Target:
    """A sentence whose end has echoes, as positions in the text."""

    start: int
    cut: int
    """Where its end begins, the start of a word."""
    end: int


@dataclass
class Piece:
    """What is put into a text, before the token at a position."""

    at: int
    ids: np.ndarray
    cut: int = 0
    """Of a twin, where its end begins; 0: of an echo, which is no sentence."""
    end: int = 0


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


def echoed(rng: random.Random, text: Sentences, least: int, longest_end: int, twins: float = 0.0) -> Echoed | None:
    """`text` with echoes in it, at most about a third of the result; none if no sentence is long enough.

    A target's cut leaves at least `least` tokens before it and at most `longest_end` behind. `twins` is the share of the
    targets that have some.
    """
    ids = text.ids
    starts_word = text.word[ids]
    taken = np.zeros(len(ids) + 1, bool)
    chosen: list[tuple[Target, list[np.ndarray]]] = []
    wanted = min(MOST_TARGETS, 1 + len(ids) // rng.choice(TOKENS_PER_TARGET))
    long = np.flatnonzero(text.end - text.first >= SHORTEST_SENTENCE)
    for number in rng.sample(range(len(long)), min(len(long), 3 * wanted)):
        start, stop = int(text.first[long[number]]), int(text.end[long[number]])
        places = cuts(text.word, ids, start, stop, least, longest_end)
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
    echoes: list[np.ndarray] = []
    for _, phrases in chosen:
        size = sum(map(len, phrases)) / len(phrases)
        most = min(MOST_COPIES, share * len(ids) / len(chosen) / size)
        copies = max(1, int(most ** rng.uniform(0.5, 1)))
        echoes += (rng.choice(phrases) for _ in range(copies))
    pieces = [Piece(int(rng.choice(places)), echo) for echo in echoes]
    for one, _ in chosen:
        if rng.random() < twins:
            pieces += (twin for _ in range(rng.choice((1, 1, 2, 3))) if (twin := _twin(rng, text, taken, one, longest_end)))
    return _with_pieces(ids, sorted(pieces, key=lambda piece: piece.at), [one for one, _ in chosen])


def _twin(rng: random.Random, text: Sentences, taken: np.ndarray, of: Target, longest_end: int) -> Piece | None:
    """A sentence that begins as `of` does but for one word and ends as another does; none if there is no place for it."""
    ids = text.ids
    starts_word = text.word[ids]
    line = of.end < len(ids) and bool(text.breaks[ids[of.end]])
    homes = text.first[~taken[text.first] & (starts_word[text.first] == starts_word[of.start]) & (text.first > 0)]
    homes = homes[text.breaks[ids[homes - 1]] == (of.start > 0 and text.breaks[ids[of.start - 1]])]
    others = np.flatnonzero(text.end - text.first >= SHORTEST_SENTENCE)
    low = max(of.start + 1, of.cut - FARTHEST_DIFFERENCE)
    words = low + np.flatnonzero(starts_word[low : of.cut - 1])
    if not len(homes) or not len(others) or not len(words):
        return None
    other = int(rng.choice(others))
    places = cuts(text.word, ids, int(text.first[other]), int(text.end[other]), 4, longest_end)
    if not len(places):
        return None
    beginning = ids[of.start : of.cut].copy()
    # Some word of the text in the place of one of its own; they may be one token or several.
    beginning[int(rng.choice(words)) - of.start] = ids[int(rng.choice(np.flatnonzero(starts_word)))]
    ending = ids[int(rng.choice(places)) : text.end[other]]
    size = len(beginning) + len(ending)
    pieces = (beginning, ending, ids[of.end : of.end + line])
    return Piece(int(rng.choice(homes)), np.concatenate(pieces), len(beginning), size)


def _with_pieces(ids: np.ndarray, pieces: list[Piece], targets: list[Target]) -> Echoed:
    """The pieces, in order, put into `ids`, and the twins among them beside the targets."""
    at = np.array([piece.at for piece in pieces])
    lengths = np.array([len(piece.ids) for piece in pieces])
    out: list[np.ndarray] = []
    done = 0
    for piece in pieces:
        out += (ids[done : piece.at], piece.ids)
        done = piece.at
    out.append(ids[done:])
    inserted = np.zeros(len(ids) + int(lengths.sum()), bool)
    starts = at + np.cumsum(lengths) - lengths
    for start, length in zip(starts.tolist(), lengths.tolist()):
        inserted[start : start + length + 1] = True

    def moved(of: Target) -> Target:
        start = of.start + int(lengths[: np.searchsorted(at, of.start, side="right")].sum())
        return Target(start, start + of.cut - of.start, start + of.end - of.start)

    twins = [Target(start, start + one.cut, start + one.end) for start, one in zip(starts.tolist(), pieces) if one.cut]
    return Echoed(np.concatenate(out), inserted, [*map(moved, targets), *twins])
