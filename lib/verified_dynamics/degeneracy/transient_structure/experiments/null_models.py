"""Runs on what is known exactly: two models whose evidence has a closed form, and random walks."""

import math

import numpy as np
import xarray as xr

from verified_dynamics.degeneracy.transient_structure.joint_trajectories import (
    joint_components,
    joint_walk_spectrum,
)
from verified_dynamics.degeneracy.transient_structure.trade_off import crossing
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.statistics import random_walks

CHAPTER = "degeneracy/transient-structure"


@experiment(
    "evidence-crossing",
    chapter=CHAPTER,
    smoke=Profile(grid={"loss_gap": (0.1, 0.01, 0.001)}, seeds=32, settings={"parameters": 10}),
    full=Profile(grid={"loss_gap": (0.1, 0.01, 0.001)}, seeds=256, settings={"parameters": 10}),
    tolerances={
        "log_odds": Tolerance(rtol=1e-6, atol=1e-6),
        "crossing": Tolerance(rtol=1e-6),
        "predicted": Tolerance(rtol=1e-9),
        "samples": Tolerance(rtol=1e-9),
    },
    unit="data sets",
)
def evidence_crossing(cell, seeds, device) -> xr.Dataset:
    """Gaussian data in ten dimensions with a small mean, which the simple model sets to zero and the accurate one
    learns (prior variance e, so that the terms of order one cancel): exact log posterior odds of the simple model at
    sample sizes around the predicted crossing, and the size at which they cross zero for good.
    """
    d, gap = cell["parameters"], cell["loss_gap"]
    predicted = crossing(gap, d / 2)
    sizes = predicted * np.geomspace(1 / 30, 3, 120)
    odds = []
    for seed in seeds:
        generator = np.random.default_rng((seed % 2**63, 7))
        # The sufficient statistic of growing data: a sum with independent increments.
        steps = np.diff(sizes, prepend=0)
        sums = (np.sqrt(steps)[:, None] * generator.standard_normal((len(sizes), d))).cumsum(axis=0)
        sums[:, 0] += sizes * math.sqrt(2 * gap)
        shrunk = math.e / (1 + sizes * math.e)
        odds.append(d / 2 * np.log1p(sizes * math.e) - shrunk * (sums**2).sum(axis=1) / 2)
    odds = np.array(odds)
    last = np.array([np.flatnonzero(row > 0)[-1] if (row > 0).any() else 0 for row in odds])
    return xr.Dataset(
        {
            "log_odds": (("seed", "place"), odds),
            "crossing": ("seed", sizes[last] / predicted),
            "predicted": predicted,
            "samples": ("place", sizes / predicted),
        },
        coords={"place": list(range(len(sizes)))},
    )


def crossing_ratio(data: xr.Dataset) -> xr.DataArray:
    """Measured over predicted sample size at the crossing for the smallest gap, per data set."""
    return data.crossing.isel(loss_gap=-1)


def crossing_over_rival(data: xr.Dataset) -> xr.DataArray:
    """The same over Δλ/|Δℓ|, the crossing if complexity cost no logarithm; ten parameters cost λ = 5."""
    rival = 5 / float(data.loss_gap[-1])
    return crossing_ratio(data) * float(data.predicted.isel(loss_gap=-1)) / rival


@experiment(
    "joint-walks",
    chapter=CHAPTER,
    smoke=Profile(grid={"walks": (1, 2, 3, 5)}, seeds=6, settings={"steps": 100, "dimension": 1000}),
    full=Profile(grid={"walks": (1, 2, 3, 5)}, seeds=16, settings={"steps": 400, "dimension": 8000}),
    tolerances={
        "share": Tolerance(rtol=1e-6, atol=1e-9),
        "predicted": Tolerance(rtol=1e-9),
        "single": Tolerance(rtol=1e-9),
    },
)
def joint_walks(cell, seeds, device) -> xr.Dataset:
    """Random walks from one point in many dimensions, one to five of them: share of the variance in the first
    walks minus one components (in the first one for a single walk), and what is predicted for it.
    """
    walks = cell["walks"]
    first = max(walks - 1, 1)
    shares = []
    for seed in seeds:
        paths = random_walks(walks, cell["steps"], cell["dimension"], seed=seed % 2**63)
        shares.append(float(joint_components(paths, first + 1).explained[:first].sum()))
    spectrum = joint_walk_spectrum(walks, first)
    single = joint_walk_spectrum(1, first)
    return xr.Dataset(
        {"share": ("seed", shares), "predicted": float(spectrum.sum()), "single": float(single.sum())}
    )


def walk_share_ratio(walks: int):
    """The measured share over the predicted one, per seed."""
    return lambda data: (data.share / data.predicted).sel(walks=walks)


def walk_share_over_single(walks: int):
    """The measured share over that of a single walk, per seed."""
    return lambda data: (data.share / data.single).sel(walks=walks)
