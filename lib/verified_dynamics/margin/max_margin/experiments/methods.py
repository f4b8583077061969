"""Runs that compare algorithms: how fast each turns, and to where."""

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr

from verified_dynamics.data import separable_gaussian
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.margin.max_margin.data_sets import generic_data_sets
from verified_dynamics.margin.max_margin.experiments.constants import CHAPTER, furthest
from verified_dynamics.margin.max_margin.geometry import NORMS, maximal_margin, normalised_margin
from verified_dynamics.margin.max_margin.methods import (
    DiagonalNet,
    DualAcceleration,
    GradientDescent,
    NormalisedDescent,
    SignDescent,
    descend,
    geometric_steps,
)
from verified_dynamics.margin.max_margin.reference import reference
from verified_dynamics.statistics import last_slope

RULES = {
    "gradient descent": GradientDescent(1.0),
    "normalised, decaying step": NormalisedDescent(1.0, decay=0.5),
    "normalised": NormalisedDescent(1.0),
    "normalised, momentum": NormalisedDescent(1.0, momentum=0.9),
    "dual acceleration": DualAcceleration(1.0),
    "sign descent": SignDescent(0.1, decay=0.0),
}
FAST = ("normalised", "normalised, momentum", "dual acceleration")


@experiment(
    "angle-against-norm",
    chapter=CHAPTER,
    smoke=Profile(grid={"rule": tuple(RULES)}, seeds=24, settings={"d": 5, "steps": 3000}),
    full=Profile(grid={"rule": tuple(RULES)}, seeds=200, settings={"d": 5, "steps": 30_000}),
    tolerances={
        "angle": Tolerance(rtol=1e-3, atol=1e-9),
        "gap": Tolerance(rtol=1e-3, atol=1e-9),
        "norm": Tolerance(rtol=1e-4),
        **{name: Tolerance(rtol=1e-8) for name in ("gamma", "perpendicular", "gap_times_norm")},
    },
    unit="data sets",
)
def angle_against_norm(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The update rule varies on the same generic data sets; measured are angle to u, norm and margin gap by step."""
    x = generic_data_sets(seeds, n=2 * cell["d"] + 6, d=cell["d"])
    steps = geometric_steps(10, cell["steps"], 16)
    w = (
        descend(x.to(device), RULES[cell["rule"]], steps=cell["steps"], record_at=steps).w.cpu().numpy()
    )  # (s, T, d)
    solved = [reference(rows) for rows in x]
    u, gamma = np.stack([r.u for r in solved]), np.array([r.gamma for r in solved])
    along = np.einsum("std,sd->st", w, u)
    across = np.linalg.norm(w - along[..., None] * u[:, None], axis=-1)
    norm = np.linalg.norm(w, axis=-1)
    margin = np.einsum("snd,std->stn", x.numpy(), w).min(-1) / norm
    return xr.Dataset(
        {
            "angle": (("seed", "step"), np.arctan2(across, along)),
            "norm": (("seed", "step"), norm),
            "gap": (("seed", "step"), gamma[:, None] - margin),
            "gamma": ("seed", gamma),
            "perpendicular": ("seed", np.array([np.linalg.norm(r.perpendicular) for r in solved])),
            "gap_times_norm": ("seed", np.array([r.entropy - r.min_entropy for r in solved])),
        },
        coords={"step": np.array(steps)},
    )


def universal_ratio(data: xr.Dataset) -> xr.DataArray:
    """Statistic: angle times norm over |P w~| after the last step, furthest from one over the fast rules."""
    last = data.sel(rule=list(FAST)).isel(step=-1)
    return furthest((last["angle"] * last["norm"] / last["perpendicular"]).drop_vars("step"), 1.0)


def universal_gap_ratio(data: xr.Dataset) -> xr.DataArray:
    """Statistic: gap times norm over H - H_inf after the last step, furthest from one over the fast rules."""
    last = data.sel(rule=list(FAST)).isel(step=-1)
    second = last["gamma"] * last["perpendicular"] ** 2 / (2 * last["norm"])
    return furthest(((last["gap"] * last["norm"] - second) / last["gap_times_norm"]).drop_vars("step"), 1.0)


def universal_ratio_sign(data: xr.Dataset) -> xr.DataArray:
    """Statistic: log10 of angle times norm over |P w~| after the last step of sign descent."""
    last = data.sel(rule="sign descent", drop=True).isel(step=-1)
    return np.log10(last["angle"] * last["norm"] / last["perpendicular"]).drop_vars("step")


def gap_slope(rule: str):
    """Statistic: power of the step count in the margin gap over the last decade of steps."""
    return lambda data: last_slope(data["gap"].sel(rule=rule, drop=True), "step")


def norm_over_law(data: xr.Dataset) -> xr.DataArray:
    """Statistic: norm over gamma k, gamma k/(1 - 0.9), gamma k (k + 3)/4 after the last step k, furthest from one."""
    last = data.sel(rule=list(FAST)).isel(step=-1)
    k = float(last["step"])
    law = xr.DataArray([k, k / (1 - 0.9), k * (k + 3) / 4], dims="rule", coords={"rule": list(FAST)})
    return furthest((last["norm"] / (last["gamma"] * law)).drop_vars("step"), 1.0)


@experiment(
    "geometry-table",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"algorithm": ("normalised descent", "sign descent", "diagonal net")},
        seeds=24, settings={"steps": 5000},
    ),
    full=Profile(
        grid={"algorithm": ("normalised descent", "sign descent", "diagonal net")},
        seeds=400, settings={"steps": 60_000},
    ),
    tolerances={"ratio": Tolerance(rtol=1e-3)},
    unit="data sets",
)  # fmt: skip
def geometry_table(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The algorithm varies on separable data (n = 12, d = 6); measured is its margin over the best in three norms."""
    x = separable_gaussian(12, 6, margin=1.0, seeds=seeds)
    x = x / x.norm(dim=-1).amax(dim=-1)[:, None, None]
    rules = {
        "normalised descent": NormalisedDescent(1.0),
        "sign descent": SignDescent(1.0),
        "diagonal net": DiagonalNet(0.2),
    }
    path = descend(x.to(device), rules[cell["algorithm"]], steps=cell["steps"], record_at=(cell["steps"],))
    w, rows = path.w[:, -1].cpu().numpy(), x.numpy()
    best = np.array([[maximal_margin(one, norm) for norm in NORMS] for one in rows])
    reached = np.stack([normalised_margin(rows, w, norm) for norm in NORMS], axis=-1)
    return xr.Dataset({"ratio": (("seed", "norm"), reached / best)}, coords={"norm": list(NORMS)})


def own_norm(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the smallest of the three ratios of an algorithm's margin in its own norm to the best."""
    pairs = (("diagonal net", "l1"), ("normalised descent", "l2"), ("sign descent", "linf"))
    ratios = [data["ratio"].sel(algorithm=a, norm=n, drop=True) for a, n in pairs]
    return xr.concat(ratios, "pair").min("pair")


def other_norm(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the mean of the six ratios in the other algorithms' norms."""
    own = {("diagonal net", "l1"), ("normalised descent", "l2"), ("sign descent", "linf")}
    algorithms, norms = data["algorithm"].values, data["norm"].values
    ratios = [
        data["ratio"].sel(algorithm=a, norm=n, drop=True)
        for a in algorithms
        for n in norms
        if (a, n) not in own
    ]
    return xr.concat(ratios, "pair").mean("pair")
