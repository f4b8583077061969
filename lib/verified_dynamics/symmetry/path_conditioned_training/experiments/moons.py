"""Two moons: epochs to a threshold at one learning rate, and at the best of a grid."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.data import moons
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.symmetry.path_conditioned_training.experiments.racing import Race, dataset, race
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import (
    CHAPTER,
    generator,
    moons_networks,
)
from verified_dynamics.symmetry.path_conditioned_training.experiments.starts import STARTS, starting_points


def moon_samples(samples: int, seeds: Sequence[int], device: torch.device) -> tuple[Tensor, Tensor]:
    """Every seed's own training part, seven tenths of its moons: x (seeds, n, 2), y (seeds, n)."""
    parts = []
    for seed in seeds:
        g = generator(seed, stream=32)
        drawn = moons(samples, noise=0.1, generator=g)
        parts.append(drawn.split(round(0.7 * samples), generator=g)[0])
    return torch.stack([p.x for p in parts]).to(device), torch.stack([p.y for p in parts]).to(device)


def moon_race(cell: dict, seeds: Sequence[int], device: torch.device, *, floor: float | None = None) -> Race:
    """All starting points and seeds at the cell's learning rate, under full batches."""
    x, y = moon_samples(cell["samples"], seeds, device)
    start = starting_points(moons_networks(seeds, device), x[0, :1])
    data = x.repeat(len(STARTS), 1, 1), y.repeat(len(STARTS), 1)
    return race(
        start, data, learning_rate=cell["learning_rate"], threshold=cell["threshold"], limit=cell["limit"],
        floor=floor, shared_data=False,
    )  # fmt: skip


@experiment(
    "moons-epochs",
    chapter=CHAPTER,
    smoke=Profile(
        seeds=6,
        settings={
            "learning_rate": 0.1,
            "samples": 60,
            "threshold": 0.1,
            "floor": 0.1,
            "limit": 400,
            "records": 40,
        },
    ),
    full=Profile(
        seeds=10,
        settings={
            "learning_rate": 0.01,
            "samples": 1000,
            "threshold": 0.1,
            "floor": 0.03,
            "limit": 3000,
            "records": 100,
        },
    ),
    tolerances={
        "epochs": Tolerance(rtol=0.01, atol=2),
        "diverged": Tolerance(),
        "loss": Tolerance(rtol=0.02, atol=1e-4),
    },
)
def moons_epochs(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The starting point on the orbit varies at one learning rate; measured are epochs to the threshold and the loss.

    The full profile has the published setting: 1,000 points with noise 0.1 of which seven tenths are trained on,
    a network 2-64-64-64-64-2 with PyTorch's default initialisation and no output bias, full batches, rate 0.01. Every
    seed has moons and a network of its own. Losses are recorded until a network is below the floor.
    """
    found = moon_race(cell, seeds, device, floor=cell["floor"])
    recorded = np.linspace(0, cell["limit"] - 1, cell["records"]).round().astype(int)
    return dataset(found, STARTS, recorded=recorded.tolist())


@experiment(
    "moons-best-rate",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"learning_rate": (0.3, 0.7)},
        seeds=9,
        settings={"samples": 60, "threshold": 0.1, "limit": 150},
    ),
    full=Profile(
        grid={"learning_rate": (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.7, 1.0)},
        seeds=32,
        settings={"samples": 1000, "threshold": 0.1, "limit": 800},
    ),
    # At large rates the loss jumps about, and rounding decides by some epochs when it is below the threshold.
    tolerances={"epochs": Tolerance(rtol=0.25, atol=20), "diverged": Tolerance()},
)
def moons_best_rate(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The learning rate and the starting point on the orbit vary; measured are epochs to the threshold.

    Networks and data are those of the run at one learning rate. The rates reach to where every starting point is
    slower or fails, so that the best of them lies inside the grid.
    """
    return dataset(moon_race(cell, seeds, device), STARTS)
