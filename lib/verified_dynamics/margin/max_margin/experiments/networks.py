"""Runs on homogeneous networks: the smoothed margin, and the law of the loss."""

import math
from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.margin.max_margin.experiments.constants import CHAPTER, furthest
from verified_dynamics.margin.max_margin.homogeneous import follow, initial_parameters

_ROUNDING = 1e-12  # smallest decrease of the log of the smoothed margin that counts


@experiment(
    "smoothed-margin",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"network": ("two layers", "output bias")},
        seeds=12, settings={"n": 12, "d": 5, "m": 20, "steps": 300, "step": 1.0},
    ),
    full=Profile(
        grid={"network": ("two layers", "three layers", "output bias")},
        seeds=100, settings={"n": 30, "d": 8, "m": 50, "steps": 4000, "step": 0.5},
    ),
    tolerances={
        "log_smoothed_margin": Tolerance(atol=1e-6),
        "normalised_margin": Tolerance(rtol=1e-5, atol=1e-9),
        "log_loss": Tolerance(rtol=1e-5, atol=1e-6),
        "log_norm": Tolerance(atol=1e-6),
        "decreases": Tolerance(atol=0.02),
        "decreases_wrong_degree": Tolerance(atol=0.02),
    },
)  # fmt: skip
def smoothed_margin(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """ReLU networks with or without an output bias on separable data; measured is the smoothed margin."""
    biased, degree = cell["network"] == "output bias", 3 if cell["network"] == "three layers" else 2
    x, y = _labelled(seeds, cell["n"], cell["d"], one_sign=biased)
    widths = (cell["d"], *([cell["m"]] * (degree - 1)), 1)
    parameters = initial_parameters(seeds, widths=widths, biases=biased, scale=0.02 if biased else 0.7)
    if biased:
        # A bias alone has log(1/loss)/|theta|^2 = (b - log n)/b^2, which falls once b > 2 log n.
        parameters[-1] = torch.full_like(parameters[-1], 3 * math.log(cell["n"]))
    parameters, x, y = [w.to(device) for w in parameters], x.to(device), y.to(device)
    path = follow(parameters, x, y, steps=cell["steps"], step=cell["step"], biases=biased)
    kept = np.linspace(0, cell["steps"], 41).astype(int)
    curves = {
        "log_smoothed_margin": path.log_smoothed_margin(degree),
        "normalised_margin": path.normalised_margin(degree),
        "log_loss": path.log_loss,
        "log_norm": path.log_norm,
    }
    curves = {name: (("seed", "step"), values.cpu().numpy()[:, kept]) for name, values in curves.items()}
    shares = {"decreases": degree, "decreases_wrong_degree": degree + 1}
    shares = {name: ("seed", _share_of_decreases(path.log_smoothed_margin(k))) for name, k in shares.items()}
    return xr.Dataset({**curves, **shares}, coords={"step": kept})


def decreases(network: str):
    """Statistic: share of steps with loss below one on which the smoothed margin falls."""
    return lambda data: data["decreases"].sel(network=network, drop=True)


def decreases_homogeneous(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the same, the largest over the homogeneous networks."""
    return (
        data["decreases"]
        .sel(network=[n for n in data["network"].values if n != "output bias"])
        .max("network")
    )


def decreases_wrong_degree(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the same for log(1/loss)/|theta|^3 on networks of degree 2."""
    return data["decreases_wrong_degree"].sel(network="two layers", drop=True)


@experiment(
    "homogeneous-chains",
    chapter=CHAPTER,
    smoke=Profile(grid={"degree": (2, 3, 4)}, seeds=8, settings={"steps": 200, "rise": 6.0}),
    full=Profile(grid={"degree": (2, 3, 4, 6)}, seeds=100, settings={"steps": 3000, "rise": 4.0}),
    tolerances={
        "log_loss": Tolerance(rtol=1e-4),
        "log_time": Tolerance(rtol=1e-4),
        "log_smoothed_margin": Tolerance(atol=1e-3),
    },
    unit="starting points",
)
def homogeneous_chains(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The degree of chains w_L ... w_1 on one sample varies, from random weights; measured are loss and time."""
    degree = cell["degree"]
    parameters = initial_parameters(seeds, widths=(1,) * (degree + 1))
    parameters = [(0.5 + torch.sigmoid(w)).to(device) for w in parameters]
    ones = torch.ones(len(seeds), 1, dtype=torch.float64, device=device)
    step = cell["rise"] / degree ** (2 - degree)  # q rises by degree^(2 - degree) per unit of the clock
    path = follow(parameters, ones[..., None], ones, steps=cell["steps"], step=step)
    final = {
        "log_loss": path.log_loss[:, -1],
        "log_time": path.log_time[:, -1],
        "log_smoothed_margin": path.log_smoothed_margin(degree)[:, -1],
    }
    return xr.Dataset({name: ("seed", value.cpu().numpy()) for name, value in final.items()})


def chain_law_ratio(data: xr.Dataset) -> xr.DataArray:
    """Statistic: L^2 gamma^(2/L) loss t (log t)^(2 - 2/L) at the last step, furthest from one over the degrees."""
    degree = data["degree"]
    constant = 2 * np.log(degree) + 2 / degree * data["log_smoothed_margin"]
    product = data["log_loss"] + data["log_time"] + (2 - 2 / degree) * np.log(data["log_time"])
    return furthest(np.exp(product + constant), 1.0)


def chain_law_ratio_linear(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the same without the power of log t, as in a linear model; its log10."""
    degree = data["degree"]
    constant = 2 * np.log(degree) + 2 / degree * data["log_smoothed_margin"]
    return furthest((data["log_loss"] + data["log_time"] + constant) / np.log(10), 0.0)


def _share_of_decreases(log_margin: torch.Tensor) -> np.ndarray:
    rises = log_margin.diff(dim=1)
    counted = torch.isfinite(rises)
    return ((rises < -_ROUNDING) & counted).sum(1).div(counted.sum(1)).cpu().numpy()


def _labelled(seeds, n, d, *, one_sign):
    """Unit inputs moved apart by 0.2 along the first axis, labelled by its sign; all labels +1 where `one_sign`."""
    inputs, labels = [], []
    for seed in seeds:
        generator = torch.Generator().manual_seed(10_000 + int(seed))
        x = torch.randn(n, d, generator=generator, dtype=torch.float64)
        x = x / x.norm(dim=-1, keepdim=True)
        y = torch.where(x[:, 0] > 0, 1.0, -1.0).double()
        x[:, 0] += 0.2 * y
        inputs.append(x)
        labels.append(torch.ones_like(y) if one_sign else y)
    return torch.stack(inputs), torch.stack(labels)
