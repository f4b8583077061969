"""Images of the shape of CIFAR-10: fully connected networks of several depths, without normalisation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
import xarray as xr
from torch import Tensor

from verified_dynamics.data import cifar10
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP
from verified_dynamics.symmetry.path_conditioned_training.experiments.digits import kaiming_networks
from verified_dynamics.symmetry.path_conditioned_training.experiments.racing import dataset, race
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import CHAPTER, generator
from verified_dynamics.symmetry.path_conditioned_training.experiments.starts import STARTS, starting_points

SOURCES = ("teacher", "CIFAR-10")


def image_samples(source: str, samples: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Standardised pixels (n, 3072) in single precision and classes (n,) of one of `SOURCES`.

    CIFAR-10: its first training images, read from the folder of data sets. teacher: smooth random images, Gaussian on
    8 x 8 and interpolated to 32 x 32, with the class that a fixed random network 3072-64-10 gives them.
    """
    if source not in SOURCES:
        raise ValueError(f"source must be one of {', '.join(SOURCES)}, but it is {source!r}.")
    if source == "CIFAR-10":
        data = cifar10(limit=samples, dtype=torch.float32)
        x, y = data.flat, data.y
    else:
        x, y = _taught(samples)
    return ((x - x.mean()) / x.std()).to(device), y.to(device)


def _taught(samples: int) -> tuple[Tensor, Tensor]:
    g = generator(0, stream=33)
    coarse = torch.randn(samples, 3, 8, 8, generator=g, dtype=torch.float64)
    smooth = F.interpolate(coarse, size=(32, 32), mode="bilinear", align_corners=False)
    x = smooth.flatten(1)  # (n, 3072)
    teacher = MLP((3072, 64, 10), bias=False, generator=g)
    with torch.no_grad():
        scores = teacher(x)
        # Centred, so that every class has its share of the images.
        y = ((scores - scores.mean(0)) / scores.std(0)).argmax(1)
    return x.float(), y


@experiment(
    "image-race",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"depth": (3,)},
        seeds=6,
        settings={
            "source": "teacher", "samples": 128, "batch": 32, "width": 24, "threshold": 0.1, "limit": 20,
            "lowest_rate": 0.05, "highest_rate": 0.1, "rates": 2,
        },
    ),
    full=Profile(
        grid={"depth": (3, 4, 5, 6, 7, 8)},
        seeds=32,
        settings={
            "source": "teacher", "samples": 2560, "batch": 512, "width": 500, "threshold": 0.1, "limit": 30,
            "lowest_rate": 0.01, "highest_rate": 0.4, "rates": 8,
        },
    ),
    tolerances={"epochs": Tolerance(rtol=0.25, atol=3), "diverged": Tolerance()},
)  # fmt: skip
def image_race(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Depth, learning rate and starting point vary on images; measured are epochs to the threshold.

    Networks 3072-[m]*depth-10 with Kaiming's initialisation, without normalisation, in single precision, under
    minibatches, at rates in geometric progression. The full profile trains 192 networks of 2.0 to 3.3 million
    parameters at a time. Thirty epochs of 2,560 images at eight rates and six depths are at most 1.1e16 operations,
    six for each parameter and image: 280 seconds at 4e13 operations per second, a cautious rate for products in
    single precision on a data-centre GPU; networks that cross the threshold leave earlier. Parameters, gradients and
    a copy take 8 GB at the largest depth.
    """
    x, y = image_samples(cell["source"], cell["samples"], device)
    widths = (3072, *[cell["width"]] * cell["depth"], 10)
    start = starting_points(kaiming_networks(widths, seeds, device, torch.float32), x[:1])
    rates = np.geomspace(cell["lowest_rate"], cell["highest_rate"], cell["rates"])
    found = [
        race(
            start, (x, y), learning_rate=float(rate), threshold=cell["threshold"], limit=cell["limit"],
            batch_size=cell["batch"], block=5,
        )
        for rate in rates
    ]  # fmt: skip
    return xr.concat([dataset(one, STARTS) for one in found], "learning_rate").assign_coords(
        learning_rate=rates
    )
