"""Activation functions by name, and their degree of positive homogeneity where they have one."""

import torch
from torch import Tensor, nn

from verified_dynamics.models.options import one_of


class SquaredReLU(nn.Module):
    """max(x, 0)^2, which is 2-homogeneous: scaling x by c > 0 scales the value by c^2."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.relu(x).square()


# The degree k in phi(c x) = c^k phi(x) for all c > 0; None where no k exists.
ACTIVATION_DEGREES: dict[str, int | None] = {
    "gelu": None,
    "leaky_relu": 1,
    "linear": 1,
    "relu": 1,
    "relu6": None,
    "silu": None,
    "squared_relu": 2,
    "tanh": None,
}

_FACTORIES = {
    "gelu": nn.GELU,
    "leaky_relu": lambda: nn.LeakyReLU(0.1),
    "linear": nn.Identity,
    "relu": nn.ReLU,
    "relu6": nn.ReLU6,
    "silu": nn.SiLU,
    "squared_relu": SquaredReLU,
    "tanh": nn.Tanh,
}


def activation(name: str) -> nn.Module:
    """A new elementwise activation module for a name in `ACTIVATION_DEGREES` (leaky ReLU has slope 0.1).

    Raises ValueError with the nearest known name where the name is unknown.
    """
    return _FACTORIES[one_of("activation", name, _FACTORIES)]()
