"""One function, many degeneracies: local values along the fibre of reduced-rank regression, measured exactly."""

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.degeneracy.local_learning_coefficient import (
    balanced_point,
    block_gibbs,
    deep_linear,
    fibre_point,
    fibre_ranks,
    reduced_rank_local,
)
from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/local-learning-coefficient"
# Widths from the inputs to the outputs, and the rank of the target.
NETWORKS = ("5-3-5 rank 0", "5-3-5 rank 1", "4-3-8 rank 1", "3-4-3 rank 1")
RANKS = [(a, b) for a in range(4) for b in range(4)]
LINEAR = (
    "5-3-5 rank 1",
    "8-3-4 rank 1",
    "3-8-4 rank 2",
    "4-4-4-4 rank 1",
    "4-4-4-4-4 rank 0",
    "6-4-5-3-6 rank 2",
)


def network(name: str) -> tuple[tuple[int, ...], int]:
    """Widths and rank of a network named like "5-3-5 rank 1"."""
    widths, _, rank = name.split(" ")
    return tuple(map(int, widths.split("-"))), int(rank)


@experiment(
    "local-values-on-the-fibre",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"network": NETWORKS[2:3]}, seeds=16, settings={"sweeps": 150, "n_beta": 1e12, "localization": 1e3}
    ),
    full=Profile(
        grid={"network": NETWORKS}, seeds=64, settings={"sweeps": 600, "n_beta": 1e12, "localization": 1e3}
    ),
    tolerances={
        "coefficient": Tolerance(rtol=0.05), "predicted": Tolerance(rtol=1e-12), "multiplicity": Tolerance(),
    },
    unit="chains",
)  # fmt: skip
def local_values(cell, seeds, device) -> xr.Dataset:
    """λ at a point of each pair of ranks (a, b) on the fibre BA = W*, by the exact sampler, one chain for each seed.

    Pairs of which the fibre has no point are not numbers. The target has singular values 4, so that a ball of radius
    1/√γ around the point meets no other stratum.
    """
    (inputs, hidden, outputs), rank = network(cell["network"])
    found = np.full((len(RANKS), len(seeds)), np.nan)
    predicted, multiplicity = np.full(len(RANKS), np.nan), np.full(len(RANKS), np.nan)
    for pair in fibre_ranks(inputs, hidden, outputs, rank):
        number = RANKS.index(pair)
        point = fibre_point(inputs, hidden, outputs, rank, *pair, scale=4.0)
        found[number] = block_gibbs(
            point, n_beta=cell["n_beta"], localization=cell["localization"], chains=len(seeds),
            draws=cell["sweeps"], burn_in=cell["sweeps"] // 3, seed=100 * number + seeds[0], device=device,
        ).per_chain.numpy()  # fmt: skip
        local = reduced_rank_local(inputs, hidden, outputs, rank, *pair)
        predicted[number], multiplicity[number] = local.coefficient, local.multiplicity
    return xr.Dataset(
        {
            "coefficient": (("ranks", "seed"), found),
            "predicted": ("ranks", predicted),
            "multiplicity": ("ranks", multiplicity),
        },
        coords={"ranks": [f"({a},{b})" for a, b in RANKS]},
    )


def local_value(network: str, ranks: str):
    """Measured λ at a point of these ranks, per chain."""
    return lambda data: data.coefficient.sel(network=network, ranks=ranks)


def local_value_over_prediction(network: str):
    """Measured over predicted λ on average over the points of multiplicity one, per chain."""

    def ratio(data: xr.Dataset) -> xr.DataArray:
        chosen = data.sel(network=network)
        return (chosen.coefficient / chosen.predicted).where(chosen.multiplicity == 1).mean("ranks")

    return ratio


