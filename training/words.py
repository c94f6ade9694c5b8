"""Word lists for made-up names. Every tenth word is kept for evaluation, so that names there were never seen."""

import json
import random
import re
import zlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

ADJECTIVES = (
    "amber ancient arctic autumn azure bitter blue brass bright broken bronze calm cedar clever cobalt copper coral "
    "crimson crystal dusty early emerald faded distant gentle gilded golden grey hidden hollow icy indigo iron ivory "
    "jade lonely lunar marble mellow misty narrow northern oaken olive pale patient pearl polar quiet rapid restless "
    "royal rustic sable scarlet secret silent silver slender solar solemn steady stormy sunken tidal timber velvet "
    "violet wandering winter wooden yellow black white green red purple southern western eastern old new great little "
    "upper lower inner outer grand humble frozen burning floating sleeping laughing lost"
).split()
NOUNS = (
    "anchor anvil archive badger beacon bell bridge canal candle cannon castle chapel compass cottage cradle crane "
    "dagger dolphin drum eagle engine falcon ferry fiddle forge fountain garden gate glacier hammer harbour harp heron "
    "island jetty kettle kite ladder lagoon lantern library lighthouse lily magnet meadow mill mirror monument "
    "observatory orchard otter owl pagoda pavilion pelican piano quarry raven river saddle sailor salmon shuttle signal "
    "sparrow spindle station stove sundial temple thistle tower trumpet tunnel valley vault viaduct violin walnut "
    "willow windmill warehouse office server cluster account project team machine pump valve turbine sensor gateway "
    "router depot workshop museum hotel school clinic laboratory crate cabinet locker box chest parcel wagon"
).split()
SYLLABLES = (
    "ba be bi bo bra cal dan del dor dra el fa fen gar gol han hel is jor ka kel kor la len lor ma mar men mir na nor "
    "ol or pa pel qua ra ren ril ros sa sel sha sol ta tar tel thor tri u val ven vor wen xan yor za zel"
).split()


def is_held_out(word: str) -> bool:
    return zlib.crc32(word.encode()) % 10 == 0


@dataclass
class WordLists:
    """Common words of the corpus, and the adjectives and nouns above, all in lower case."""

    common: list[str]
    adjectives: list[str]
    nouns: list[str]

    @staticmethod
    def count(works) -> "WordLists":
        seen = Counter()
        for work in works:
            seen.update(re.findall(r"(?<![\w'])[a-z]{3,10}(?![\w'])", work.text))
        common = sorted(word for word, times in seen.items() if times >= 30)
        return WordLists(common, ADJECTIVES, NOUNS)

    def _filtered(self, keep) -> "WordLists":
        return WordLists(*([word for word in words if keep(word)] for words in (self.common, self.adjectives, self.nouns)))

    def training(self) -> "WordLists":
        return self._filtered(lambda word: not is_held_out(word))

    def evaluation(self) -> "WordLists":
        return self._filtered(is_held_out)

    def some(self, rng: random.Random) -> "WordLists":
        """A few of each, as there are for evaluation."""
        few = [min(len(self.common), int(100 * 10 ** rng.uniform(0, 1.3))), rng.randint(5, 16), rng.randint(5, 16)]
        lists = (self.common, self.adjectives, self.nouns)
        return WordLists(*(rng.sample(words, count) for words, count in zip(lists, few)))

    def save(self, path: Path) -> None:
        path.write_text(json.dumps(self.common))

    @staticmethod
    def load(path: Path) -> "WordLists":
        return WordLists(json.loads(path.read_text()), ADJECTIVES, NOUNS)


def invented(rng: random.Random) -> str:
    """A pronounceable word that is in no list."""
    return "".join(rng.choice(SYLLABLES) for _ in range(rng.choice((2, 2, 3))))
