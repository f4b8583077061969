"""The estimator graded: linear networks whose value at the same temperature and localisation is known."""

from dataclasses import dataclass

import numpy as np
import torch
import xarray as xr

from verified_dynamics.degeneracy.local_learning_coefficient import (
    balanced_point,
    block_gibbs,
    deep_linear,
    fibre_point,
    fibre_ranks,
    local_learning_coefficients,
    reduced_rank_local,
)
from verified_dynamics.degeneracy.local_learning_coefficient.experiments.steps import (
    half_squared_error,
    linear_network,
    population_data,
)
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/local-learning-coefficient"
WIDTHS = (
    "5-3-5", "4-4-4-4", "2-4-4-3", "4-3-8", "2-2-2", "3-2-3", "8-3-4", "3-5-3", "3-3-3-3", "3-3-3-3-3",
)  # fmt: skip
# (point, nβ, γ): the last two are ill-conditioned on purpose.
VARIANTS = (
    ("rank 1", 100.0, 4.0), ("rank 0", 300.0, 10.0), ("full rank", 1000.0, 20.0), ("rank 1", 1000.0, 40.0),
    ("off balance", 100.0, 20.0), ("rank 1", 1e5, 1.0), ("rank 0", 1e4, 0.1),
)  # fmt: skip
SOUND = 5
CRAWLING = ["4-4-4-4", "2-4-4-3"]


@dataclass(frozen=True)
class Case:
    """A minimum of a linear network, at a temperature and a localisation, and its λ at infinite nβ."""

    name: str
    layers: tuple[torch.Tensor, ...]
    n_beta: float
    localization: float
    coefficient: float
    multiplicity: int


def case(widths: str, variant: int) -> Case:
    """One of the cases; for two layers "off balance" is a generic point of the fibre of rank 1, else a second rank-1
    target of singular value 4.
    """
    sizes = tuple(map(int, widths.split("-")))
    kind, n_beta, gamma = VARIANTS[variant]
    if kind == "off balance" and len(sizes) == 3:
        ranks = max(pair for pair in fibre_ranks(*sizes, 1) if sum(pair) == sizes[1] + 1)
        layers, exact = fibre_point(*sizes, 1, *ranks), reduced_rank_local(*sizes, 1, *ranks)
    else:
        rank = {"rank 0": 0, "full rank": min(sizes)}.get(kind, 1)
        scale = 4.0 if kind == "off balance" else 1.0
        layers, exact = balanced_point(sizes, rank, scale=scale), deep_linear(sizes, rank)
    name = f"{widths}, {kind}, nβ = {n_beta:g}, γ = {gamma:g}"
    return Case(name, layers, n_beta, gamma, float(exact.coefficient), exact.multiplicity)


@experiment(
    "graded-estimates",
    chapter=CHAPTER,
    smoke=Profile(grid={"widths": WIDTHS[:3]}, seeds=3, settings={"sound": 4, "hard": 1, "draws": 400, "sweeps": 60}),
    full=Profile(grid={"widths": WIDTHS}, seeds=8, settings={"sound": SOUND, "hard": 2, "draws": 2000, "sweeps": 500}),
    tolerances={
        "coefficient": Tolerance(rtol=0.3), "low": Tolerance(rtol=0.3, atol=0.5), "high": Tolerance(rtol=0.3, atol=0.5),
        "truth": Tolerance(rtol=0.02), "limit": Tolerance(rtol=1e-9), "trustworthy": Tolerance(atol=1.0),
        "unmixed": Tolerance(atol=1.0), "unrelaxed": Tolerance(atol=1.0), "dominated": Tolerance(atol=1.0),
        "virial": Tolerance(atol=0.5), "virial_error": Tolerance(atol=0.2),
    },
    unit="independent estimates",
)  # fmt: skip
def graded_estimates(cell, seeds, device) -> xr.Dataset:
    """λ̂ with its interval and verdict from 8 chains of the Metropolis-adjusted sampler, at minima of a linear
    network, beside the value at the same nβ and γ from the exact sampler and the closed form at infinite nβ.

    The first `sound` cases of each network are conditioned so that the chains have time to relax, the last `hard`
    ones are not. All cases and seeds of a network are members of one call, with a data set each.
    """
    numbers = [*range(cell["sound"]), *range(SOUND, SOUND + cell["hard"])]
    cases = [case(cell["widths"], number) for number in numbers]
    found = _estimates(cases, seeds, cell["draws"], device)
    truth = [
        block_gibbs(
            c.layers, n_beta=c.n_beta, localization=c.localization, chains=64, draws=cell["sweeps"],
            burn_in=cell["sweeps"], seed=7000 + number, device=device,
        ).estimate
        for number, c in enumerate(cases)
    ]  # fmt: skip
    columns = {
        "coefficient": lambda e: e.estimate,
        "low": lambda e: e.low,
        "high": lambda e: e.high,
        "trustworthy": lambda e: float(e.verdict.trustworthy),
        "unmixed": lambda e: float("not mixed" in e.verdict),
        "unrelaxed": lambda e: float("not relaxed" in e.verdict),
        "dominated": lambda e: float("localisation-dominated" in e.verdict),
        "virial": lambda e: 2 * e.virial_excess / e.dimension,
        "virial_error": lambda e: 2 * e.virial_error / e.dimension,
    }
    values = {
        name: (("case", "seed"), np.array([read(e) for e in found]).reshape(len(cases), len(seeds)))
        for name, read in columns.items()
    }
    return xr.Dataset(
        {**values, "truth": ("case", truth), "limit": ("case", [c.coefficient for c in cases])},
        coords={"case": numbers},
    )


