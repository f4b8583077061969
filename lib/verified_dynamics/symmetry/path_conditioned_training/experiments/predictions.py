"""Runs about random initialisation: where conditioning moves the layers, against the prediction from the widths."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import xarray as xr
from torch import Tensor, nn

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP
from verified_dynamics.models.initialisation import convolution, initialise
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import CHAPTER, generator
from verified_dynamics.symmetry.path_conditioned_training.layer_prediction import (
    INITIALISATIONS,
    layer_optimum,
    uniform_default,
    width_correction,
)
from verified_dynamics.symmetry.path_conditioned_training.stacked import condition_ensemble

# The optimum is found to 1e-8 in the z of one neuron alone, which leaves up to a hundred times as much in layer means.
_SOLVED = Tolerance(atol=1e-6)
_CRITERIA = ("path", "norm")
_RULES = tuple(INITIALISATIONS)


@experiment(
    "layer-means",
    chapter=CHAPTER,
    smoke=Profile(
        grid={
            "widths": (
                "196-75-75-75-75", "100-25-100-25-100", "196-128-64-10", "64-128-128-128-64", "32-128-64-128-32",
            ),
            "initialisation": _RULES,
        },
        seeds=3,
    ),
    full=Profile(
        grid={
            "widths": (
                "784-300-300-300-300", "400-100-400-100-400", "784-512-256-10", "64-128-128-128-64",
                "32-256-64-256-32",
            ),
            "initialisation": _RULES,
        },
        seeds=8,
    ),
    tolerances={
        **dict.fromkeys(_CRITERIA, _SOLVED),
        "predicted": Tolerance(atol=1e-10),
        **{f"{criterion}_correction": Tolerance(atol=1e-10) for criterion in _CRITERIA},
    },
)  # fmt: skip
def layer_means(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Widths and initialisation vary; measured is the mean z = 2 log λ of each layer under both criteria.

    Gaussian weights, no biases, no limit on the scales; the draws of one seed are the same for all initialisations.
    z is zero at the output layer, which is never rescaled, and beyond it.
    """
    widths = tuple(int(n) for n in cell["widths"].split("-"))
    variances = INITIALISATIONS[cell["initialisation"]](widths)
    ensemble = Ensemble.build(lambda g: _gaussian(widths, variances, g), seeds, device=device)
    example = torch.zeros(1, widths[0], dtype=torch.float64, device=device)
    found: dict = {}
    for criterion in _CRITERIA:
        z = condition_ensemble(ensemble.copy(), example, criterion=criterion, max_log_scale=None).z
        found[criterion] = ("seed", "layer"), _padded(_by_layer(z, widths[1:-1]), 4)
        correction = width_correction(widths, criterion=criterion)
        found[f"{criterion}_correction"] = "layer", _padded(correction, 4)
    found["predicted"] = "layer", _padded(layer_optimum(widths, variances), 4)
    return xr.Dataset(found, coords={"layer": range(1, 5)})


def layer_deviation(criterion: str, *, corrected: bool = False, widths: str | None = None):
    """Statistic: largest |measured − predicted| mean z over layers and initialisations, per seed.

    Over all networks, or over those whose widths end like ``widths``.  ``corrected``: the prediction includes the
    leading correction in the inverse widths.  A layer next to a narrow one keeps fluctuations: the correction is up to
    1/n for n outputs, and the squared norm of a layer of weights varies by sqrt(2/(n m)) relative to its mean.
    """

    def statistic(data: xr.Dataset) -> xr.DataArray:
        gap = data[criterion] - data["predicted"] - (data[f"{criterion}_correction"] if corrected else 0)
        if widths is not None:
            gap = gap.sel(widths=[name for name in data["widths"].values if name.endswith(widths)])
        return abs(gap).max(("layer", "initialisation", "widths"))

    return statistic


def deviation_between_rules(criterion: str):
    """Statistic: how much measured − predicted differs between initialisations at most, per seed.

    Zero up to the solver's tolerance: layers of another variance are the same network rescaled, times a factor.
    """

    def statistic(data: xr.Dataset) -> xr.DataArray:
        gap = data[criterion] - data["predicted"]
        return (gap.max("initialisation") - gap.min("initialisation")).max(("layer", "widths"))

    return statistic


