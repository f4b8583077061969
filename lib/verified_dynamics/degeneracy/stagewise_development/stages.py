"""Stages of a curve over training: where its slope in log(1 + t) dies out or changes its sign, and how surely."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from verified_dynamics.degeneracy.stagewise_development.slope_posterior import SlopePosterior, slope_samples

RISING, FALLING = "A", "B"
FLAT = 0.25  # of the mean absolute slope
SMALLEST = 0.05  # of the curve's total variation
CERTAIN = 0.9  # share of the posterior curves
GRID = 160


@dataclass(frozen=True)
class Boundary:
    """Where one stage ends and the next begins.

    time, low, high: the median and the ends of the 95 % interval over the posterior curves that have it; share: how
    many of them do; kinds: "A" (rising) or "B" (falling) before and after, in the names of Hoogland et al. 2025.
    """

    time: float
    low: float
    high: float
    share: float
    kinds: tuple[str, str]

    @property
    def certain(self) -> bool:
        """Whether at least nine in ten of the posterior curves have it."""
        return self.share >= CERTAIN


@dataclass(frozen=True, eq=False)
class Stages:
    """The stages of one curve: grid (G,) of times, slope (G,) in log(1 + t) with low and high (95 %), boundaries."""

    times: np.ndarray
    slope: np.ndarray
    low: np.ndarray
    high: np.ndarray
    noise: float
    boundaries: tuple[Boundary, ...]

    @property
    def certain(self) -> tuple[Boundary, ...]:
        """The boundaries that nine in ten of the posterior curves have."""
        return tuple(boundary for boundary in self.boundaries if boundary.certain)


def find_stages(
    times: Sequence[float], values: Sequence[float], *, draws: int = 200, seed: int = 0
) -> Stages:
    """The stages of one curve, values (n,) at training steps times (n,); see `find_stages_of_many`."""
    return find_stages_of_many(times, np.asarray(values, dtype=float)[None], draws=draws, seed=seed)[0]


def find_stages_of_many(
    times: Sequence[float], values: np.ndarray, *, draws: int = 200, seed: int = 0
) -> tuple[Stages, ...]:
    """The stages of curves (curves, n) that were observed at the same training steps times (n,), t >= 0.

    With u = log(1 + t): in each sampled slope curve, a stage is a run on which |df/du| exceeds `FLAT` times its mean
    and over which f changes by at least `SMALLEST` of its total variation. A boundary is the middle of the gap between
    two stages. The boundaries of the mean slope are reported, each with the share of the samples that have one of
    the same kinds there. After the procedure of Hoogland et al. 2025, appendix, whose threshold is a number of the
    curve's own unit; ours has no unit, and the share is ours.
    """
    times = np.asarray(times, dtype=float)
    if (times < 0).any():
        raise ValueError("training steps are not negative: count them from 0.")
    u = np.log1p(times)
    grid = np.linspace(u[0], u[-1], GRID)
    posterior = slope_samples(u, values, grid, draws=draws, seed=seed)
    return tuple(_stages(posterior, k) for k in range(len(posterior.slopes)))


def boundaries_of(grid: np.ndarray, slope: np.ndarray) -> list[tuple[float, tuple[str, str]]]:
    """Places u and kinds of the boundaries of one slope curve on an even grid; see `find_stages_of_many`."""
    size = np.abs(slope)
    sign = np.where(size > FLAT * size.mean(), np.sign(slope), 0.0)
    edges = np.flatnonzero(np.diff(sign)) + 1
    runs = [(a, b) for a, b in zip([0, *edges], [*edges, len(sign)], strict=True) if sign[a]]
    large = [(a, b) for a, b in runs if size[a:b].sum() >= SMALLEST * size.sum()]
    found = []
    for (start, end), (following, _) in pairwise(large):
        place = (grid[end - 1] + grid[following]) / 2
        found.append((float(place), (_kind(sign[start]), _kind(sign[following]))))
    return found


def _kind(sign: float) -> str:
    return RISING if sign > 0 else FALLING


def _stages(posterior: SlopePosterior, k: int) -> Stages:
    grid, slopes = posterior.grid, posterior.slopes[k]
    mean = slopes.mean(axis=0)
    low, high = np.quantile(slopes, (0.025, 0.975), axis=0)
    reference = boundaries_of(grid, mean)
    sampled = [boundaries_of(grid, slope) for slope in slopes]
    places = [place for place, _ in reference]
    limits = np.concatenate([[grid[0]], np.convolve(places, [0.5, 0.5], "valid") if len(places) > 1 else [],
                             [grid[-1]]])  # fmt: skip
    found = []
    for number, (place, kinds) in enumerate(reference):
        near = [
            [p for p, same in sample if same == kinds and limits[number] <= p <= limits[number + 1]]
            for sample in sampled
        ]
        nearest = [min(candidates, key=lambda p: abs(p - place)) for candidates in near if candidates]
        if nearest:
            ends = np.expm1(np.quantile(nearest, (0.5, 0.025, 0.975)))
            found.append(Boundary(*map(float, ends), len(nearest) / len(sampled), kinds))
    return Stages(np.expm1(grid), mean, low, high, float(posterior.noise[k]), tuple(found))