def _estimates(cases: list[Case], seeds, draws: int, device):
    """An estimate for every case and seed, cases first."""
    members = [c for c in cases for _ in seeds]
    layers = [torch.stack([c.layers[k] for c in members]).to(device) for k in range(len(cases[0].layers))]
    net = linear_network(cases[0].layers).to(device)
    ensemble = Ensemble(net, {f"{k}.weight": w for k, w in enumerate(layers)}, {}, tuple(range(len(members))))
    pairs = [population_data(tuple(w.to(device) for w in c.layers)) for c in members]
    inputs, targets = (torch.stack(column) for column in zip(*pairs, strict=True))
    n_beta = torch.tensor([c.n_beta for c in members], dtype=torch.float64)
    return local_learning_coefficients(
        ensemble, half_squared_error, (inputs, targets), shared_data=False, sampler="mala",
        temperature=inputs.shape[1] / n_beta, step=0.3 / n_beta, target_acceptance=0.75,
        localization=torch.tensor([c.localization for c in members], dtype=torch.float64),
        chains=8, draws=draws, burn_in=draws // 2, seed=7000 + seeds[0],
    )  # fmt: skip


def _sound(data: xr.Dataset) -> xr.Dataset:
    return data.sel(case=data.case < SOUND)


def _stacked(values: xr.DataArray) -> xr.DataArray:
    """Cases, networks and seeds as independent replicates."""
    flat = values.values.reshape(-1)
    return xr.DataArray(flat[~np.isnan(flat)] if flat.dtype != bool else flat, dims="seed")


def inside(against: str):
    """Whether each sound estimate's own 95 % interval holds "truth" (same nβ and γ) or "limit" (λ at infinite nβ)."""

    def covered(data: xr.Dataset) -> xr.DataArray:
        sound = _sound(data)
        return _stacked((sound.low <= sound[against]) & (sound[against] <= sound.high))

    return covered


def share_inside(against: str):
    """The share of the sound estimates that are inside."""
    return lambda data: inside(against)(data).mean()


def relative_error(against: str):
    """|λ̂ − truth| over truth on average over the sound cases, per seed."""

    def error(data: xr.Dataset) -> xr.DataArray:
        sound = _sound(data)
        return (abs(sound.coefficient - sound[against]) / sound[against]).mean(
            [d for d in sound.dims if d != "seed"]
        )

    return error


def virial_shortfall(kind: str):
    """2 (virial excess)/d, per seed: over all "sound" cases, or over the "crawling" chains at nβ = 1e5 and γ = 1 of the
    deep networks.
    """

    return lambda data: _mean_of(kind, data, "virial")


def called_unrelaxed(kind: str):
    """Share of estimates that the verdict calls not relaxed, per seed: of the "sound" or of the "crawling" ones."""
    return lambda data: _mean_of(kind, data, "unrelaxed")


def _mean_of(kind: str, data: xr.Dataset, name: str) -> xr.DataArray:
    chosen = _sound(data)[name] if kind == "sound" else data[name].sel(case=SOUND, widths=CRAWLING)
    return chosen.mean([d for d in chosen.dims if d != "seed"])


def crawling_over_truth(data: xr.Dataset) -> xr.DataArray:
    """λ̂ over the truth of the crawling chains, per seed."""
    return (data.coefficient / data.truth).sel(case=SOUND, widths=CRAWLING).mean("widths")
