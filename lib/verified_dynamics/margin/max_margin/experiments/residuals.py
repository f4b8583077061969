"""Runs about the residual w - w_hat log t: how fast it settles, and the entropy that it carries."""

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.margin.max_margin.data_sets import generic_data_sets
from verified_dynamics.margin.max_margin.duals import stationary_point
from verified_dynamics.margin.max_margin.experiments.constants import CHAPTER, furthest
from verified_dynamics.margin.max_margin.flow import flow
from verified_dynamics.margin.max_margin.reference import reference
from verified_dynamics.statistics import linear_slope


@experiment(
    "return-to-the-residual",
    chapter=CHAPTER,
    smoke=Profile(grid={"mode": (0.3, 0.6), "clearance": (0.45, 0.9)}, seeds=16),
    full=Profile(grid={"mode": (0.3, 0.6), "clearance": (0.45, 0.9)}, seeds=400),
    tolerances={"error": Tolerance(rtol=1e-3, atol=1e-11)},
    unit="data sets",
)
def return_to_the_residual(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Mode lambda and clearance kappa - 1 of planar data sets vary; measured is |w - w_hat log t - w~|."""
    mode, kappa = cell["mode"], 1 + cell["clearance"]
    log_time = np.arange(26.0, 37.0, 2.0)
    x = generic_data_sets(seeds, n=6, d=2, modes=(mode, mode), next_margin=(kappa, kappa))
    w = flow(x.to(device), log_time).cpu().numpy()
    solved = [reference(rows) for rows in x]
    limit = np.stack([r.w_hat[None] * log_time[:, None] + r.w_tilde for r in solved])
    error = np.linalg.norm(w - limit, axis=-1)
    return xr.Dataset({"error": (("seed", "log_time"), error)}, coords={"log_time": log_time})


def return_rate(data: xr.Dataset) -> xr.DataArray:
    """Exponent of t in the decay of the residual's error, per data set and cell."""
    return -linear_slope(np.log(data["error"]), "log_time")


def return_rate_ratio(data: xr.Dataset) -> xr.DataArray:
    """Statistic: measured exponent over min(1, lambda, kappa - 1), furthest from one."""
    return furthest(return_rate(data) / np.minimum(np.minimum(data["mode"], data["clearance"]), 1.0), 1.0)


def return_rate_ratio_clearance(data: xr.Dataset) -> xr.DataArray:
    """Statistic: measured exponent over kappa - 1 alone, furthest from one."""
    return furthest(return_rate(data) / data["clearance"], 1.0)


@experiment(
    "effective-support",
    chapter=CHAPTER,
    smoke=Profile(grid={"d": (2, 5, 8)}, seeds=24),
    full=Profile(grid={"d": (2, 5, 8, 16)}, seeds=400),
    tolerances={"infimum": Tolerance(rtol=1e-8), "effective_support": Tolerance(rtol=1e-8)},
    unit="data sets",
)
def effective_support(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The dimension of generic data sets varies; measured is the infimum of sum exp(-z_n . v) beside exp(entropy)."""
    solved = [
        (rows.numpy(), reference(rows)) for rows in generic_data_sets(seeds, n=2 * cell["d"] + 6, d=cell["d"])
    ]
    infimum = []
    for rows, r in solved:
        z = rows[r.support] - r.gamma * r.u
        infimum.append(np.exp(-z @ stationary_point(z, np.zeros(cell["d"]))).sum())
    effective = [r.effective_support for _, r in solved]
    return xr.Dataset(
        {"infimum": ("seed", np.array(infimum)), "effective_support": ("seed", np.array(effective))}
    )


def effective_support_ratio(data: xr.Dataset) -> xr.DataArray:
    """Statistic: infimum over exp(entropy), furthest from one."""
    return furthest(data["infimum"] / data["effective_support"], 1.0)


def support_ratio(data: xr.Dataset) -> xr.DataArray:
    """Statistic: infimum over the number of support vectors, furthest from one."""
    return furthest(data["infimum"] / data["d"], 1.0)
