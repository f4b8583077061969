"""Losses whose sampled laws are known exactly."""

import math

import torch
from torch import Tensor, nn


class Well(nn.Module):
    """Samples' losses h (w - x)²/2, summed over coordinates, with the minimum at `centre`."""

    def __init__(self, curvature: Tensor, centre: float = 0.0):
        super().__init__()
        self.w = nn.Parameter(torch.full_like(curvature, centre))
        self.register_buffer("h", curvature)

    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * (self.h * (self.w - x) ** 2).sum(dim=-1)


class Product(nn.Module):
    """w1² w2² whatever the data, at the singular point 0."""

    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.zeros(2, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return (self.w[0] * self.w[1]) ** 2 + 0 * x.sum(dim=-1)


def mean(model, x: Tensor) -> Tensor:
    """The loss."""
    return model(x).mean()


def white(samples: int, dimension: int, seed: int = 5) -> Tensor:
    """Data (n, d) of mean exactly 0 and covariance exactly 1: the gradient noise of a Well is exactly h²."""
    generator = torch.Generator().manual_seed(seed)
    x = torch.randn(samples, dimension, generator=generator, dtype=torch.float64)
    return torch.linalg.qr(x - x.mean(dim=0))[0] * math.sqrt(samples)
