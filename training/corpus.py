"""The corpus: works between lines `<<<DOC title | source | licence>>>`, encoded once into one array of token ids.

    python corpus.py --corpus train.txt.xz --tokenizer ../public/models/needle/tokenizer.json --out encoded
"""

import argparse
import json
import lzma
import multiprocessing
import os
import random
import re
import textwrap
import zlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from words import WordLists

HEADER = re.compile(r"^<<<DOC (.*?)>>>\n", re.MULTILINE)


@dataclass
class Work:
    title: str
    text: str


def read_works(path: Path) -> list[Work]:
    opened = lzma.open(path, "rt", encoding="utf-8") if path.suffix == ".xz" else open(path, encoding="utf-8")
    with opened as file:
        parts = HEADER.split(file.read())[1:]
    return [Work(header.split(" | ")[0], text.strip()) for header, text in zip(parts[::2], parts[1::2])]


def is_held_out_work(title: str) -> bool:
    """About one work in twenty is kept out of training: 30 of 561, books and technical texts."""
    return zlib.crc32(title.encode()) % 20 == 3


def typeset(text: str, rng: random.Random) -> tuple[str, bool]:
    """The corpus has straight quotes and one line a paragraph; some works get curly quotes or lines of fixed width."""
    style = rng.random()
    if style < 0.12:
        text = re.sub(r'(^|[\s(\[])"', r"\1“", text, flags=re.MULTILINE).replace('"', "”").replace("'", "’")
        text = text.replace("--", "—")
    wrapped = 0.08 < style < 0.2 and "\n    " not in text
    if wrapped:
        width = rng.choice((60, 72, 80))
        text = "\n\n".join(textwrap.fill(paragraph, width) for paragraph in text.split("\n\n"))
    return text, wrapped


def _encode(task: tuple[str, str]) -> np.ndarray:
    from tokenizers import Tokenizer

    global _tokenizer
    if "_tokenizer" not in globals():
        _tokenizer = Tokenizer.from_file(task[0])
    # In pieces: the memory for offsets of a whole book would be a few hundred megabytes.
    text, parts, start = task[1], [], 0
    while start < len(text):
        end = text.find("\n\n", start + 50_000)
        end = len(text) if end < 0 else end + 2
        parts.append(np.array(_tokenizer.encode(text[start:end], add_special_tokens=False).ids, np.uint16))
        start = end
    return np.concatenate(parts)


def encode(corpus: Path, tokenizer: Path, out: Path, seed: int, processes: int, limit: int | None = None) -> None:
    os.environ["TOKENIZERS_PARALLELISM"] = "false"
    works = read_works(corpus)[:limit]
    rng = random.Random(seed)
    texts = [(work.text, False) if is_held_out_work(work.title) else typeset(work.text, rng) for work in works]
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        arrays = pool.map(_encode, [(str(tokenizer), text) for text, _ in texts], chunksize=1)
    out.mkdir(parents=True, exist_ok=True)
    np.save(out / "tokens.npy", np.concatenate(arrays))
    ends = np.cumsum([len(array) for array in arrays])
    index = [
        {
            "title": work.title,
            "start": int(end - len(array)),
            "end": int(end),
            "wrapped": wrapped,
            "heldOut": is_held_out_work(work.title),
        }
        for work, (_, wrapped), array, end in zip(works, texts, arrays, ends)
    ]
    (out / "index.json").write_text(json.dumps(index, indent=1))
    WordLists.count(work for work in works if not is_held_out_work(work.title)).save(out / "words.json")
    print(f"{len(works)} works, {ends[-1]:,} tokens")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--corpus", type=Path, required=True)
    arguments.add_argument("--tokenizer", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--processes", type=int, default=os.cpu_count())
    arguments.add_argument("--limit", type=int, help="only the first works, for a trial")
    given = arguments.parse_args()
    encode(given.corpus, given.tokenizer, given.out, given.seed, given.processes, given.limit)


if __name__ == "__main__":
    main()
