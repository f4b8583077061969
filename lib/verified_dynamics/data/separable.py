"""Separable data whose maximum-margin solution is known because it was planted."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, eq=False)
class PlantedSeparation:
    """Label-absorbed data x (s, n, d) with the solution of their hard-margin problem.

    margin: max over unit u of min_n x_n . u, the same for all seeds. direction: its maximiser u (s, d).
    dual: the probability vector p (s, n) with sum_n p_n x_n = margin * u; positive on the support only.
    """

    x: Tensor
    margin: float
    direction: Tensor
    dual: Tensor


def planted_separation(
    n: int,
    d: int,
    *,
    margin: float,
    seeds: Sequence[int],
    support: int | None = None,
    clearance: float = 0.3,
    dual_ratio: float = 3.0,
    dtype: torch.dtype = torch.float64,
) -> PlantedSeparation:
    """Gaussian data x (s, n, d), labels absorbed (x_n = y_n times the input), of exactly the given margin.

    For each seed a unit direction u is drawn. `support` rows (at most, and unless given, min(n, d)) are
    margin * u + z_n with Gaussian z_n orthogonal to u and sum_n p_n z_n = 0 for dual weights p > 0 whose
    largest and smallest differ by at most the factor `dual_ratio`; the other rows have x_n . u of at least
    (1 + clearance) * margin. So margin * u is the shortest point of the rows' convex hull, which makes u the
    maximum-margin direction. Support rows are linearly independent, so the dual is unique, and with
    support = d they span the space. Rows stand in random order; each seed has a generator of its own.

    Raises ValueError for sizes or values with which no such separable data set exists.
    """
    support = min(n, d) if support is None else support
    _refuse(n, d, margin=margin, seeds=seeds, support=support, clearance=clearance, dual_ratio=dual_ratio)
    parts = [_plant(n, d, margin, seed, support, clearance, dual_ratio) for seed in seeds]
    x, direction, dual = (torch.stack(part).to(dtype) for part in zip(*parts, strict=True))
    return PlantedSeparation(x, float(margin), direction, dual)


def separable_gaussian(n: int, d: int, *, margin: float, seeds: Sequence[int], **options) -> Tensor:
    """The data x (s, n, d) of `planted_separation`, with the same options, without their solution."""
    return planted_separation(n, d, margin=margin, seeds=seeds, **options).x


def _refuse(n, d, *, margin, seeds, support, clearance, dual_ratio) -> None:
    if n < 1 or d < 1:
        raise ValueError(f"n and d must be at least 1, but they are {n} and {d}.")
    if not 0 < margin < float("inf"):
        raise ValueError(f"data with margin {margin} are not separable; the margin must be positive.")
    if not 1 <= support <= min(n, d):
        raise ValueError(f"support must lie between 1 and min(n, d) = {min(n, d)}, but it is {support}.")
    if not clearance > 0:
        raise ValueError(f"clearance must be positive, but it is {clearance}.")
    if not 1 <= dual_ratio < float("inf"):
        raise ValueError(f"dual_ratio must be at least 1, but it is {dual_ratio}.")
    if not len(seeds):
        raise ValueError("seeds must hold at least one seed.")


def _plant(n: int, d: int, margin: float, seed: int, support: int, clearance: float, dual_ratio: float):
    generator = torch.Generator().manual_seed(int(seed))
    options = {"generator": generator, "dtype": torch.float64}
    u = torch.randn(d, **options)
    u = u / u.norm()
    weights = 1 + (dual_ratio - 1) * torch.rand(support, **options)
    p = torch.zeros(n, dtype=torch.float64)
    p[:support] = weights / weights.sum()
    z = torch.randn(n, d, **options)
    z = z - (z @ u)[:, None] * u
    z[:support] -= p[:support] @ z[:support]
    along = torch.full((n,), float(margin), dtype=torch.float64)
    along[support:] *= 1 + clearance + torch.randn(n - support, **options).abs()
    order = torch.randperm(n, generator=generator)
    return (along[:, None] * u + z)[order], u, p[order]
