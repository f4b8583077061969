"""Runs on single saturating functions: tied scores, rates of sigmoids, gaps of softmax, products, LayerNorm."""

import math

import numpy as np
import torch
import xarray as xr

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models.attention import saturated_softmax
from verified_dynamics.statistics import power_law_exponent

CHAPTER = "margin/saturation"


def _draws(law, seeds, shape) -> torch.Tensor:
    """One draw of the law for each seed: (s, *shape)."""
    each = [law(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) for seed in seeds]
    return torch.stack(each)


@experiment(
    "tied-scores",
    chapter=CHAPTER,
    smoke=Profile(grid={"ties": (1, 3)}, seeds=16, settings={"rows": 64, "entries": 8, "scale": 1e4}),
    full=Profile(grid={"ties": (1, 3)}, seeds=64, settings={"rows": 256, "entries": 8, "scale": 1e4}),
    tolerances={
        "to_saturated": Tolerance(rtol=1e-6, atol=1e-9),
        "to_deviation": Tolerance(rtol=1e-6, atol=1e-9),
    },
)
def tied_scores(cell, seeds, device) -> xr.Dataset:
    """Softmax of c·a + r for random scores a, whose largest entry occurs `ties` times, and a bounded random
    deviation r: largest distance of the weights from the uniform ones on the tied set, and from the softmax
    of r on that set.
    """
    noise = _draws(torch.randn, seeds, (2, cell["rows"], cell["entries"])).to(device)
    scores, deviation = noise[:, 0], noise[:, 1]  # (s, rows, entries)
    scores = scores.sort(dim=-1, descending=True).values
    scores[..., : cell["ties"]] = scores[..., :1]
    weights = torch.softmax(cell["scale"] * scores + deviation, dim=-1)
    decided = torch.softmax(deviation[..., : cell["ties"]], dim=-1)
    decided = torch.nn.functional.pad(decided, (0, cell["entries"] - cell["ties"]))
    distances = {
        "to_saturated": (weights - saturated_softmax(scores)).abs().amax(-1),
        "to_deviation": (weights - decided).abs().amax(-1),
    }
    return xr.Dataset({name: (("seed", "row"), value.cpu().numpy()) for name, value in distances.items()})


def distance_from_saturation(ties: int):
    """Median over rows of the distance from the saturated weights, per seed."""
    return lambda data: data.to_saturated.sel(ties=ties).median("row")


def distance_from_deviation(ties: int):
    """Median over rows of the distance from the weights that the bounded deviation decides, per seed."""
    return lambda data: data.to_deviation.sel(ties=ties).median("row")


SQUASHING = {
    "sigmoid": torch.sigmoid,
    "tanh": torch.tanh,
    "softsign": torch.nn.functional.softsign,
    "arctangent": lambda x: 2 / math.pi * torch.atan(x),
}


@experiment(
    "squashing-rates",
    chapter=CHAPTER,
    smoke=Profile(grid={"function": tuple(SQUASHING)}, seeds=16, settings={"largest_scale": 1e12}),
    full=Profile(grid={"function": tuple(SQUASHING)}, seeds=256, settings={"largest_scale": 1e12}),
    tolerances={"rate": Tolerance(atol=1e-5)},
    unit="starting points",
)
def squashing_rates(cell, seeds, device) -> xr.Dataset:
    """Largest change of a squashing function f(c x) over c from 1 on, at random x between 8 and 10 and at x
    + 1: the rate at which its logarithm falls from the one to the other.
    """
    function = SQUASHING[cell["function"]]
    x = 8 + 2 * _draws(torch.rand, seeds, ()).to(device)  # (s,)
    scales = torch.logspace(0, math.log10(cell["largest_scale"]), 49, dtype=torch.float64, device=device)
    change = [(function(scales * y[:, None]) - function(y)[:, None]).abs().amax(1) for y in (x, x + 1)]
    return xr.Dataset({"rate": ("seed", torch.log(change[0] / change[1]).cpu().numpy())})


def rate_of(function: str):
    """The exponential rate of one function, per starting point."""
    return lambda data: data.rate.sel(function=function)


@experiment(
    "softmax-gaps",
    chapter=CHAPTER,
    smoke=Profile(seeds=16, settings={"draws": 100_000}),
    full=Profile(seeds=64, settings={"draws": 1_000_000}),
    tolerances={
        "mean_error": Tolerance(rtol=1e-6),
        "fixed_gap_error": Tolerance(rtol=1e-6),
        "score_norm": Tolerance(rtol=1e-6),
    },
)
def softmax_gaps(cell, seeds, device) -> xr.Dataset:
    """Softmax of c times standard normal scores, c from 1 to 256: the missing weight of the larger of two,
    averaged over draws; the missing weight of the largest of eight scores that leads by exactly 1; and the
    norm of those eight.
    """
    scales = torch.tensor([float(2**k) for k in range(9)], dtype=torch.float64, device=device)
    means, fixed, norms = [], [], []
    for seed in seeds:
        generator = torch.Generator().manual_seed(seed)
        gap = (
            torch.randn(cell["draws"], 2, generator=generator)
            .to(device)
            .double()
            .diff(dim=1)
            .abs()
            .squeeze(1)
        )
        means.append(torch.stack([torch.sigmoid(-c * gap).mean() for c in scales]).tolist())
        scores = (
            torch.randn(8, generator=generator, dtype=torch.float64).sort(descending=True).values.to(device)
        )
        scores[0] = scores[1] + 1
        others = torch.exp(-scales[:, None] * (scores[0] - scores[1:])).sum(1)
        fixed.append((others / (1 + others)).tolist())  # 1 minus the largest weight, without cancellation
        norms.append(float(torch.linalg.vector_norm(scores)))
    return xr.Dataset(
        {
            "mean_error": (("seed", "scale"), means),
            "fixed_gap_error": (("seed", "scale"), fixed),
            "score_norm": ("seed", norms),
        },
        coords={"scale": scales.tolist()},
    )


