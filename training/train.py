"""Train the built-in model for a given time on one GPU, or on several of one machine.

    python train.py --data encoded --tokenizer ../public/models/needle/tokenizer.json --seconds 480 --out first
    python train.py … --stage long --start first/model.safetensors --seconds 600 --out long
    torchrun --nproc-per-node 2 -- train.py …    # on two GPUs: twice the sequences a step

Writes `run/model.safetensors` (f16, Hugging Face names) and `run/log.jsonl`.
"""

import argparse
import itertools
import json
import multiprocessing
import os
import random
import signal
import time
from collections import deque
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
import torch.distributed as dist
from safetensors.torch import load_file, save_file
from torch.nn.attention import sdpa_kernel

from data import FACT, KIND_NAMES, KIND_WEIGHTS, LOG_FACT, RECORD_FACT, Corpus, Mix, Texts
from long import LongSequenceMaker
from model import BACKENDS, CHUNK, Local, Model, Shape
from muon import Muon
from words import WordLists

# What a step is made of: rows of `length` tokens, or one row with `Local` attention in blocks of `block` and a tail.
@dataclass(frozen=True)
class Form:
    length: int
    local: Local | None = None

    def __str__(self) -> str:
        return f"{self.length}{' local' if self.local else ''}"


@dataclass(frozen=True)
class Stage:
    """One run of this script; the next goes on from its weights."""

    matrix_rate: float
    other_rate: float
    decay_from: float
    """Share of the time from which the learning rates fall, linearly to zero."""
    phases: tuple[tuple[float, dict[Form, float]], ...]
    """(share of the time at which the phase ends, {form: share of the steps})."""
    rope_theta: float = Shape.rope_theta
    harder: bool = False
    """Most questions are about several values and chains."""
    mix: Mix | None = None
    """What is asked; none: the usual, or with `harder` that of the harder tasks."""
    far: Mix | None = None
    """But of those about documents of 262,144 tokens and more, this."""
    texts: Texts = Texts()


