"""How often the whole answer is right, greedily, on works and names that were never trained on.

    python evaluate.py --model ../public/models/needle --data encoded --out accuracy.json --prompts prompts

Each document is read once and its keys and values are kept; every question is then asked about the document alone. The
question and its right answer go through the model at once: greedy decoding gives the whole answer if the most likely token
is the right one at every place of it, the final `<|end|>` included. Where it is not, the answer is decoded token by token, and
is still right if its text is, split into other tokens, with or without a space before it. A list of several values is right in
any order, with none missing and none besides.

`prompts` becomes a folder that `npm run accuracy` reads, with what this model said to a part of the questions.
"""

import argparse
import json
import multiprocessing
import time
from collections import Counter, defaultdict
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from tokenizers import Tokenizer

from data import Corpus, Traits
from haystacks import MARGIN, TASKS, Haystack, Question, make_haystack
from model import Cache, Model, Shape
from tasks import NOT_THERE, same_list
from tokenizer import ASSISTANT, END, USER

# Tokens of a document: how many documents, and how many questions of each task about one.
DOCUMENTS = {8192: (6, 12), 32_768: (6, 12), 131_072: (5, 12), 262_144: (4, 24), 1_048_576: (3, 24)}
LONGEST_ANSWER = 64
LOSS_WINDOW, LOSS_WINDOWS = 2048, 128


class Reader:
    """A model with one document in its cache."""

    def __init__(self, model: Model, tokenizer: Tokenizer, haystack: Haystack, device: str):
        self.model, self.tokenizer, self.device = model, tokenizer, device
        ids = np.concatenate([[USER], haystack.ids]).astype(np.int64)
        self.cache: Cache = model.prefill(torch.from_numpy(ids)[None].to(device), MARGIN + 2 * LONGEST_ANSWER)

    def _ids(self, text: str) -> list[int]:
        return self.tokenizer.encode(text, add_special_tokens=False).ids

    def likely(self, question: list[int], answer: list[int]) -> list[int]:
        """The most likely token at each place of the answer, given those before."""
        ids = torch.tensor([[*question, *answer]], device=self.device)
        places = torch.arange(len(question) - 1, len(question) + len(answer) - 1, device=self.device)
        return self.model.continued(ids, self.cache, places).argmax(-1).tolist()

    def asked(self, question: Question) -> tuple[bool, bool, list[int], list[int]]:
        """Whether the whole answer is right, whether it starts as a refusal does; the question's tokens, what was likely."""
        asked = [*self._ids(f"\n\n{question.text}"), ASSISTANT]
        # Answers of the stage `spaced` begin with a space; all answers but quotes may.
        refusals = [self._ids(space + NOT_THERE)[0] for space in ("", " ")]
        for space in ("",) if question.answer.startswith((" ", "\n")) else (" ", ""):
            answer = [*self._ids(space + question.answer), END]
            likely = self.likely(asked, answer)
            if likely == answer:
                break
        return likely == answer, likely[0] in refusals, asked, likely

    def said(self, asked: list[int], most: int) -> str:
        """Greedy decoding, token by token, of `most` tokens at most."""
        said: list[int] = []
        while len(said) < most:
            token = self.likely([*asked, *said], [END])[0]
            if token == END:
                break
            said.append(token)
        return self.tokenizer.decode(said)