def fixed_gap_rate(data: xr.Dataset) -> xr.DataArray:
    """Exponential rate in the scale, between the scales 64 and 256, of the error of eight scores whose gap
    is 1.
    """
    error = np.log(data.fixed_gap_error)
    return (error.sel(scale=64.0, drop=True) - error.sel(scale=256.0, drop=True)) / 192


def fixed_gap_rate_over_norm(data: xr.Dataset) -> xr.DataArray:
    """The same rate divided by the norm of the scores."""
    return fixed_gap_rate(data) / data.score_norm


def mean_error_exponent(data: xr.Dataset) -> xr.DataArray:
    """Power of the scale with which the averaged error falls, from scale 16 on."""
    return power_law_exponent(data.mean_error.sel(scale=slice(16, None)), "scale")


def mean_error_constant(data: xr.Dataset) -> xr.DataArray:
    """Scale times averaged error at scale 64, where enough draws are still nearly tied."""
    return (data.mean_error * data.scale).sel(scale=64.0, drop=True)


@experiment(
    "product-errors",
    chapter=CHAPTER,
    smoke=Profile(seeds=16, settings={"largest_scale": 1e6}),
    full=Profile(seeds=256, settings={"largest_scale": 1e6}),
    tolerances={"absolute": Tolerance(rtol=1e-9), "relative": Tolerance(rtol=1e-9)},
    unit="starting points",
)
def product_errors(cell, seeds, device) -> xr.Dataset:
    """f(θ) = θ·sigmoid(θ) at random θ between 1 and 3: its error as a function of degree 1, absolute and
    divided by the scale, against the scale.
    """
    theta = 1 + 2 * _draws(torch.rand, seeds, (1,))  # (s, 1)
    scales = torch.logspace(2, math.log10(cell["largest_scale"]), 9, dtype=torch.float64)
    error = scales * theta * (torch.sigmoid(scales * theta) - torch.sigmoid(theta))
    return xr.Dataset(
        {
            "absolute": (("seed", "scale"), error.numpy()),
            "relative": (("seed", "scale"), (error / scales).numpy()),
        },
        coords={"scale": scales.numpy()},
    )


def error_exponent(kind: str):
    """Power of the scale with which the "absolute" or the "relative" error of the product grows."""
    return lambda data: power_law_exponent(data[kind], "scale")


@experiment(
    "layer-norm-epsilon",
    chapter=CHAPTER,
    smoke=Profile(grid={"epsilon": (0.0, 1e-5)}, seeds=16, settings={"width": 32}),
    full=Profile(grid={"epsilon": (0.0, 1e-5)}, seeds=256, settings={"width": 32}),
    tolerances={"deviation": Tolerance(rtol=1e-3, atol=1e-13), "normalised": Tolerance(rtol=1e-3, atol=1e-3)},
    unit="random vectors",
)
def layer_norm_epsilon(cell, seeds, device) -> xr.Dataset:
    """PyTorch's LayerNorm of c·z for random z: relative distance from its limit, and that distance times 2
    c² s²/ε with s the standard deviation of z, at scales c from 1 to 8.
    """
    z = _draws(torch.randn, seeds, (cell["width"],)).to(device)
    scales = torch.tensor([1.0, 2.0, 4.0, 8.0], dtype=torch.float64, device=device)
    shape, limit = (cell["width"],), torch.nn.functional.layer_norm(z, (cell["width"],), eps=0.0)
    scaled = torch.stack(
        [torch.nn.functional.layer_norm(c * z, shape, eps=cell["epsilon"]) for c in scales], 1
    )
    distance = torch.linalg.vector_norm(scaled - limit[:, None], dim=-1) / math.sqrt(
        cell["width"]
    )  # (s, scales)
    variance = z.var(dim=1, unbiased=False)[:, None]
    unit = 2 * scales**2 * variance / cell["epsilon"] if cell["epsilon"] else torch.zeros_like(variance)
    values = {"deviation": distance, "normalised": distance * unit}
    return xr.Dataset(
        {name: (("seed", "scale"), value.cpu().numpy()) for name, value in values.items()},
        coords={"scale": scales.cpu().numpy()},
    )


def largest_deviation(epsilon: float):
    """Largest relative distance of the normalised vector from its limit over all scales, per vector."""
    return lambda data: data.deviation.sel(epsilon=epsilon).max("scale")


def normalised_deviation(data: xr.Dataset) -> xr.DataArray:
    """The deviation at scale 1 with ε = 1e-5, in units of ε/(2 s²)."""
    return data.normalised.sel(epsilon=1e-5, scale=1.0, drop=True)