SINGLES = ((FACT, 0.5), (LOG_FACT, 0.3), (RECORD_FACT, 0.2))
SMALL, LARGE, LONGEST = Local(8192, 8192), Local(16_384, 16_384), Local(8192, 16_384)
# Documents in which much looks alike, at every length, as it does in one of a million tokens.
ALIKE = Stage(
    0.008,
    1.2e-3,
    0.3,
    (
        (
            1.00,
            {Form(512): 0.02, Form(2048): 0.08, Form(8192): 0.18, Form(32_768): 0.28}
            | {Form(131_072): 0.16, Form(262_144): 0.012}
            | {Form(262_144, LARGE): 0.06, Form(524_288, LONGEST): 0.068, Form(1_048_576, LONGEST): 0.14},
        ),
    ),
    harder=True,
    mix=Mix((0.3, 0.45, 0.6), harder=0.5, absent=0.13, singles=SINGLES),
    far=Mix((0.45, 0.6), harder=0.25, absent=0.13, singles=SINGLES),
    texts=Texts(echoes=0.5, crowded=0.5),
)
SPACED_TEXTS = replace(ALIKE.texts, wordy=True, spaced=True, twins=0.4, most=12_000)
STAGES = {
    # From nothing to 131,072 tokens.
    "first": Stage(
        0.02,
        3e-3,
        0.5,
        (
            (0.20, {Form(512): 0.3, Form(1024): 0.5, Form(2048): 0.2}),
            (0.38, {Form(512): 0.1, Form(1024): 0.1, Form(2048): 0.2, Form(8192): 0.6}),
            (0.62, {Form(512): 0.08, Form(1024): 0.06, Form(2048): 0.06, Form(8192): 0.2, Form(32_768): 0.6}),
            (
                1.00,
                {Form(512): 0.08, Form(1024): 0.06, Form(2048): 0.06, Form(8192): 0.1}
                | {Form(32_768): 0.3, Form(131_072): 0.4},
            ),
        ),
        rope_theta=5e6,
    ),
    # To a million tokens, with slower rotations.
    "long": Stage(
        0.012,
        2e-3,
        0.4,
        (
            (0.10, {Form(2048): 0.3, Form(8192): 0.4, Form(32_768): 0.3}),
            (
                0.32,
                {Form(512): 0.08, Form(2048): 0.12, Form(8192): 0.2, Form(32_768): 0.3}
                | {Form(131_072): 0.15, Form(131_072, LARGE): 0.1, Form(262_144, LARGE): 0.05},
            ),
            (
                0.62,
                {Form(512): 0.05, Form(2048): 0.1, Form(8192): 0.1, Form(32_768): 0.2}
                | {Form(131_072): 0.25, Form(262_144, LARGE): 0.2, Form(524_288, SMALL): 0.1},
            ),
            (
                1.00,
                {Form(512): 0.05, Form(2048): 0.1, Form(8192): 0.1, Form(32_768): 0.17}
                | {Form(131_072): 0.28, Form(262_144): 0.03}
                | {Form(262_144, LARGE): 0.1, Form(524_288, SMALL): 0.08, Form(1_048_576, SMALL): 0.09},
            ),
        ),
    ),
    # The harder tasks: first where sequences are short and steps are cheap, then over all lengths again.
    "tasks": Stage(
        0.01,
        1.5e-3,
        0.4,
        (
            (
                0.45,
                {Form(512): 0.15, Form(2048): 0.32, Form(8192): 0.24, Form(32_768): 0.14}
                | {Form(131_072): 0.08, Form(262_144, LARGE): 0.03, Form(524_288, SMALL): 0.02}
                | {Form(1_048_576, SMALL): 0.02},
            ),
            (
                0.7,
                {Form(512): 0.08, Form(2048): 0.18, Form(8192): 0.22, Form(32_768): 0.2}
                | {Form(131_072): 0.16, Form(262_144, LARGE): 0.06, Form(524_288, SMALL): 0.05}
                | {Form(1_048_576, SMALL): 0.05},
            ),
            (
                1.00,
                {Form(512): 0.05, Form(2048): 0.12, Form(8192): 0.17, Form(32_768): 0.18}
                | {Form(131_072): 0.22, Form(262_144, LARGE): 0.1, Form(524_288, SMALL): 0.08}
                | {Form(1_048_576, SMALL): 0.08},
            ),
        ),
        harder=True,
    ),
    # The same tasks for longer. Dense sequences beyond 131,072 tokens, since in `Local` ones a document's own tokens see their
    # block alone; in the longest, twice the questions, mostly quotes, for reading the document costs more than asking.
    "more": Stage(
        0.008,
        1.2e-3,
        0.35,
        (
            (
                0.35,
                {Form(512): 0.05, Form(2048): 0.2, Form(8192): 0.25, Form(32_768): 0.26}
                | {Form(131_072): 0.1, Form(262_144): 0.01}
                | {Form(262_144, LARGE): 0.05, Form(524_288, LONGEST): 0.03, Form(1_048_576, LONGEST): 0.05},
            ),
            (
                0.8,
                {Form(512): 0.03, Form(2048): 0.12, Form(8192): 0.2, Form(32_768): 0.26}
                | {Form(131_072): 0.15, Form(262_144): 0.02, Form(524_288): 0.006}
                | {Form(262_144, LARGE): 0.06, Form(524_288, LONGEST): 0.06, Form(1_048_576, LONGEST): 0.09},
            ),
            (
                1.00,
                {Form(512): 0.03, Form(2048): 0.12, Form(8192): 0.22, Form(32_768): 0.28}
                | {Form(131_072): 0.16, Form(262_144): 0.02}
                | {Form(262_144, LARGE): 0.05, Form(524_288, LONGEST): 0.05, Form(1_048_576, LONGEST): 0.07},
            ),
        ),
        harder=True,
        far=Mix((0.4, 0.6), harder=0.25, absent=0.2),
    ),
    # Again, the longest documents more often. Of single facts, records hold nine in ten in long documents: of 480 questions about a
    # million tokens, those about facts in prose and logs were 15 until here.
    "far": Stage(
        0.008,
        1.2e-3,
        0.3,
        (
            (
                1.00,
                {Form(512): 0.02, Form(2048): 0.08, Form(8192): 0.18, Form(32_768): 0.3}
                | {Form(131_072): 0.17, Form(262_144): 0.03}
                | {Form(262_144, LARGE): 0.06, Form(524_288, LONGEST): 0.06, Form(1_048_576, LONGEST): 0.1},
            ),
        ),
        harder=True,
        mix=Mix((0.2, 0.4, 0.6), harder=0.6, absent=0.15, singles=SINGLES),
        far=Mix((0.35, 0.5), harder=0.25, absent=0.2, singles=SINGLES),
    ),
    "alike": ALIKE,
    # With answers that begin with a space and more of which are words, more lists and chains than in the run of `alike`, and
    # with more of the technical texts, whose lines look alike: two in three draws, one in seven before.
    "spaced": replace(
        ALIKE,
        mix=Mix((0.2, 0.4, 0.6), harder=0.6, absent=0.14, singles=SINGLES),
        far=Mix((0.45, 0.6), harder=0.3, absent=0.13, singles=SINGLES),
        texts=SPACED_TEXTS,
    ),
    # A short one after it: of long documents it had become too sure that what is asked is there.
    "settled": replace(
        ALIKE,
        matrix_rate=0.004,
        other_rate=6e-4,
        decay_from=0.0,
        phases=(
            (
                1.00,
                {Form(2048): 0.04, Form(8192): 0.12, Form(32_768): 0.22}
                | {Form(131_072): 0.2, Form(262_144): 0.012}
                | {Form(262_144, LARGE): 0.1, Form(524_288, LONGEST): 0.1, Form(1_048_576, LONGEST): 0.2},
            ),
        ),
        mix=Mix((0.2, 0.4, 0.6), harder=0.6, absent=0.16, singles=SINGLES),
        far=Mix((0.45, 0.6), harder=0.3, absent=0.24, singles=SINGLES),
        texts=SPACED_TEXTS,
    ),
}
WARM_UP_STEPS = 40
# Of a long document's own tokens, so many are trained on, in one stretch.
HAYSTACK_PLACES = 16_384
# Losses of sequences from this length on are logged by themselves.
LONG = 131_072
LOSS_NAMES = [*KIND_NAMES, *(f"long {name}" for name in KIND_NAMES)]
SAVE_EVERY = 90.0


