"""Put the trained weights and their configuration beside the tokenizer: a folder that Hugging Face's loaders read.

    python export.py --weights run/model.safetensors --out ../public/models/needle
"""

import argparse
import json
from pathlib import Path

from safetensors.torch import load_file, save_file

from model import Model, Shape
from tokenizer import END, PAD


def write_json(path: Path, value: dict) -> None:
    path.write_text(json.dumps(value, indent=2) + "\n")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--weights", type=Path, required=True)
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()

    weights = load_file(given.weights)
    expected = {name: parameter.shape for name, parameter in Model(Shape()).named_parameters()}
    assert {name: tensor.shape for name, tensor in weights.items()} == expected
    given.out.mkdir(parents=True, exist_ok=True)
    tensors = {name: weights[name].half().contiguous() for name in expected}
    save_file(tensors, given.out / "model.safetensors", metadata={"format": "pt"})
    write_json(given.out / "config.json", {**Shape().config(), "eos_token_id": END, "pad_token_id": PAD})
    write_json(given.out / "generation_config.json", {"do_sample": False, "eos_token_id": END, "pad_token_id": PAD})
    total = sum(path.stat().st_size for path in given.out.iterdir())
    print(f"{sum(t.numel() for t in tensors.values()):,} parameters, {total / 1e6:.1f} MB in all")


if __name__ == "__main__":
    main()