@torch.no_grad()
def held_out_loss(model: Model, data: Path, device: str) -> tuple[float, int]:
    """Nats a token over windows of held-out works, spread evenly, from the start of a chat on."""
    corpus = Corpus(data, held_out=True)
    windows = [(end - start) // LOSS_WINDOW for start, end, _ in corpus.works]
    places = [(work, number) for work, count in enumerate(windows) for number in range(count)]
    chosen = [places[round(i * (len(places) - 1) / (LOSS_WINDOWS - 1))] for i in range(LOSS_WINDOWS)]
    total = count = 0
    for work, number in chosen:
        start = corpus.works[work][0] + number * LOSS_WINDOW
        ids = np.concatenate([[USER], corpus.tokens[start : start + LOSS_WINDOW]]).astype(np.int64)
        ids = torch.from_numpy(ids).to(device)
        losses = F.cross_entropy(model.logits(ids[None, :-1], torch.arange(LOSS_WINDOW, device=device)), ids[1:], reduction="sum")
        total, count = total + float(losses), count + LOSS_WINDOW
    return total / count, count


def load(folder: Path, dtype: torch.dtype, attention: str, device: str) -> Model:
    model = Model(Shape(), dtype, attention)
    weights = {name: tensor.float() for name, tensor in load_file(folder / "model.safetensors").items()}
    model.load_state_dict(weights)
    return model.eval().to(device)


def write_prompts(folder: Path, haystack: Haystack, lines: list[dict]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{haystack.length}-{haystack.number}.txt"
    (folder / name).write_text(haystack.text)
    with open(folder / "prompts.jsonl", "a") as file:
        for line in lines:
            file.write(json.dumps({"documentFile": name, "length": haystack.length, **line}, ensure_ascii=False) + "\n")


@torch.no_grad()
def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--model", type=Path, required=True, help="folder with the weights and tokenizer.json")
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--prompts", type=Path, help="a folder for the engine's own test")
    arguments.add_argument("--prompts-each", type=int, default=3, help="a task and document, of those in that folder")
    arguments.add_argument("--asked", type=int, help="questions of a task about each document, instead of the usual number")
    arguments.add_argument("--lengths", type=int, nargs="+", default=list(DOCUMENTS))
    arguments.add_argument("--documents", type=int, help="of each length, instead of the usual number")
    arguments.add_argument("--first", type=int, default=0, help="number of the first of them")
    arguments.add_argument("--until", type=float, help="start no document after this Unix time")
    arguments.add_argument("--after", type=Path, help="wait for this file before loading the weights; documents are made meanwhile")
    arguments.add_argument("--processes", type=int, default=12)
    arguments.add_argument("--seed", type=int, default=7)
    arguments.add_argument("--device", default="cuda")
    arguments.add_argument("--attention", default="flash")
    given = arguments.parse_args()

    tokenizer = given.model / "tokenizer.json"
    if not tokenizer.exists():
        arguments.error(f"{tokenizer} is missing; it must be there from the start, also with --after")
    tasks = [
        (tokenizer, given.data, given.seed * 1_000_003 + 1009 * length + number, length, number, given.asked or asked)
        for length in given.lengths
        for documents, asked in (DOCUMENTS[length],)
        for number in range(given.first, given.first + (given.documents or documents))
    ]
    device = given.device
    rights: dict[tuple[str, int], list[bool]] = defaultdict(list)
    refused: dict[int, list[bool]] = defaultdict(list)
    failures: list[dict] = []
    shown: Counter = Counter()
    with multiprocessing.get_context("fork").Pool(given.processes) as pool:
        made = pool.imap(make_haystack, tasks)
        while given.after and not given.after.exists():
            time.sleep(1)
        model = load(given.model, torch.float16 if device == "cuda" else torch.float32, given.attention, device)
        words = Tokenizer.from_file(str(tokenizer))
        loss, counted = held_out_loss(model, given.data, device)
        print(f"held-out loss {loss:.3f} nats a token over {counted:,} tokens", flush=True)
        for haystack in made:
            if given.until and time.time() > given.until:
                print("out of time")
                break
            reader = Reader(model, words, haystack, device)
            lines: list[dict] = []
            taken: Counter = Counter()
            for question in haystack.questions:
                cell = (question.task, haystack.length)
                right, refusal, asked, likely = reader.asked(question)
                said = question.answer if right else reader.said(asked, min(LONGEST_ANSWER, len(likely) + 8))
                right = said.strip() == question.answer.strip()
                if question.task == "several":
                    right = same_list(said, question.answer)
                rights[cell].append(right)
                if question.task != "absent":
                    refused[haystack.length].append(refusal)
                export = given.prompts and taken[question.task] < given.prompts_each
                show = not right and shown[cell] < 3
                if export:
                    taken[question.task] += 1
                    text = {"question": question.text, "answer": question.answer, "said": said}
                    lines.append({"task": question.task, **text})
                if show:
                    shown[cell] += 1
                    about = {"task": question.task, "length": haystack.length, "question": question.text}
                    failures.append({**about, "answer": question.answer, "said": said})
            if given.prompts:
                write_prompts(given.prompts, haystack, lines)
            del reader
        pool.terminate()

    table = [
        {"task": task, "length": length, "prompts": len(cell), "right": sum(cell) / len(cell)}
        for (task, length), cell in sorted(rights.items())
    ]
    refusals = [{"length": n, "prompts": len(cell), "refused": sum(cell) / len(cell)} for n, cell in refused.items()]
    result = {"seed": given.seed, "heldOutLoss": loss, "results": table, "falseRefusals": refusals, "failures": failures}
    given.out.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    print("| task |" + "".join(f" {length:,} |" for length in given.lengths))
    for task in TASKS:
        row = [rights.get((task, length)) for length in given.lengths]
        print(f"| {task} |" + "".join(f" {sum(cell) / len(cell):.3f} ({len(cell)}) |" if cell else "  |" for cell in row))
    row = [refused.get(length) for length in given.lengths]
    print("| false refusals |" + "".join(f" {sum(c) / len(c):.3f} ({len(c)}) |" if c else "  |" for c in row))


if __name__ == "__main__":
    main()