def make_batches(tokenizer: Path, data: Path, seed: int, rank: int, tokens: int, stage: Stage, phase, queue) -> None:
    """A worker: batches for the phase of the moment, until it is ended.

    Those of one seed make the same forms in the same order on every rank, so that no rank waits for a longer step of another.
    """
    form_choice = random.Random(seed)
    seed += 1_000_003 * rank
    corpus = Corpus(data, most=stage.texts.most)
    maker = LongSequenceMaker(tokenizer, corpus, WordLists.load(data / "words.json").training(), seed, stage.harder)
    maker.mix = stage.mix or maker.mix
    maker.far = stage.far
    maker.texts = stage.texts
    while True:
        forms = stage.phases[phase.value][1]
        form = form_choice.choices(tuple(forms), tuple(forms.values()))[0]
        if form.local is None:
            ids, kinds = maker.batch(max(tokens, form.length), form.length)
        else:
            ids, kinds = (array[None] for array in maker.long_sequence(form.length, form.local.tail))
        queue.put((ids.astype(np.int16), kinds, form))


def rate(progress: float, step: int, decay_from: float) -> float:
    """The learning rate's factor: a short rise, constant, then linear to zero."""
    return min(1, (step + 1) / WARM_UP_STEPS, max(0.0, (1 - progress) / (1 - decay_from)))


def save(model: Model, path: Path) -> None:
    tensors = {name: parameter.detach().half().cpu().contiguous() for name, parameter in model.named_parameters()}
    assert all(bool(tensor.isfinite().all()) for tensor in tensors.values())
    # Whole or not at all: it may be copied while the training goes on.
    draft = path.with_suffix(".draft")
    save_file(tensors, draft, metadata={"format": "pt"})
    os.replace(draft, path)


class Ranks:
    """The processes that `torchrun` started, one a GPU; without it, this one."""

    def __init__(self):
        self.rank, self.count = int(os.environ.get("RANK", 0)), int(os.environ.get("WORLD_SIZE", 1))

    def join(self, cuda: bool) -> None:
        """Once the workers are forked, which must not inherit any of this."""
        if self.count == 1:
            return
        if cuda:
            torch.cuda.set_device(self.rank)
        # Gradients between GPUs, clocks between CPUs.
        dist.init_process_group("cpu:gloo,cuda:nccl" if cuda else "gloo")

    def mean_gradients(self, model: Model) -> None:
        if self.count == 1:
            return
        gradients = [parameter.grad for parameter in model.parameters()]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        flat /= self.count
        for gradient, mean in zip(gradients, flat.split([gradient.numel() for gradient in gradients])):
            gradient.copy_(mean.view_as(gradient))

    def same(self, *values: float) -> list[float]:
        """The first rank's."""
        shared = torch.tensor(values, dtype=torch.float64)
        if self.count > 1:
            dist.broadcast(shared, 0)
        return shared.tolist()

    def same_weights(self, model: Model) -> None:
        """Ranks compute the same updates; should one differ in a bit, it does not grow."""
        if self.count > 1:
            for parameter in model.parameters():
                dist.broadcast(parameter.data, 0)

    def close(self) -> None:
        if self.count > 1:
            dist.destroy_process_group()


