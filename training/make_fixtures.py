"""Tiny models of the three families with seeded random weights, and their logits by Hugging Face transformers.

    python make_fixtures.py --out ../app/model/fixtures

Each folder gets `config.json`, weights, and `expected.json`: token ids, the last token's logits in float32 on exactly
the stored weights, and the same for other RoPE settings (`configOverride` replaces keys of `config.json`).
"""

import argparse
import json
import random
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file

IDS = 173
NEW_STYLE_ROPE = {
    "default": {"rope_type": "default", "rope_theta": 10000.0},
    "linear": {"rope_type": "linear", "rope_theta": 10000.0, "factor": 4.0},
    "llama3": {
        "rope_type": "llama3",
        "rope_theta": 10000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 64,
    },
    "yarn": {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 8.0, "original_max_position_embeddings": 64},
}
# The keys that configurations had before `rope_parameters`; the oldest said `type`.
OLD_STYLE_ROPE = {
    "default": {"rope_theta": 10000.0, "rope_scaling": None},
    "linear": {"rope_theta": 10000.0, "rope_scaling": {"type": "linear", "factor": 4.0}},
    "llama3": {
        "rope_theta": 50000.0,
        "rope_scaling": {
            "rope_type": "llama3",
            "factor": 8.0,
            "low_freq_factor": 1.0,
            "high_freq_factor": 4.0,
            "original_max_position_embeddings": 64,
        },
    },
    "yarn": {
        "rope_theta": 10000.0,
        "rope_scaling": {"type": "yarn", "factor": 8.0, "original_max_position_embeddings": 64},
    },
    "yarn with its own betas": {
        "rope_theta": 10000.0,
        "rope_scaling": {
            "rope_type": "yarn",
            "factor": 8.0,
            "original_max_position_embeddings": 64,
            "beta_fast": 16.0,
            "beta_slow": 2.0,
            "attention_factor": 1.1,
        },
    },
}
COMMON = {
    "hidden_act": "silu",
    "max_position_embeddings": 512,
    "attention_dropout": 0.0,
    "initializer_range": 0.02,
    "bos_token_id": 0,
    "eos_token_id": 1,
    "use_cache": True,
}

FAMILIES = {
    "llama": {
        "seed": 11,
        "stored": torch.float16,
        "shards": 1,
        "variants": {name: {"rope_parameters": rope} for name, rope in NEW_STYLE_ROPE.items()},
        "config": {
            "architectures": ["LlamaForCausalLM"],
            "model_type": "llama",
            "dtype": "float16",
            "vocab_size": 256,
            "hidden_size": 96,
            "intermediate_size": 96,
            "num_hidden_layers": 3,
            "num_attention_heads": 4,
            "num_key_value_heads": 2,
            "head_dim": 64,
            "rms_norm_eps": 1e-5,
            "rope_parameters": NEW_STYLE_ROPE["llama3"],
            "tie_word_embeddings": False,
            "attention_bias": False,
            "mlp_bias": False,
            **COMMON,
        },
    },
    "qwen2": {
        "seed": 12,
        "stored": torch.bfloat16,
        "shards": 1,
        "variants": OLD_STYLE_ROPE,
        "config": {
            "architectures": ["Qwen2ForCausalLM"],
            "model_type": "qwen2",
            "torch_dtype": "bfloat16",
            "vocab_size": 256,
            "hidden_size": 192,
            "intermediate_size": 64,
            "num_hidden_layers": 2,
            "num_attention_heads": 6,
            "num_key_value_heads": 2,
            "rms_norm_eps": 1e-6,
            "rope_theta": 10000.0,
            "tie_word_embeddings": True,
            "use_sliding_window": False,
            "sliding_window": 512,
            "max_window_layers": 2,
            **COMMON,
        },
    },
    "qwen3": {
        "seed": 13,
        "stored": torch.float32,
        "shards": 2,
        "variants": {name: {"rope_parameters": rope} for name, rope in NEW_STYLE_ROPE.items()},
        "config": {
            "architectures": ["Qwen3ForCausalLM"],
            "model_type": "qwen3",
            "dtype": "float32",
            "vocab_size": 256,
            "hidden_size": 64,
            "intermediate_size": 96,
            "num_hidden_layers": 2,
            "num_attention_heads": 2,
            "num_key_value_heads": 1,
            "head_dim": 128,
            "rms_norm_eps": 1e-6,
            "rope_parameters": NEW_STYLE_ROPE["yarn"],
            "tie_word_embeddings": True,
            "attention_bias": False,
            "use_sliding_window": False,
            **COMMON,
        },
    },
}