@experiment(
    "layer-means-with-biases",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"network": ("196-128-128-10", "64-128-128-128-64", "32-128-64-128-32", "2-64-64-64-64-2",
                          "nine convolutions", "nine convolutions, limited", "nine convolutions, maxima")},
        seeds=2,
        settings={"channels": 16, "image_size": 16},
    ),
    full=Profile(
        grid={"network": ("784-512-512-10", "64-128-128-128-64", "32-256-64-256-32", "2-64-64-64-64-2",
                          "nine convolutions", "nine convolutions, limited", "nine convolutions, maxima")},
        seeds=4,
        settings={"channels": 128, "image_size": 32},
    ),
    tolerances={
        "path": _SOLVED,
        "predicted": _SOLVED,
        "without_biases": Tolerance(atol=1e-10),
        "largest_log_scale": _SOLVED,
        "largest_weight": Tolerance(rtol=1e-5),
    },
)  # fmt: skip
def layer_means_with_biases(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The network varies, under PyTorch's default initialisation; measured is the mean z = 2 log λ of each layer.

    All biases count.  The prediction solves the criterion for the layer means; for convolutions it conditions the
    network whose entries all equal their standard deviation, which has the expected path diagonal.  The limited variant
    keeps |log λ| ≤ 3; the one with maxima shrinks the image by pooling, where each path counts that passes a maximum.
    z is zero at the output layer and beyond it.
    """
    if cell["network"].startswith("nine"):
        return _convolutional_means(cell, seeds, device)
    widths = tuple(int(n) for n in cell["network"].split("-"))
    variances = uniform_default(widths)
    ensemble = Ensemble.build(lambda g: MLP(widths, generator=g), seeds, device=device)
    example = torch.zeros(1, widths[0], dtype=torch.float64, device=device)
    z = condition_ensemble(ensemble, example, max_log_scale=None).z
    means = _by_layer(z, widths[1:-1]), layer_optimum(widths, variances, variances)
    return _with_biases(ensemble, z, *means, layer_optimum(widths, variances))


def biased_deviation(*networks: str):
    """Statistic: largest |measured − predicted| mean z over layers and the networks whose names end so, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        chosen = [name for name in data["network"].values if name.endswith(networks)]
        return abs(data["path"] - data["predicted"]).sel(network=chosen).max(("layer", "network"))

    return statistic


def deviation_without_biases(*networks: str):
    """Statistic: largest |measured mean z − prediction that leaves the biases out| in these networks, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        chosen = [name for name in data["network"].values if name.endswith(networks)]
        return abs(data["path"] - data["without_biases"]).sel(network=chosen).max(("layer", "network"))

    return statistic


def first_layer_log_scale(network: str):
    """Statistic: mean log λ of the first hidden layer of one network, per seed."""
    return lambda data: data["path"].sel(network=network).isel(layer=0, drop=True) / 2


def nine_convolutions(
    channels: int,
    image_size: int,
    generator: torch.Generator,
    *,
    max_pooling: bool = False,
    dtype: torch.dtype = torch.float64,
) -> nn.Sequential:
    """The fully convolutional network with nine convolutions of Gitman and Ginsburg (2017), without BatchNorm.

    Channels c, c, c, 2c, 2c, 2c, 5c/2, 5c/2, 10.  The image is halved twice, by ``max_pooling`` over 3 × 3 positions as
    they do, or else by the stride of the following convolution; a mean over the positions ends the network.
    """
    c = channels
    sizes = [3, c, c, c, 2 * c, 2 * c, 2 * c, 5 * c // 2, 5 * c // 2, 10]
    layers: list[nn.Module] = []
    for depth, (inputs, outputs) in enumerate(pairwise(sizes), start=1):
        halved = depth in (4, 7)
        layers += [nn.MaxPool2d(3, 2, 1)] if halved and max_pooling else []
        stride = 2 if halved and not max_pooling else 1
        kernel = 1 if depth > 7 else 3
        layers += [convolution(inputs, outputs, kernel, stride=stride, bias=True, dtype=dtype), nn.ReLU()]
    model = nn.Sequential(*layers, nn.AvgPool2d(image_size // 4), nn.Flatten())
    initialise(model, generator)
    return model


def _convolutional_means(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    size, kind = cell["image_size"], cell["network"]
    limit = 3.0 if kind.endswith("limited") else None
    example = torch.zeros(1, 3, size, size, dtype=torch.float64, device=device)

    def make(g: torch.Generator) -> nn.Sequential:
        return nine_convolutions(cell["channels"], size, g, max_pooling=kind.endswith("maxima"))

    ensemble = Ensemble.build(make, seeds, device=device)
    expected = ensemble.select([0])
    expected.parameters = _standard_deviations(expected.parameters)
    bare = expected.copy()
    hidden = [len(p[0]) for name, p in ensemble.parameters.items() if name.endswith("bias")][:-1]
    z, predicted = (condition_ensemble(e, example, max_log_scale=limit).z for e in (ensemble, expected))
    without = condition_ensemble(bare, example, max_log_scale=None, biases="none").z
    return _with_biases(ensemble, z, *(_by_layer(each, hidden) for each in (z, predicted[0], without[0])))


def _standard_deviations(parameters: dict[str, Tensor]) -> dict[str, Tensor]:
    """Every entry of a default initialisation replaced by its standard deviation 1 / sqrt(3 fan_in)."""
    fans = {name.rpartition(".")[0]: p[0, 0].numel() for name, p in parameters.items() if p.dim() > 2}
    return {
        name: torch.full_like(p, (3 * fans[name.rpartition(".")[0]]) ** -0.5)
        for name, p in parameters.items()
    }


def _with_biases(
    ensemble: Ensemble, z: Tensor, found: Tensor, predicted: Tensor, without: Tensor
) -> xr.Dataset:
    largest = torch.stack([p.abs().flatten(1).amax(1) for p in ensemble.parameters.values()]).amax(0)
    return xr.Dataset(
        {
            "path": (("seed", "layer"), _padded(found, 9)),
            "predicted": ("layer", _padded(predicted, 9)),
            "without_biases": ("layer", _padded(without, 9)),
            "largest_log_scale": ("seed", z.abs().amax(1).cpu().numpy() / 2),
            "largest_weight": ("seed", largest.cpu().numpy()),
        },
        coords={"layer": range(1, 10)},
    )


def _gaussian(widths: tuple[int, ...], variances: Sequence[float], g: torch.Generator) -> MLP:
    model = MLP(widths, bias=False, generator=g)
    own = generator(g.initial_seed(), stream=5)
    with torch.no_grad():
        for parameter, variance in zip(model.parameters(), variances, strict=True):
            parameter.copy_(
                variance**0.5 * torch.randn(parameter.shape, generator=own, dtype=parameter.dtype)
            )
    return model


def _by_layer(z: Tensor, sizes: Sequence[int]) -> Tensor:
    """Means over the groups of each hidden layer, (..., layers), for groups in the order of the layers."""
    return torch.stack([part.mean(-1) for part in z.split(list(sizes), -1)], -1)


def _padded(values: Tensor, layers: int):
    return (
        torch.cat([values, values.new_zeros(*values.shape[:-1], layers - values.shape[-1])], -1).cpu().numpy()
    )