def faster_attention(shape: Shape, device: str, length: int = CHUNK) -> str:
    """Which of the two backends takes less time for one layer, forward and backward, at `length` tokens."""
    times: dict[str, float] = {}
    for name in ("flash", "cudnn"):
        q, k, v = (
            torch.randn(1, shape.heads, length, shape.head_dim, device=device, dtype=torch.bfloat16, requires_grad=True)
            for _ in range(3)
        )
        try:
            with sdpa_kernel(BACKENDS[name]):
                for _ in range(3):
                    torch.cuda.synchronize()
                    start = time.time()
                    torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).sum().backward()
                    torch.cuda.synchronize()
                    times[name] = time.time() - start
        except RuntimeError as error:
            print(f"{name}: {error}", flush=True)
            times.pop(name, None)
    print("attention, ms:", {name: round(1000 * taken, 1) for name, taken in times.items()}, flush=True)
    return min(times, key=lambda name: times[name])


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--tokenizer", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--stage", choices=list(STAGES), default="first")
    arguments.add_argument("--start", type=Path, help="weights to go on from, else from nothing")
    arguments.add_argument("--seconds", type=float, default=480, help="of steps; a pause of the process does not count")
    arguments.add_argument("--until", type=float, help="end by this Unix time, if that is sooner")
    arguments.add_argument("--tokens", type=int, default=131_072, help="a step")
    arguments.add_argument("--workers", type=int, default=14)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--attention", choices=("auto", *BACKENDS), default="auto", help="auto: the faster of two")
    arguments.add_argument("--device", default="cuda")
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    stage = STAGES[given.stage]

    # Workers first: they must not inherit a process that holds the GPU. Each has a queue of its own, since they take turns.
    context = multiprocessing.get_context("fork")
    phase = context.Value("i", 0)
    queues = [context.Queue(maxsize=2) for _ in range(given.workers)]
    ranks = Ranks()
    workers = [
        context.Process(
            target=make_batches,
            args=(given.tokenizer, given.data, given.seed * 1000 + number, ranks.rank, given.tokens, stage, phase, queue),
            daemon=True,
        )
        for number, queue in enumerate(queues)
    ]
    for worker in workers:
        worker.start()

    cuda = given.device == "cuda"
    ranks.join(cuda)
    first = ranks.rank == 0
    torch.manual_seed(given.seed + ranks.rank)
    torch.set_float32_matmul_precision("high")
    shape = Shape(rope_theta=stage.rope_theta)
    attention = given.attention if cuda else "math"
    if attention == "auto":
        attention = faster_attention(shape, given.device)
        # Times decide, so that ranks could disagree.
        attention = ("flash", "cudnn")[int(ranks.same(float(attention == "cudnn"))[0])]
    model = Model(shape, attention=attention, compiled=cuda)
    model.initialise(given.seed)
    if given.start:
        model.load_state_dict({name: tensor.float() for name, tensor in load_file(given.start).items()})
    model.to(given.device)
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim == 1 or "embed" in name]
    muon = Muon(matrices, lr=stage.matrix_rate)
    adam = torch.optim.AdamW(others, lr=stage.other_rate, betas=(0.9, 0.95), weight_decay=0, fused=cuda)
    weights = torch.tensor(KIND_WEIGHTS, device=given.device)

    turns = itertools.cycle(queues)

    def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, Form]:
        *arrays, form = next(turns).get()
        arrays = [torch.from_numpy(array) for array in arrays]
        if cuda:
            arrays = [array.pin_memory().to(given.device, non_blocking=True) for array in arrays]
        ids, kinds = (array.long() for array in arrays)
        kinds = kinds.roll(-1, dims=1)
        kinds[:, -1] = 0
        return ids, ids.roll(-1, dims=1), kinds.flatten(), form

    def step_on(ids, targets, kinds, form, sums) -> None:
        places = None
        if form.local:
            # The questions, and a stretch of the document.
            tail = torch.arange(form.length - form.local.tail, form.length, device=given.device)
            count = HAYSTACK_PLACES + LARGE.tail - form.local.tail
            start = int(torch.randint(0, form.length - form.local.tail - count, ()))
            places = torch.cat((torch.arange(start, start + count, device=given.device), tail))
            kinds = kinds[places]
        losses = model.losses(ids, targets, form.local, places)
        weight = weights[kinds]
        (torch.dot(losses, weight) / weight.sum()).backward()
        kinds = kinds + (form.length >= LONG) * len(KIND_NAMES)
        sums[0].index_add_(0, kinds, losses.detach())
        sums[1].index_add_(0, kinds, torch.ones_like(weight))

    # Compile before the clock starts; the gradients of these passes are thrown away.
    started = time.time()
    sums = torch.zeros(2, 2 * len(KIND_NAMES), device=given.device)
    step_on(*batch(), sums)
    if cuda:
        length = 2 * CHUNK
        ids = torch.randint(5, 4096, (1, length), device=given.device)
        step_on(ids, ids.roll(-1), torch.ones_like(ids[0]), Form(length, LARGE), sums)
    model.zero_grad(set_to_none=True)
    sums.zero_()
    if cuda:
        torch.cuda.synchronize()
    print(f"ready after {time.time() - started:.1f} s", flush=True)

    log = open(given.out / ("log.jsonl" if first else os.devnull), "w")
    ranks.same_weights(model)
    start = before = time.time()

    def goes_on(*_) -> None:
        """A stopped process that goes on again has not been training in between."""
        nonlocal before
        before = time.time()

    signal.signal(signal.SIGCONT, goes_on)
    step, last, counts, waited, done, spent, saved, read, read_before = 0, 0.0, {}, 0.0, deque(), 0.0, 0.0, 0, 0
    while spent < given.seconds:
        progress = spent / given.seconds
        phase.value = next(number for number, (until, _) in enumerate(stage.phases) if progress < until)
        asked = time.time()
        ids, targets, kinds, form = batch()
        waited += time.time() - asked
        step_on(ids, targets, kinds, form, sums)
        ranks.mean_gradients(model)
        torch.nn.utils.clip_grad_norm_(others, 1.0, foreach=True)
        factor = rate(progress, step, stage.decay_from)
        for optimizer, full in ((muon, stage.matrix_rate), (adam, stage.other_rate)):
            optimizer.param_groups[0]["lr"] = full * factor
            optimizer.step()
        model.zero_grad(set_to_none=True)
        counts[str(form)] = counts.get(str(form), 0) + 1
        read += ids.numel() * ranks.count
        step += 1
        if cuda:
            # At most three steps wait on the GPU, so that the clock is nearly true.
            done.append(torch.cuda.Event())
            done[-1].record()
            if len(done) > 3:
                done.popleft().synchronize()
        now = time.time()
        spent += now - before
        before = now
        if given.until:
            # The rate must have reached zero by then.
            given.seconds = min(given.seconds, spent + max(0, given.until - now))
        spent, given.seconds = ranks.same(spent, given.seconds)
        if step % 50 == 0 or spent >= given.seconds:
            assert all(worker.is_alive() for worker in workers), "a worker ended"
            means = (sums[0] / sums[1].clamp(min=1)).tolist()
            sums.zero_()
            ranks.same_weights(model)
            took = spent - last
            last = spent
            entry = {
                "step": step,
                "seconds": round(spent, 1),
                "tokensPerSecond": round((read - read_before) / took),
                "waited": round(waited, 2),
                "rate": round(factor, 3),
                "steps": counts,
                **{name: round(mean, 3) for name, mean in zip(LOSS_NAMES, means) if mean},
            }
            counts, waited, read_before = {}, 0.0, read
            if first:
                print(json.dumps(entry), flush=True)
            log.write(json.dumps(entry) + "\n")
            log.flush()
            if sum(means) != sum(means):
                raise SystemExit("the loss is not a number")
        if first and spent - saved > SAVE_EVERY:
            save(model, given.out / "model.safetensors")
            saved = spent
    if cuda:
        torch.cuda.synchronize()
        print(f"peak memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
    if first:
        save(model, given.out / "model.safetensors")
        print(f"{step} steps, {read:,} tokens, {spent:.1f} s of {time.time() - start:.1f}", flush=True)
    ranks.close()
    for worker in workers:
        worker.terminate()


if __name__ == "__main__":
    main()
