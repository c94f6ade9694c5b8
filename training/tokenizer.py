"""Train the byte-level BPE tokenizer of the built-in model and write its files.

    python tokenizer.py --corpus train.txt.xz --out ../public/models/needle
"""

import argparse
import json
import random
from pathlib import Path

from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

from corpus import is_held_out_work, read_works, typeset
from documents import DocumentWriter
from words import WordLists

VOCABULARY = 4096
SPECIAL_TOKENS = ["<|endoftext|>", "<|user|>", "<|assistant|>", "<|end|>", "<|pad|>"]
END_OF_TEXT, USER, ASSISTANT, END, PAD = range(5)

# Words take one leading space; digits stand alone, so that a number is the same tokens wherever it stands;
# line breaks are pieces of their own, so that texts joined at one are split as each was alone.
PIECES = (
    r"['’](?:[sdmt]|ll|ve|re)(?!\p{L})"
    r"| ?[\p{L}\p{M}]+"
    r"|\p{N}"
    r"| ?[^\s\p{L}\p{M}\p{N}]+"
    r"|[\r\n]+"
    r"|[^\S\r\n]+(?!\S)"
    r"|\s"
)

# One user message holds the document, a blank line and the question; further questions are further messages.
CHAT_TEMPLATE = (
    "{%- for message in messages -%}"
    "{%- if message['role'] == 'assistant' -%}"
    "{{ '<|assistant|>' + message['content'] + '<|end|>' }}"
    "{%- else -%}"
    "{{ '<|user|>' + message['content'] }}"
    "{%- endif -%}"
    "{%- endfor -%}"
    "{%- if add_generation_prompt -%}{{ '<|assistant|>' }}{%- endif -%}"
)


def untrained() -> Tokenizer:
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(PIECES), "isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def samples(corpus: Path, seed: int, characters: int):
    """An even sample of the training works, and of synthetic documents, so that keys and logs get tokens too."""
    rng = random.Random(seed)
    works = [work for work in read_works(corpus) if not is_held_out_work(work.title)]
    share = characters / sum(len(work.text) for work in works)
    for work in works:
        length = int(len(work.text) * share)
        start = rng.randrange(max(1, len(work.text) - length))
        yield typeset(work.text[start : start + length], rng)[0]
    words = WordLists.count(works).training()
    for _ in range(600):
        writer = DocumentWriter(rng, words)
        yield writer.write(writer.kind(), rng.randrange(1000, 8000)).text


def train(corpus: Path, seed: int, characters: int) -> Tokenizer:
    tokenizer = untrained()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=SPECIAL_TOKENS,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(samples(corpus, seed, characters), trainer)
    return tokenizer


def configuration(context: int) -> dict:
    return {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "model_max_length": context,
        "clean_up_tokenization_spaces": False,
        "eos_token": "<|end|>",
        "pad_token": "<|pad|>",
        "chat_template": CHAT_TEMPLATE,
    }


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--corpus", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--characters", type=int, default=30_000_000)
    arguments.add_argument("--context", type=int, default=1_048_576)
    given = arguments.parse_args()

    tokenizer = train(given.corpus, given.seed, given.characters)
    assert tokenizer.get_vocab_size() == VOCABULARY
    given.out.mkdir(parents=True, exist_ok=True)
    tokenizer.save(str(given.out / "tokenizer.json"))
    settings = configuration(given.context)
    (given.out / "tokenizer_config.json").write_text(json.dumps(settings, indent=2, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
