"""How often the whole answer is right, greedily, on works and names that were never trained on.

    python evaluate.py --model ../public/models/needle --data encoded --out accuracy.json

The prompt and its right answer go through the model at once: greedy decoding gives the whole answer exactly if the
most likely token is the right one at every place of it, the final `<|end|>` included.
"""

import argparse
import json
import multiprocessing
import random
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file
from tokenizers import Tokenizer

from data import Corpus, SequenceMaker
from documents import DocumentWriter
from facts import ATTRIBUTES, Fact
from model import Model, Shape
from tokenizer import ASSISTANT, END, USER
from words import WordLists

LENGTHS = (512, 2048, 8192, 32_768, 131_072)
TASKS = {
    "quote": "'Finish the sentence: …', 12 to 32 tokens of it given, which stand once in the document",
    "key": "'What is the … of …?', a number, among length / 256 facts of one form in prose",
    "words": "the same with values of any form, stated and asked in any of the trained ways",
    "log": "a fact in a server log",
    "records": "a field of one record among many",
    "report": "a fact in a report",
}
NUMBERS = tuple(name for name, kind in ATTRIBUTES.items() if kind == "digits")


@dataclass
class Prompt:
    task: str
    length: int
    ids: np.ndarray
    """Prompt and answer."""
    start: int
    """Where the answer starts."""
    question: str
    answer: str


