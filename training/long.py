"""Long sequences for training with `Local` attention: one document of many parts, then questions in the last tokens."""

import numpy as np

from data import PAD, UNTRAINED, Mix, Part, SequenceMaker, trailing
from tokenizer import ASSISTANT, END, USER

SHORTEST_PART, LONGEST_PART = 1500, 120_000
FAR = 262_144
"""From this length on `far` tells what is asked: above all, what stands far away is to be found and quoted, or found missing."""


class LongSequenceMaker(SequenceMaker):
    far: Mix | None = None
    """None: as about any other document."""

    def long_sequence(self, length: int, tail: int) -> tuple[np.ndarray, np.ndarray]:
        """Token ids and their kinds, `length` of each; exactly the last `tail` hold the questions."""
        rng = self.rng
        writer = self.writer()
        mix = self.far if self.far and length >= FAR else self.mix
        parts: list[Part] = []
        ids: list[np.ndarray] = [np.array([USER], np.uint16)]
        kinds: list[np.ndarray] = [np.zeros(1, np.uint8)]
        left = length - tail - 1
        blank = self.blank_lines[0]
        while left > 2 * SHORTEST_PART:
            most = min(LONGEST_PART, left - SHORTEST_PART)
            size = int(np.exp(rng.uniform(np.log(SHORTEST_PART), np.log(most))))
            part = self.part(int(0.95 * size), writer, False)
            keep = len(part.ids) - trailing(self.traits.breaks[part.ids])
            if keep + len(blank) > left - 64:
                continue
            parts.append(part)
            ids += [part.ids[:keep], blank]
            kinds += [part.kinds[:keep], np.zeros(len(blank), np.uint8)]
            left -= keep + len(blank)
        # Prose to the very token, of which nothing is asked.
        while left > 0:
            filler, _ = self.corpus.slice(rng, left, self.traits)
            ids.append(filler[:left])
            kinds.append(np.zeros(len(ids[-1]), np.uint8))
            left -= len(ids[-1])

        size = 0

        def add(tokens, kind: int) -> None:
            nonlocal size
            ids.append(np.asarray(tokens, np.uint16))
            kinds.append(np.full(len(tokens), kind, np.uint8))
            size += len(tokens)

        add(blank, UNTRAINED)
        for number, (question, answer, kind) in enumerate(self.questions(parts, tail, writer, mix, evenly=True)):
            if number:
                add([USER], UNTRAINED)
            add(question, UNTRAINED)
            add([ASSISTANT], UNTRAINED)
            add(answer, kind)
            add([END], kind)
            if size >= tail:
                break
        if size < tail:
            add(np.full(tail - size, PAD), UNTRAINED)
        return np.concatenate(ids)[:length], np.concatenate(kinds)[:length]
