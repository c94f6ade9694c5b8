"""Muon: momentum whose matrices are replaced by the nearest semi-orthogonal ones before each step.

Written from the description by Keller Jordan and others, "Muon: An optimizer for hidden layers in neural networks"
(2024), with its Newton-Schulz coefficients.
"""

from collections import defaultdict

import torch
from torch import Tensor

COEFFICIENTS = (3.4445, -4.7750, 2.0315)


def orthogonalised(matrices: Tensor, steps: int = 5) -> Tensor:
    """(count, rows, columns): singular values are pushed to about 1 by an odd quintic polynomial, iterated."""
    a, b, c = COEFFICIENTS
    tall = matrices.shape[-2] > matrices.shape[-1]
    x = matrices.bfloat16()
    x = x.mT if tall else x
    x = x / (x.norm(dim=(-2, -1), keepdim=True) + 1e-7)
    for _ in range(steps):
        gram = x @ x.mT
        x = a * x + (b * gram + c * gram @ gram) @ x
    return x.mT if tall else x


class Muon(torch.optim.Optimizer):
    def __init__(self, parameters, lr: float = 0.02, momentum: float = 0.95):
        super().__init__(parameters, {"lr": lr, "momentum": momentum})

    @torch.no_grad()
    def step(self) -> None:
        for group in self.param_groups:
            by_shape = defaultdict(list)
            for parameter in group["params"]:
                by_shape[parameter.shape].append(parameter)
            for shape, parameters in by_shape.items():
                gradients = torch.stack([parameter.grad for parameter in parameters])
                state = self.state[parameters[0]]
                if "momentum" not in state:
                    state["momentum"] = torch.zeros_like(gradients)
                average = state["momentum"].lerp_(gradients, 1 - group["momentum"])
                ahead = gradients.lerp(average, group["momentum"])
                scale = max(1.0, shape[0] / shape[1]) ** 0.5
                update = orthogonalised(ahead).float() * (-group["lr"] * scale)
                torch._foreach_add_(parameters, list(update.unbind()))