class PromptMaker:
    """Prompts of `length` tokens at most, for synthetic documents a few per cent less."""

    def __init__(self, tokenizer: Path, data: Path, seed: int):
        self.names = WordLists.load(data / "words.json").evaluation()
        self.maker = SequenceMaker(tokenizer, Corpus(data, held_out=True), self.names, seed)
        self.rng = self.maker.rng

    def make(self, task: str, length: int) -> Prompt:
        made = None
        while made is None:
            made = getattr(self, task)(length)
        document, question, answer = made
        encode = self.maker.encode
        answer_ids = encode(answer) if isinstance(answer, str) else answer
        text = answer if isinstance(answer, str) else self.maker.tokenizer.decode(answer.tolist())
        tail = np.concatenate([encode("\n\n"), encode(question), np.array([ASSISTANT], np.uint16)])
        document = document[: length - 1 - len(tail)]
        pieces = ([USER], document, tail, answer_ids, [END])
        ids = np.concatenate([np.asarray(piece, np.uint16) for piece in pieces])
        return Prompt(task, length, ids, 1 + len(document) + len(tail), question, text)

    def quote(self, length: int):
        ids, wrapped = self.maker.corpus.slice(self.rng, length - 64, self.maker.traits, whole=True)
        part = self.maker.whole(ids, wrapped)
        found = self.maker.quote(part, part.ids, 12)
        return found and (part.ids, f"Finish the sentence: {found[0]}", found[2])

    def key(self, length: int):
        attribute = self.rng.choice(NUMBERS)
        maker = DocumentWriter(self.rng, self.names).maker
        facts = [Fact(maker.entity(), attribute, maker.digits(4, 8)) for _ in range(max(2, length // 256))]
        return self._planted(length, facts, canonical=True)

    def words(self, length: int):
        maker = DocumentWriter(self.rng, self.names).maker
        return self._planted(length, maker.facts(max(2, length // 256)), canonical=False)

    def _planted(self, length: int, facts: list[Fact], canonical: bool):
        room = length - 40 - 20 * len(facts)
        ids, wrapped = self.maker.corpus.slice(self.rng, room, self.maker.traits, whole=True)
        statements = [
            f"The {fact.attribute} of {named(fact)} is {fact.value}." if canonical else fact.statement(self.rng)
            for fact in facts
        ]
        ids = self.maker.planted(ids, wrapped, statements)
        if ids is None or len(ids) > length - 40:
            return None
        fact = self.rng.choice(facts)
        return ids, self._asked(fact, canonical), fact.value

    def _asked(self, fact: Fact, canonical: bool) -> str:
        return f"What is the {fact.attribute} of {named(fact)}?" if canonical else fact.question(self.rng)

    def _synthetic(self, kind: str, length: int):
        part = self.maker.synthetic(int(length * 0.9) - 60, DocumentWriter(self.rng, self.names), kind)
        if part is None or len(part.ids) > length - 50 or not part.facts:
            return None
        fact, _ = self.rng.choice(part.facts)
        return part.ids, self._asked(fact, True), fact.value

    def log(self, length: int):
        return self._synthetic("log", length)

    def records(self, length: int):
        return self._synthetic("records", length)

    def report(self, length: int):
        return self._synthetic("report", length)


def named(fact: Fact) -> str:
    name = fact.entity.written("plain")
    return f"the {name}" if fact.entity.kind == "thing" else name


def make_prompts(task: tuple) -> list[Prompt]:
    tokenizer, data, name, length, count, seed = task
    maker = PromptMaker(tokenizer, data, seed)
    return [maker.make(name, length) for _ in range(count)]


@torch.no_grad()
def answered(model: Model, prompt: Prompt, device: str) -> tuple[bool, list[int]]:
    """Whether every token of the answer is the most likely one, and the most likely ones."""
    ids = torch.from_numpy(prompt.ids.astype(np.int64)).to(device)
    places = torch.arange(prompt.start - 1, len(ids) - 1, device=device)
    likely = model.logits(ids[None, :-1], places).argmax(-1)
    return bool((likely == ids[places + 1]).all()), likely.tolist()


def load(folder: Path, dtype: torch.dtype, attention: str, device: str) -> Model:
    model = Model(Shape(), dtype, attention)
    weights = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    model.load_state_dict(weights)
    return model.eval().to(device)


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", type=Path, required=True, help="folder with the weights and tokenizer.json")
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--prompts", type=int, default=40, help="for each task and length")
    arguments.add_argument("--lengths", type=int, nargs="+", default=LENGTHS)
    arguments.add_argument("--tasks", nargs="+", default=list(TASKS))
    arguments.add_argument("--until", type=float, help="stop at this Unix time")
    arguments.add_argument("--processes", type=int, default=12)
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--device", default="cuda")
    arguments.add_argument("--attention", default="flash")
    given = arguments.parse_args()

    # What is asked of a model first, the longest first, in case the time is short.
    cells = [(task, length) for task in given.tasks for length in given.lengths]
    cells.sort(key=lambda cell: (cell[1] == max(LENGTHS) and cell[0] not in ("quote", "key"), -cell[1]))
    tokenizer = given.model / "tokenizer.json"
    tasks = [
        (tokenizer, given.data, task, length, 5, given.seed * 1_000_003 + 1009 * number + part)
        for number, (task, length) in enumerate(cells)
        for part in range((given.prompts + 4) // 5)
    ]
    device = given.device
    results: dict[tuple[str, int], list[bool]] = {}
    failures: list[dict] = []
    with multiprocessing.get_context("fork").Pool(given.processes) as pool:
        made = pool.imap(make_prompts, tasks)
        model = load(given.model, torch.float16 if device == "cuda" else torch.float32, given.attention, device)
        spoken = Tokenizer.from_file(str(tokenizer))
        for prompt in (prompt for prompts in made for prompt in prompts):
            if given.until and time.time() > given.until:
                print("out of time")
                break
            right, likely = answered(model, prompt, device)
            results.setdefault((prompt.task, prompt.length), []).append(right)
            if not right:
                said = spoken.decode(likely[: likely.index(END)] if END in likely else likely)
                asked = {"task": prompt.task, "length": prompt.length, "question": prompt.question}
                failures.append({**asked, "answer": prompt.answer, "said": said})
        pool.terminate()

    table = [
        {"task": task, "length": length, "prompts": len(rights), "right": sum(rights) / len(rights)}
        for (task, length), rights in sorted(results.items())
    ]
    given.out.write_text(json.dumps({"seed": given.seed, "results": table, "failures": failures}, indent=1) + "\n")
    print("| task |" + "".join(f" {length:,} |" for length in given.lengths))
    for task in given.tasks:
        row = [results.get((task, length)) for length in given.lengths]
        print(f"| {task} |" + "".join(f" {sum(cell) / len(cell):.3f} ({len(cell)}) |" if cell else "  |" for cell in row))


if __name__ == "__main__":
    main()