def build(config: dict, weights: dict | None = None):
    kind = transformers.CONFIG_MAPPING[config["model_type"]]
    settings = kind.from_dict({key: value for key, value in config.items() if "dtype" not in key})
    settings._attn_implementation = "eager"
    model = transformers.AutoModelForCausalLM.from_config(settings, dtype=torch.float32).eval()
    if weights is not None:
        missing, unexpected = model.load_state_dict(weights, strict=False)
        assert not unexpected and set(missing) <= {"lm_head.weight"}, (missing, unexpected)
        model.tie_weights()
    return model


def random_weights(model, seed: int) -> dict:
    """Attention of middling sharpness, blocks that matter beside the embedding, gains that are not one."""
    generator = torch.Generator().manual_seed(seed)
    gains = {"q_proj": 1.3, "k_proj": 1.3, "v_proj": 1.0, "o_proj": 0.8, "gate_proj": 1.2, "up_proj": 1.2, "down_proj": 1.0}
    weights = {}
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        if "norm" in name:
            weights[name] = 1.1 + 0.3 * noise
        elif name.endswith("bias"):
            weights[name] = 0.5 * noise
        elif "embed_tokens" in name or "lm_head" in name:
            weights[name] = noise * 2 * parameter.shape[1] ** -0.5
        else:
            weights[name] = noise * gains[name.split(".")[-2]] * parameter.shape[1] ** -0.5
    return weights


def last_logits(model, ids: list[int]) -> torch.Tensor:
    with torch.no_grad():
        return model(torch.tensor([ids])).logits[0, -1]


def check_not_degenerate(model, ids: list[int], logits: torch.Tensor) -> None:
    with torch.no_grad():
        attentions = model(torch.tensor([ids]), output_attentions=True).attentions
    uniform = torch.tensor(float(len(ids))).log()
    for layer in attentions:
        probabilities = layer[0, :, -1].clamp(min=1e-12)
        entropy = -(probabilities * probabilities.log()).sum(-1) / uniform
        assert bool(((entropy > 0.25) & (entropy < 0.985)).all()), entropy
    top = logits.topk(2).values
    assert 0.7 < logits.std() < 6 and top[0] - top[1] > 0.03, (logits.std(), top)


def save_weights(folder: Path, weights: dict, shards: int) -> None:
    names = list(weights)
    total = sum(tensor.numel() * tensor.element_size() for tensor in weights.values())
    if shards == 1:
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        return
    size = -(-len(names) // shards)
    where = {}
    for number in range(shards):
        file = f"model-{number + 1:05}-of-{shards:05}.safetensors"
        part = names[number * size : (number + 1) * size]
        save_file({name: weights[name] for name in part}, folder / file, metadata={"format": "pt"})
        where |= dict.fromkeys(part, file)
    index = {"metadata": {"total_size": total}, "weight_map": where}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index, indent=2) + "\n")


def rounded(logits: torch.Tensor) -> list[float]:
    return [float(f"{value:.7g}") for value in logits.tolist()]


def make(family: dict, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    config = family["config"]
    stored = {
        name: tensor.to(family["stored"]).contiguous()
        for name, tensor in random_weights(build(config), family["seed"]).items()
    }
    save_weights(folder, stored, family["shards"])
    (folder / "config.json").write_text(json.dumps(config, indent=2) + "\n")

    rng = random.Random(family["seed"])
    ids = [rng.randrange(config["vocab_size"]) for _ in range(IDS)]
    exact = {name: tensor.float() for name, tensor in stored.items()}
    model = build(config, exact)
    logits = last_logits(model, ids)
    check_not_degenerate(model, ids, logits)
    loaded = transformers.AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager")
    torch.testing.assert_close(last_logits(loaded.eval(), ids), logits)

    variants, computed = [], []
    for name, override in family["variants"].items():
        computed.append(last_logits(build({**config, **override}, exact), ids))
        variants.append({"name": name, "configOverride": override, "logits": rounded(computed[-1])})
    for number, one in enumerate(computed):
        others = computed[:number]
        assert all((one - other).norm() / one.norm() > 0.02 for other in others), "a RoPE setting makes no difference"
    expected = {"transformersVersion": transformers.__version__, "ids": ids, "logits": rounded(logits)}
    (folder / "expected.json").write_text(json.dumps({**expected, "ropeVariants": variants}) + "\n")
    size = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    print(f"{folder.name}: {size:,} bytes of weights, logits' deviation {logits.std():.2f}")


def main() -> None:
    arguments = argparse.ArgumentParser(description=__doc__)
    arguments.add_argument("--out", type=Path, required=True)
    given = arguments.parse_args()
    for name, family in FAMILIES.items():
        make(family, given.out / name)


if __name__ == "__main__":
    main()
