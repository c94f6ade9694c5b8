"""Train the built-in model for a given time on one GPU.

    python train.py --data encoded --tokenizer ../public/models/needle/tokenizer.json --seconds 480 --out run

Writes `run/model.safetensors` (f16, Hugging Face names) and `run/log.jsonl`.
"""

import argparse
import json
import multiprocessing
import time
from collections import deque
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import save_file

from data import KIND_NAMES, KIND_WEIGHTS, Corpus, SequenceMaker
from model import Model, Shape
from muon import Muon
from words import WordLists

# (share of the time at which the phase ends, {length of sequences: share of the steps}).
PHASES = (
    (0.20, {512: 0.3, 1024: 0.5, 2048: 0.2}),
    (0.38, {512: 0.1, 1024: 0.1, 2048: 0.2, 8192: 0.6}),
    (0.62, {512: 0.08, 1024: 0.06, 2048: 0.06, 8192: 0.2, 32768: 0.6}),
    (1.00, {512: 0.08, 1024: 0.06, 2048: 0.06, 8192: 0.1, 32768: 0.3, 131072: 0.4}),
)
WARM_UP_STEPS = 40
DECAY_FROM = 0.5


def make_batches(tokenizer: Path, data: Path, seed: int, tokens: int, phase, queue) -> None:
    """A worker: batches for the phase of the moment, until it is ended."""
    maker = SequenceMaker(tokenizer, Corpus(data), WordLists.load(data / "words.json").training(), seed)
    while True:
        lengths = PHASES[phase.value][1]
        length = maker.rng.choices(tuple(lengths), tuple(lengths.values()))[0]
        ids, kinds = maker.batch(tokens, length)
        queue.put((ids.astype(np.int16), kinds))


def rate(progress: float, step: int) -> float:
    """The learning rate's factor: a short rise, constant, then linear to zero."""
    return min(1, (step + 1) / WARM_UP_STEPS, max(0.0, (1 - progress) / (1 - DECAY_FROM)))


