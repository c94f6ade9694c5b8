"""The built-in model: the Qwen3 architecture with Hugging Face's parameter names, over flat batches of tokens.

All tokens of a batch lie in one axis whatever the length of its sequences, in chunks of one size, so what is compiled
(everything but attention) is compiled once for every length.
"""

from dataclasses import dataclass
from functools import lru_cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.attention.bias import causal_lower_right
from torch.utils.checkpoint import checkpoint

CHUNK = 131_072
"""Tokens that go through the compiled parts at once."""
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
    rope_theta: float = 1e9
    """A million tokens turn the slowest 11 of 32 pairs by less than a quarter, so that content matches at any distance."""
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


@dataclass(frozen=True)
class Local:
    """How one long sequence is trained on at a cost that grows with its length and not with its square.

    All but the last `tail` tokens see their own block of `block` tokens only; the tail, which holds the questions, sees
    everything. Positions are those of the whole sequence.
    """

    block: int
    tail: int


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

    def _attend(self, q: Tensor, k: Tensor, v: Tensor, rows: int, local: "Local | None" = None) -> Tensor:
        tokens = q.shape[0]
        group = self.shape.heads // self.shape.kv_heads
        k, v = (one.repeat_interleave(group, dim=1) for one in (k, v))

        def causal(q: Tensor, k: Tensor, v: Tensor, rows: int) -> Tensor:
            q, k, v = (one.unflatten(0, (rows, -1)).transpose(1, 2) for one in (q, k, v))
            same = q.shape[2] == k.shape[2]
            mask = None if same else causal_lower_right(q.shape[2], k.shape[2])
            # cuDNN takes no mask that is aligned with the last key.
            backend = self.attention if same or self.attention != "cudnn" else "flash"
            with sdpa_kernel(BACKENDS[backend]):
                mixed = F.scaled_dot_product_attention(q, k, v, attn_mask=mask, is_causal=same)
            return mixed.transpose(1, 2).flatten(0, 1).flatten(1)

        if local is None:
            return causal(q, k, v, rows)
        before = tokens - local.tail
        blocks = causal(q[:before], k[:before], v[:before], before // local.block)
        return torch.cat((blocks, causal(q[before:], k, v, 1)))

    def _layer(self, x: Tensor, layer: "Layer", cosine: Tensor, sine: Tensor, rows: int, local: "Local | None") -> Tensor:
        epsilon, dtype = self.shape.epsilon, self.dtype
        a, m = layer.self_attn, layer.mlp
        norm, projections = layer.input_layernorm.weight, (a.q_proj.weight, a.k_proj.weight, a.v_proj.weight)
        chunks = zip(x.split(CHUNK), cosine.split(CHUNK), sine.split(CHUNK))
        parts = [
            self._before(part, norm, *projections, a.q_norm.weight, a.k_norm.weight, cos, sin, epsilon, dtype)
            for part, cos, sin in chunks
        ]
        q, k, v = (torch.cat(ones) if len(ones) > 1 else ones[0] for ones in zip(*parts))
        mixed = self._attend(q, k, v, rows, local)
        rest = (layer.post_attention_layernorm.weight, m.gate_proj.weight, m.up_proj.weight, m.down_proj.weight)
        after = [
            self._after(part, with_, a.o_proj.weight, *rest, epsilon, dtype)
            for part, with_ in zip(x.split(CHUNK), mixed.split(CHUNK))
        ]
        return torch.cat(after) if len(after) > 1 else after[0]

    def hidden(self, ids: Tensor, local: "Local | None" = None) -> Tensor:
        """The residual stream before the last norm, (rows * length, hidden), for ids of (rows, length).

        With more tokens than one chunk, each layer is computed again on the way back instead of being kept.
        """
        rows, length = ids.shape
        cosine, sine = self._rope(rows, length, ids.device)
        x = self.model.embed_tokens(ids.flatten()).float()
        again = torch.is_grad_enabled() and ids.numel() > CHUNK
        for layer in self.model.layers:
            given = (x, layer, cosine, sine, rows, local)
            x = checkpoint(self._layer, *given, use_reentrant=False) if again else self._layer(*given)
        return x

    def losses(self, ids: Tensor, targets: Tensor, local: "Local | None" = None, places: Tensor | None = None) -> Tensor:
        """Cross entropy of every target, flat, or of those at the flat `places` only."""
        x, targets = self.hidden(ids, local), targets.flatten()
        if places is not None:
            x, targets = x[places], targets[places]
        weight = self.model.embed_tokens.weight
        parts = [
            self._losses(part, self.model.norm.weight, weight, target, self.shape.epsilon, self.dtype)
            for part, target in zip(x.split(CHUNK), targets.split(CHUNK))
        ]
        return torch.cat(parts) if len(parts) > 1 else parts[0]

    def logits(self, ids: Tensor, positions: Tensor) -> Tensor:
        """Logits of the given positions of one sequence (1, length)."""
        x = rms_norm(self.hidden(ids)[positions], self.model.norm.weight, self.shape.epsilon)
        return F.linear(x.to(self.dtype), self.model.embed_tokens.weight.to(self.dtype)).float()

    def prefill(self, ids: Tensor, room: int) -> "Cache":
        """Keys and values of every layer for ids of (1, length), with `room` further places."""
        length = ids.shape[1]
        shape = (length + room, self.shape.kv_heads, self.shape.head_dim)
        kept = [tuple(torch.zeros(shape, dtype=self.dtype, device=ids.device) for _ in "kv") for _ in self.model.layers]
        cache = Cache(length, kept)
        self._through(ids, cache, 0)
        return cache

    def continued(self, ids: Tensor, cache: "Cache", positions: Tensor) -> Tensor:
        """Logits at `positions` of ids (1, few) that follow what `cache` holds; the cache itself stays as it was."""
        x = self._through(ids, cache, cache.length)[positions]
        x = rms_norm(x, self.model.norm.weight, self.shape.epsilon)
        return F.linear(x.to(self.dtype), self.model.embed_tokens.weight.to(self.dtype)).float()

    def _through(self, ids: Tensor, cache: "Cache", start: int) -> Tensor:
        length, epsilon, dtype = ids.shape[1], self.shape.epsilon, self.dtype
        cosine, sine = (one[start : start + length] for one in self._rope(1, cache.room, ids.device))
        x = self.model.embed_tokens(ids.flatten()).float()
        for layer, (keys, values) in zip(self.model.layers, cache.layers):
            a, m = layer.self_attn, layer.mlp
            norm, projections = layer.input_layernorm.weight, (a.q_proj.weight, a.k_proj.weight, a.v_proj.weight)
            rest = (layer.post_attention_layernorm.weight, m.gate_proj.weight, m.up_proj.weight, m.down_proj.weight)
            queries = []
            for at in range(0, length, CHUNK):
                part = slice(at, min(at + CHUNK, length))
                q, k, v = self._before(
                    x[part], norm, *projections, a.q_norm.weight, a.k_norm.weight, cosine[part], sine[part], epsilon, dtype
                )
                queries.append(q)
                keys[start + part.start : start + part.stop] = k
                values[start + part.start : start + part.stop] = v
            end = start + length
            mixed = self._attend(torch.cat(queries), keys[:end], values[:end], 1)
            for at in range(0, length, CHUNK):
                part = slice(at, min(at + CHUNK, length))
                x[part] = self._after(x[part], mixed[part], a.o_proj.weight, *rest, epsilon, dtype)
        return x


@dataclass
class Cache:
    length: int
    layers: list[tuple[Tensor, Tensor]]
    """Keys and values, each (places, kv_heads, head_dim)."""

    @property
    def room(self) -> int:
        return self.layers[0][0].shape[0]
