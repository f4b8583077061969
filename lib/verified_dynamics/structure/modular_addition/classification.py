"""A name for the structure of a set of points, and what the metrics give where there is none."""

from collections.abc import Sequence

import torch
from torch import Tensor

from verified_dynamics.structure.modular_addition import metrics
from verified_dynamics.structure.modular_addition.particles import random_points

STRUCTURES = ("line", "circle", "grid", "other")
LINE, CIRCLE, GRID = 0.12, 0.9, 0.8


def classify(points: Tensor) -> Tensor:
    """Index into STRUCTURES of each set of points (..., N, 2), as integers (...,).

    `line` where the aspect is below 0.12, else `circle` where the circularity is above 0.9, else `grid` where
    the grid score is above 0.8, else `other`; points that are not finite are `other`.
    """
    finite = torch.isfinite(points).all(-1).all(-1)
    points = torch.where(finite[..., None, None], points, torch.ones_like(points).cumsum(-2).square())
    found = from_scores(metrics.aspect(points), metrics.circularity(points), metrics.grid_score(points))
    return torch.where(finite, found, torch.full_like(found, STRUCTURES.index("other")))


def from_scores(aspect: Tensor, circularity: Tensor, grid_score: Tensor) -> Tensor:
    """The same from the three scores (...,)."""
    found = torch.where(grid_score > GRID, 2, 3)
    found = torch.where(circularity > CIRCLE, 1, found)
    return torch.where(aspect < LINE, 0, found)


def null_points(seeds: Sequence[int], modulus: int, *, dtype=torch.float64, device="cpu") -> Tensor:
    """Points without structure: independent normal ones (s, N, 2)."""
    return random_points([seed + 2**40 for seed in seeds], modulus, dtype=dtype, device=device)


def shuffled(points: Tensor, seeds: Sequence[int]) -> Tensor:
    """The same places (s, N, 2) with their labels permuted at random: the shape is kept, the addition is lost."""
    orders = [torch.randperm(points.shape[-2], generator=torch.Generator().manual_seed(int(seed) + 2**41))
              for seed in seeds]  # fmt: skip
    order = torch.stack(orders).to(points.device)
    return torch.take_along_dim(points, order.unsqueeze(-1), -2)
