"""Minima of a linear network's loss: points of the fibre W_L…W_1 = W* whose local value is known."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor

from verified_dynamics.degeneracy.local_learning_coefficient.closed_forms import fibre_ranks

Layers = tuple[Tensor, ...]


def layer_product(layers: Sequence[Tensor]) -> Tensor:
    """W_L…W_1 of layers (*lead, out, in), first layer first."""
    result = layers[0]
    for layer in layers[1:]:
        result = layer @ result
    return result


def balanced_point(widths: Sequence[int], rank: int, *, scale: float = 1.0) -> Layers:
    """The most degenerate minimum: every layer has rank `rank` and the same singular values.

    The target's non-zero singular values are all `scale`.  Layers are float64, (widths[s + 1], widths[s]).
    """
    if not 0 <= rank <= min(widths):
        raise ValueError(f"The rank lies between 0 and the smallest width {min(widths)}, not {rank}.")
    depth = len(widths) - 1
    layers = []
    for columns, rows in pairwise(widths):
        layer = torch.zeros(rows, columns, dtype=torch.float64)
        layer.diagonal()[:rank] = scale ** (1 / depth)
        layers.append(layer)
    return tuple(layers)


def fibre_point(
    inputs: int,
    hidden: int,
    outputs: int,
    rank: int,
    first_rank: int,
    second_rank: int,
    *,
    scale: float = 1.0,
) -> Layers:
    """(A, B) with BA = scale · diag(1, …, 1, 0, …) of rank `rank`, rank A = `first_rank` and rank B = `second_rank`.

    The `first_rank` − `rank` inputs and the `second_rank` − `rank` outputs that the target does not use are joined
    to hidden units of their own, with weight √scale.  Raises ValueError where no minimum has these ranks.
    """
    if (first_rank, second_rank) not in fibre_ranks(inputs, hidden, outputs, rank):
        raise ValueError(f"No minimum has factors of ranks {first_rank} and {second_rank}; see fibre_ranks.")
    first, second = balanced_point((inputs, hidden, outputs), rank, scale=scale)
    for unit in range(rank, first_rank):
        first[unit, unit] = scale**0.5
    for unit in range(rank, second_rank):
        second[unit, first_rank - rank + unit] = scale**0.5
    return first, second


def factor_ranks(layers: Sequence[Tensor], *, tolerance: float = 1e-6) -> tuple[int, ...]:
    """The rank of each layer: its singular values above `tolerance` times its largest one, and above `tolerance`."""
    ranks = []
    for layer in layers:
        values = torch.linalg.svdvals(layer)
        ranks.append(int((values > tolerance * max(1.0, float(values.max()))).sum()))
    return tuple(ranks)
