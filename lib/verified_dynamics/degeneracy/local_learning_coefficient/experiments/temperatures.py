"""What a perfect sampler returns at a finite temperature and a finite localisation."""

import numpy as np
import torch
import xarray as xr
from torch import nn

from verified_dynamics.degeneracy.local_learning_coefficient import (
    balanced_point,
    block_gibbs,
    local_learning_coefficients,
    scalar_chain,
)
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/local-learning-coefficient"
SCALED = (1e1, 1e2, 1e4, 1e6)


@experiment(
    "products-at-finite-temperature",
    chapter=CHAPTER,
    smoke=Profile(grid={"factors": (2, 3, 4), "localization": (1.0, 10.0)}, seeds=128, settings={"sweeps": 60}),
    full=Profile(grid={"factors": (2, 3, 4), "localization": (1.0, 10.0)}, seeds=256, settings={"sweeps": 2000}),
    tolerances={"coefficient": Tolerance(atol=0.03), "exact": Tolerance(rtol=1e-6)},
    unit="chains",
)  # fmt: skip
def products(cell, seeds, device) -> xr.Dataset:
    """λ(nβ) of K = ½ (w_1 ⋯ w_L)² at zero, λ = ½ and m = L, by the exact sampler and by a one-dimensional integral.

    nβ is chosen such that nβ/γ^L, on which alone the value depends, takes the same four values for both γ.
    """
    factors, gamma = cell["factors"], cell["localization"]
    found, exact = [], []
    for number, scaled in enumerate(SCALED):
        n_beta = scaled * gamma**factors
        draws = block_gibbs(
            balanced_point((1,) * (factors + 1), 0), n_beta=n_beta, localization=gamma, chains=len(seeds),
            draws=cell["sweeps"], burn_in=cell["sweeps"] // 2, device=device,
            seed=seeds[0] + 10 * number + 1000 * factors + int(gamma),
        )  # fmt: skip
        found.append(draws.per_chain.numpy())
        exact.append(float(scalar_chain(factors, n_beta, gamma)))
    return xr.Dataset(
        {"coefficient": (("scaled", "seed"), found), "exact": ("scaled", exact)},
        coords={"scaled": list(SCALED)},
    )


def product_error(factors: int, localization: float = 1.0):
    """Measured λ minus the exact value at this temperature, on average over the temperatures, per chain."""

    def error(data: xr.Dataset) -> xr.DataArray:
        chosen = data.sel(factors=factors, localization=localization)
        return (chosen.coefficient - chosen.exact).mean("scaled")

    return error


def product_at(factors: int, scaled: float, localization: float = 1.0):
    """Measured λ at one value of nβ/γ^L, per chain."""
    return lambda data: data.coefficient.sel(factors=factors, localization=localization, scaled=scaled)


def localisation_change(factors: int):
    """Measured λ at γ = 10 minus that at γ = 1 at the same nβ/γ^L, averaged over temperatures, per pair of chains."""

    def change(data: xr.Dataset) -> xr.DataArray:
        chosen = data.coefficient.sel(factors=factors)
        return (chosen.sel(localization=10.0) - chosen.sel(localization=1.0)).mean("scaled")

    return change


def change_at_equal_square(factors: int = 4):
    """The same for four factors at nβ/γ² = 1e4 instead, which is nβ/γ⁴ = 100 at γ = 10 and 1e4 at γ = 1."""

    def change(data: xr.Dataset) -> xr.DataArray:
        chosen = data.coefficient.sel(factors=factors)
        return chosen.sel(localization=10.0, scaled=1e2) - chosen.sel(localization=1.0, scaled=1e4)

    return change


@experiment(
    "truth-and-minimiser",
    chapter=CHAPTER,
    smoke=Profile(grid={"centre": ("truth", "minimiser")}, seeds=64, settings={"chains": 4, "draws": 150}),
    full=Profile(grid={"centre": ("truth", "minimiser")}, seeds=512, settings={"chains": 4, "draws": 1000}),
    tolerances={
        "coefficient": Tolerance(atol=0.5), "trustworthy": Tolerance(atol=1.0), "not_minimum": Tolerance(atol=1.0),
    },
    unit="data sets",
)  # fmt: skip
def truth_and_minimiser(cell, seeds, device) -> xr.Dataset:
    """λ̂ of linear regression (d = 10, n = 200, unit noise) at the true weights and at the least squares solution.

    MALA over all data at the default temperature log n, γ = 0.01; every data set is a member of one call.
    """
    n, d = 200, 10
    generators = [torch.Generator().manual_seed(4000 + seed) for seed in seeds]
    draws = torch.stack([torch.randn(n, d + 1, generator=g, dtype=torch.float64) for g in generators])
    x, noise = draws[:, :, :d].to(device), draws[:, :, d:].to(device)
    truth = torch.linspace(-2, 2, d, dtype=torch.float64, device=device)[:, None].expand(len(seeds), d, 1)
    y = x @ truth + noise
    centre = truth if cell["centre"] == "truth" else torch.linalg.lstsq(x, y).solution
    module = nn.Linear(d, 1, bias=False, dtype=torch.float64)
    ensemble = Ensemble(module, {"weight": centre.mT.contiguous()}, {}, tuple(seeds))
    found = local_learning_coefficients(
        ensemble, half_squared_error, (x, y), shared_data=False, sampler="mala", step=0.02, localization=0.01,
        target_acceptance=0.57, chains=cell["chains"], draws=cell["draws"], burn_in=100, seed=seeds[0],
    )  # fmt: skip
    return xr.Dataset(
        {
            "coefficient": ("seed", [e.estimate for e in found]),
            "trustworthy": ("seed", [float(e.verdict.trustworthy) for e in found]),
            "not_minimum": ("seed", [float("not a minimum" in e.verdict) for e in found]),
        }
    )


def half_squared_error(model, inputs, targets):
    """½ |model(x) − y|², summed over outputs and averaged over samples: the negative log-likelihood of unit noise."""
    return (model(inputs) - targets).square().sum(-1).mean() / 2


def estimate_at(centre: str):
    """λ̂ at this centre, per data set."""
    return lambda data: data.coefficient.sel(centre=centre)


def squared_deviation_ratio(data: xr.Dataset) -> xr.DataArray:
    """(λ̂ − its predicted mean)² over its predicted variance at the truth, per data set; one on average.

    Predicted are (d/2)(1 − β) and β² d/2 with β = 1/log n.
    """
    d, beta = 10, 1 / np.log(200)
    return (data.coefficient.sel(centre="truth") - d / 2 * (1 - beta)) ** 2 / (beta**2 * d / 2)