def save(model: Model, path: Path) -> None:
    tensors = {name: parameter.detach().half().cpu().contiguous() for name, parameter in model.named_parameters()}
    assert all(bool(tensor.isfinite().all()) for tensor in tensors.values())
    save_file(tensors, path, metadata={"format": "pt"})


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--data", type=Path, required=True)
    arguments.add_argument("--tokenizer", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    arguments.add_argument("--seconds", type=float, default=480, help="from the first step to the last")
    arguments.add_argument("--until", type=float, help="end by this Unix time, if that is sooner")
    arguments.add_argument("--tokens", type=int, default=131_072, help="a step")
    arguments.add_argument("--workers", type=int, default=14)
    arguments.add_argument("--seed", type=int, default=1)
    arguments.add_argument("--attention", default="flash")
    arguments.add_argument("--matrix-rate", type=float, default=0.02)
    arguments.add_argument("--other-rate", type=float, default=3e-3)
    arguments.add_argument("--device", default="cuda")
    given = arguments.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)

    # Workers first: they must not inherit a process that holds the GPU.
    context = multiprocessing.get_context("fork")
    phase = context.Value("i", 0)
    queue = context.Queue(maxsize=24)
    workers = [
        context.Process(
            target=make_batches,
            args=(given.tokenizer, given.data, given.seed * 1000 + number, given.tokens, phase, queue),
            daemon=True,
        )
        for number in range(given.workers)
    ]
    for worker in workers:
        worker.start()

    cuda = given.device == "cuda"
    torch.manual_seed(given.seed)
    torch.set_float32_matmul_precision("high")
    model = Model(Shape(), attention=given.attention if cuda else "math", compiled=cuda)
    model.initialise(given.seed)
    model.to(given.device)
    matrices = [p for name, p in model.named_parameters() if p.ndim == 2 and "embed" not in name]
    others = [p for name, p in model.named_parameters() if p.ndim == 1 or "embed" in name]
    muon = Muon(matrices, lr=given.matrix_rate)
    adam = torch.optim.AdamW(others, lr=given.other_rate, betas=(0.9, 0.95), weight_decay=0, fused=cuda)
    weights = torch.tensor(KIND_WEIGHTS, device=given.device)

    def batch() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        arrays = [torch.from_numpy(array) for array in queue.get()]
        if cuda:
            arrays = [array.pin_memory().to(given.device, non_blocking=True) for array in arrays]
        ids, kinds = (array.long() for array in arrays)
        kinds = kinds.roll(-1, dims=1)
        kinds[:, -1] = 0
        return ids, ids.roll(-1, dims=1), kinds.flatten()

    def step_on(ids, targets, kinds, sums) -> None:
        losses = model.losses(ids, targets)
        weight = weights[kinds]
        (torch.dot(losses, weight) / weight.sum()).backward()
        sums[0].index_add_(0, kinds, losses.detach())
        sums[1].index_add_(0, kinds, torch.ones_like(weight))

    # Compile before the clock starts; the gradients of this pass are thrown away.
    started = time.time()
    sums = torch.zeros(2, len(KIND_NAMES), device=given.device)
    step_on(*batch(), sums)
    model.zero_grad(set_to_none=True)
    sums.zero_()
    if cuda:
        torch.cuda.synchronize()
    print(f"ready after {time.time() - started:.1f} s", flush=True)

    log = open(given.out / "log.jsonl", "w")
    start = time.time()
    end = min(start + given.seconds, given.until or float("inf"))
    step, last, counts, waited, half_saved, done = 0, start, {}, 0.0, False, deque()
    while (now := time.time()) < end:
        progress = (now - start) / (end - start)
        phase.value = next(number for number, (until, _) in enumerate(PHASES) if progress < until)
        ids, targets, kinds = batch()
        waited += time.time() - now
        step_on(ids, targets, kinds, sums)
        torch.nn.utils.clip_grad_norm_(others, 1.0, foreach=True)
        factor = rate(progress, step)
        for optimizer, full in ((muon, given.matrix_rate), (adam, given.other_rate)):
            optimizer.param_groups[0]["lr"] = full * factor
            optimizer.step()
        model.zero_grad(set_to_none=True)
        counts[ids.shape[1]] = counts.get(ids.shape[1], 0) + 1
        step += 1
        if cuda:
            # At most three steps wait on the GPU, so that the clock is nearly true.
            done.append(torch.cuda.Event())
            done[-1].record()
            if len(done) > 3:
                done.popleft().synchronize()
        if step % 50 == 0:
            assert all(worker.is_alive() for worker in workers), "a worker ended"
            means = (sums[0] / sums[1].clamp(min=1)).tolist()
            sums.zero_()
            took = time.time() - last
            last += took
            entry = {
                "step": step,
                "seconds": round(last - start, 1),
                "tokensPerSecond": round(50 * given.tokens / took),
                "waited": round(waited, 2),
                "rate": round(factor, 3),
                "steps": counts,
                **{name: round(mean, 3) for name, mean in zip(KIND_NAMES[1:], means[1:])},
            }
            counts, waited = {}, 0.0
            print(json.dumps(entry), flush=True)
            log.write(json.dumps(entry) + "\n")
            log.flush()
            if means[1] != means[1]:
                raise SystemExit("the loss is not a number")
        if not half_saved and progress > 0.7:
            save(model, given.out / "model.safetensors")
            half_saved = True
    if cuda:
        torch.cuda.synchronize()
        print(f"peak memory {torch.cuda.max_memory_allocated() / 2**30:.1f} GiB")
    save(model, given.out / "model.safetensors")
    print(f"{step} steps, {step * given.tokens:,} tokens, {time.time() - start:.1f} s", flush=True)
    for worker in workers:
        worker.terminate()


if __name__ == "__main__":
    main()
