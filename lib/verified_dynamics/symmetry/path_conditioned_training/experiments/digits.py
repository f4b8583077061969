"""Digits: a task on which conditioning changes the starting point and, at tuned rates, gains nothing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
import xarray as xr
from torch import Tensor, nn

from verified_dynamics.data import digits
from verified_dynamics.ensemble import Ensemble
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP
from verified_dynamics.symmetry.path_conditioned_training.experiments.racing import dataset, race
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import CHAPTER
from verified_dynamics.symmetry.path_conditioned_training.experiments.starts import STARTS, starting_points

_STARTS = STARTS[:4]  # random scales rarely reach the threshold here at any rate


def kaiming_networks(
    widths: Sequence[int], seeds: Sequence[int], device: torch.device, dtype: torch.dtype = torch.float64
) -> Ensemble:
    """ReLU networks with normal weights of variance 2/fan-in (He et al. 2015) and zero biases, one per seed."""

    def make(generator: torch.Generator) -> MLP:
        model = MLP(widths, generator=generator, dtype=dtype)
        for module in model:
            if isinstance(module, nn.Linear):
                draw = torch.randn(module.weight.shape, generator=generator, dtype=torch.float64)
                with torch.no_grad():
                    module.weight.copy_(draw * math.sqrt(2 / module.in_features))
                    module.bias.zero_()
        return model

    return Ensemble.build(make, seeds, device=device)


def digit_samples(samples: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """The first digits: pixels (n, 64) and classes (n,)."""
    data = digits(limit=samples)
    return data.x.to(device), data.y.to(device)


@experiment(
    "digits-null",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"learning_rate": (0.1, 0.2, 0.4)},
        seeds=9,
        settings={"samples": 100, "threshold": 0.1, "limit": 200},
    ),
    full=Profile(
        grid={"learning_rate": (0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8)},
        seeds=32,
        settings={"samples": 500, "threshold": 0.1, "limit": 400},
    ),
    # At large rates the loss jumps about, and rounding decides by some epochs when it is below the threshold.
    tolerances={"epochs": Tolerance(rtol=0.25, atol=20), "diverged": Tolerance()},
)
def digits_null(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The learning rate and the starting point vary on digits; measured are epochs to the threshold.

    A network 64-64-16-64-10 with Kaiming's initialisation under full batches; the widths are far from those that leave
    nothing to condition.
    """
    x, y = digit_samples(cell["samples"], device)
    start = starting_points(kaiming_networks((64, 64, 16, 64, 10), seeds, device), x[:1], _STARTS)
    found = race(
        start, (x, y), learning_rate=cell["learning_rate"], threshold=cell["threshold"], limit=cell["limit"]
    )
    return dataset(found, _STARTS)