@experiment(
    "end-points-of-gradient-descent",
    chapter=CHAPTER,
    smoke=Profile(grid={"initial_scale": (0.7, 1e-3)}, seeds=20, settings={"chains": 12, "sweeps": 40}),
    full=Profile(grid={"initial_scale": (0.7, 1e-3)}, seeds=64, settings={"chains": 32, "sweeps": 300}),
    tolerances={
        "coefficient": Tolerance(rtol=0.05), "predicted": Tolerance(rtol=1e-12), "loss": Tolerance(atol=1e-9),
        "global_value": Tolerance(rtol=1e-12), "first_rank": Tolerance(), "second_rank": Tolerance(),
        "positive": Tolerance(),
    },
    unit="initialisations",
)  # fmt: skip
def end_points(cell, seeds, device) -> xr.Dataset:
    """Gradient descent on ½‖BA − W*‖² from a large and from a small initialisation, then λ around where it ends.

    Four inputs, three hidden units, eight outputs, W* with the one singular value 2. `predicted` is the local value
    at the ranks of the end point (singular values above 0.05); `positive` counts the positive eigenvalues of
    AAᵀ − BᵀB at the *start*. λ is measured from the least loss, 0, to which the small initialisation still falls.
    """
    target = torch.zeros(8, 4, dtype=torch.float64)
    target[0, 0] = 2.0
    start = _drawn(cell["initial_scale"], seeds)
    first, second = _descended(start, target)
    ranks = [(torch.linalg.svdvals(layer) > 0.05).sum(1).numpy() for layer in (first, second)]
    balance = start[0] @ start[0].mT - start[1].mT @ start[1]
    found = [
        block_gibbs(
            (first[k], second[k]), n_beta=1e12, localization=1e3, target=target, chains=cell["chains"],
            draws=cell["sweeps"], burn_in=cell["sweeps"] // 2, seed=seed, device=device,
        ).estimate
        for k, seed in enumerate(seeds)
    ]  # fmt: skip
    predicted = [float(reduced_rank_local(4, 3, 8, 1, a, b).coefficient) for a, b in zip(*ranks, strict=True)]
    return xr.Dataset(
        {
            "coefficient": ("seed", found),
            "predicted": ("seed", predicted),
            "first_rank": ("seed", ranks[0]),
            "second_rank": ("seed", ranks[1]),
            "positive": ("seed", (torch.linalg.eigvalsh(balance) > 0).sum(1).numpy()),
            "loss": ("seed", ((second @ first - target).square().sum((1, 2)) / 2).numpy()),
            "global_value": ((), float(reduced_rank_local(4, 3, 8, 1, 1, 1).coefficient)),
        }
    )


def _drawn(scale: float, seeds) -> tuple[Tensor, Tensor]:
    """A (s, 3, 4) and B (s, 8, 3), normal with this standard deviation."""
    generators = [torch.Generator().manual_seed(3000 + seed) for seed in seeds]
    first = torch.stack([torch.randn(3, 4, generator=g, dtype=torch.float64) for g in generators])
    second = torch.stack([torch.randn(8, 3, generator=g, dtype=torch.float64) for g in generators])
    return scale * first, scale * second


def _descended(start: tuple[Tensor, Tensor], target: Tensor, *, rate: float = 0.02, steps: int = 20_000):
    """Both factors after full-batch gradient descent, which stops early where every squared error is below 1e-26."""
    first, second = start
    for step in range(steps):
        error = second @ first - target
        if step % 500 == 0 and error.square().sum((1, 2)).max() < 1e-26:
            break
        first, second = first - rate * second.mT @ error, second - rate * error @ first.mT
    return first, second


def end_point_error(initial_scale: float):
    """Measured λ minus the local value at the end point's ranks, per initialisation."""
    return lambda data: (data.coefficient - data.predicted).sel(initial_scale=initial_scale)


def above_global(initial_scale: float):
    """Measured λ minus the global value, per initialisation."""
    return lambda data: (data.coefficient - data.global_value).sel(initial_scale=initial_scale)


def ranks_follow_balance(data: xr.Dataset) -> xr.DataArray:
    """Whether a + b = H + r and a is the number p of positive eigenvalues at the start or p + 1; large scale only."""
    large = data.sel(initial_scale=0.7)
    extra = large.first_rank - large.positive
    return (large.first_rank + large.second_rank == 4) & ((extra == 0) | (extra == 1))


@experiment(
    "linear-networks-at-low-temperature",
    chapter=CHAPTER,
    smoke=Profile(grid={"network": LINEAR[:4]}, seeds=32, settings={"sweeps": 120, "n_beta": 1e10}),
    full=Profile(grid={"network": LINEAR}, seeds=64, settings={"sweeps": 600, "n_beta": 1e10}),
    tolerances={
        "coefficient": Tolerance(rtol=0.05), "predicted": Tolerance(rtol=1e-12),
        "multiplicity": Tolerance(), "half_parameters": Tolerance(),
    },
    unit="chains",
)  # fmt: skip
def linear_networks(cell, seeds, device) -> xr.Dataset:
    """λ at the balanced minimum of linear networks of two to four layers, by the exact sampler at nβ = 1e10, γ = 1."""
    widths, rank = network(cell["network"])
    draws = block_gibbs(
        balanced_point(widths, rank), n_beta=cell["n_beta"], localization=1.0, chains=len(seeds),
        draws=cell["sweeps"], burn_in=cell["sweeps"], seed=200 + seeds[0], device=device,
    )  # fmt: skip
    exact = deep_linear(widths, rank)
    parameters = sum(rows * columns for rows, columns in zip(widths[1:], widths[:-1], strict=True))
    return xr.Dataset(
        {
            "coefficient": ("seed", draws.per_chain.numpy()),
            "predicted": ((), float(exact.coefficient)),
            "multiplicity": ((), exact.multiplicity),
            "half_parameters": ((), parameters / 2),
        }
    )


def over_closed_form(network: str):
    """Measured λ over the closed form, per chain."""
    return lambda data: (data.coefficient / data.predicted).sel(network=network)


def over_half_parameters(network: str):
    """Measured λ over half the number of parameters, per chain."""
    return lambda data: (data.coefficient / data.half_parameters).sel(network=network)
