"""The built-in model: the Qwen3 architecture with Hugging Face's parameter names, over flat batches of tokens.

All tokens of a batch lie in one axis whatever the length of its sequences, so what is compiled (everything but
attention) is compiled once for every length.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

BACKENDS = {"flash": SDPBackend.FLASH_ATTENTION, "cudnn": SDPBackend.CUDNN_ATTENTION, "math": SDPBackend.MATH}


@dataclass(frozen=True)
class Shape:
    vocabulary: int = 4096
    hidden: int = 384
    layers: int = 8
    heads: int = 6
    kv_heads: int = 2
    head_dim: int = 64
    mlp: int = 1024
    rope_theta: float = 5e6
    epsilon: float = 1e-6
    context: int = 1_048_576

    def config(self) -> dict:
        """As in `config.json`."""
        return {
            "architectures": ["Qwen3ForCausalLM"],
            "model_type": "qwen3",
            "vocab_size": self.vocabulary,
            "hidden_size": self.hidden,
            "intermediate_size": self.mlp,
            "num_hidden_layers": self.layers,
            "num_attention_heads": self.heads,
            "num_key_value_heads": self.kv_heads,
            "head_dim": self.head_dim,
            "hidden_act": "silu",
            "rms_norm_eps": self.epsilon,
            "rope_theta": self.rope_theta,
            "rope_scaling": None,
            "max_position_embeddings": self.context,
            "attention_bias": False,
            "attention_dropout": 0.0,
            "tie_word_embeddings": True,
            "use_sliding_window": False,
            "initializer_range": 0.02,
            "use_cache": True,
            "torch_dtype": "float16",
        }


class Attention(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        width, kv_width = shape.heads * shape.head_dim, shape.kv_heads * shape.head_dim
        self.q_proj = nn.Linear(shape.hidden, width, bias=False)
        self.k_proj = nn.Linear(shape.hidden, kv_width, bias=False)
        self.v_proj = nn.Linear(shape.hidden, kv_width, bias=False)
        self.o_proj = nn.Linear(width, shape.hidden, bias=False)
        self.q_norm = Norm(shape.head_dim)
        self.k_norm = Norm(shape.head_dim)


class MLP(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.gate_proj = nn.Linear(shape.hidden, shape.mlp, bias=False)
        self.up_proj = nn.Linear(shape.hidden, shape.mlp, bias=False)
        self.down_proj = nn.Linear(shape.mlp, shape.hidden, bias=False)


class Norm(nn.Module):
    def __init__(self, size: int):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(size))


class Layer(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.input_layernorm = Norm(shape.hidden)
        self.self_attn = Attention(shape)
        self.post_attention_layernorm = Norm(shape.hidden)
        self.mlp = MLP(shape)


class Decoder(nn.Module):
    def __init__(self, shape: Shape):
        super().__init__()
        self.embed_tokens = nn.Embedding(shape.vocabulary, shape.hidden)
        self.layers = nn.ModuleList(Layer(shape) for _ in range(shape.layers))
        self.norm = Norm(shape.hidden)


def rms_norm(x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
    x = x.float()
    return x * torch.rsqrt(x.square().mean(-1, keepdim=True) + epsilon) * weight


def rotate(x: Tensor, cosine: Tensor, sine: Tensor) -> Tensor:
    """RoPE on (tokens, heads, head_dim): the first half of a head pairs with the second."""
    first, second = x.chunk(2, dim=-1)
    cosine, sine = cosine[:, None], sine[:, None]
    return torch.cat((first * cosine - second * sine, second * cosine + first * sine), dim=-1)


def before_attention(x, norm, wq, wk, wv, q_norm, k_norm, cosine, sine, epsilon: float, dtype: torch.dtype):
    h = rms_norm(x, norm, epsilon).to(dtype)
    head_dim = q_norm.shape[0]
    q, k, v = (F.linear(h, w.to(dtype)).unflatten(-1, (-1, head_dim)) for w in (wq, wk, wv))
    q = rotate(rms_norm(q, q_norm, epsilon), cosine, sine).to(dtype)
    k = rotate(rms_norm(k, k_norm, epsilon), cosine, sine).to(dtype)
    return q, k, v


def after_attention(x, mixed, wo, norm, gate, up, down, epsilon: float, dtype: torch.dtype):
    x = x + F.linear(mixed, wo.to(dtype))
    h = rms_norm(x, norm, epsilon).to(dtype)
    return x + F.linear(F.silu(F.linear(h, gate.to(dtype))) * F.linear(h, up.to(dtype)), down.to(dtype))


def token_losses(x, norm, embedding, targets, epsilon: float, dtype: torch.dtype):
    logits = F.linear(rms_norm(x, norm, epsilon).to(dtype), embedding.to(dtype))
    return F.cross_entropy(logits.float(), targets, reduction="none")


class Model(nn.Module):
    def __init__(self, shape: Shape, dtype: torch.dtype = torch.bfloat16, attention: str = "flash", compiled: bool = False):
        super().__init__()
        self.shape, self.dtype, self.attention = shape, dtype, attention
        self.model = Decoder(shape)
        wrap = (lambda f: torch.compile(f, dynamic=False, fullgraph=True)) if compiled else (lambda f: f)
        self._before, self._after, self._losses = map(wrap, (before_attention, after_attention, token_losses))
        self._rope = lru_cache(maxsize=8)(self._make_rope)

    def initialise(self, seed: int) -> None:
        """Small normal weights; projections that write to the residual stream start at zero."""
        generator = torch.Generator().manual_seed(seed)
        for name, parameter in self.named_parameters():
            if name.endswith(("o_proj.weight", "down_proj.weight")):
                nn.init.zeros_(parameter)
            elif name.endswith(("q_norm.weight", "k_norm.weight")):
                nn.init.constant_(parameter, 1.2)
            elif parameter.ndim == 2:
                spread = 0.02 if "embed" in name else parameter.shape[1] ** -0.5
                parameter.data.copy_(torch.randn(parameter.shape, generator=generator) * spread)

    def _make_rope(self, rows: int, length: int, device: torch.device) -> tuple[Tensor, Tensor]:
        half = self.shape.head_dim // 2
        frequencies = self.shape.rope_theta ** -(torch.arange(half, dtype=torch.float64, device=device) / half)
        angles = torch.arange(length, dtype=torch.float64, device=device)[:, None] * frequencies
        return angles.cos().float().repeat(rows, 1), angles.sin().float().repeat(rows, 1)

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, rows: int) -> Tensor:
        tokens = q.shape[0]
        group = self.shape.heads // self.shape.kv_heads
        k, v = (one.repeat_interleave(group, dim=1) for one in (k, v))
        q, k, v = (one.unflatten(0, (rows, tokens // rows)).transpose(1, 2) for one in (q, k, v))
        with sdpa_kernel(BACKENDS[self.attention]):
            mixed = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return mixed.transpose(1, 2).reshape(tokens, -1)

    def hidden(self, ids: Tensor) -> Tensor:
        """The residual stream before the last norm, (rows * length, hidden), for ids of (rows, length)."""
        rows, length = ids.shape
        cosine, sine = self._rope(rows, length, ids.device)
        epsilon, dtype = self.shape.epsilon, self.dtype
        x = self.model.embed_tokens(ids.flatten()).float()
        for layer in self.model.layers:
            a, m = layer.self_attn, layer.mlp
            q, k, v = self._before(
                x,
                layer.input_layernorm.weight,
                a.q_proj.weight,
                a.k_proj.weight,
                a.v_proj.weight,
                a.q_norm.weight,
                a.k_norm.weight,
                cosine,
                sine,
                epsilon,
                dtype,
            )
            x = self._after(
                x,
                self._attend(q, k, v, rows),
                a.o_proj.weight,
                layer.post_attention_layernorm.weight,
                m.gate_proj.weight,
                m.up_proj.weight,
                m.down_proj.weight,
                epsilon,
                dtype,
            )
        return x

    def losses(self, ids: Tensor, targets: Tensor) -> Tensor:
        """Cross entropy of every target, flat."""
        weight = self.model.embed_tokens.weight
        return self._losses(self.hidden(ids), self.model.norm.weight, weight, targets.flatten(), self.shape.epsilon, self.dtype)

    def logits(self, ids: Tensor, positions: Tensor) -> Tensor:
        """Logits of the given positions of one sequence (1, length)."""
        x = rms_norm(self.hidden(ids)[positions], self.model.norm.weight, self.shape.epsilon)
        return F.linear(x.to(self.dtype), self.model.embed_tokens.weight.to(self.dtype)).float()
