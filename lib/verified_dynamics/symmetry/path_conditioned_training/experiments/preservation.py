"""Runs about the function of the network: conditioning keeps it, unless a scale goes where it must not."""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence

import torch
import xarray as xr
from torch import Tensor, nn

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP, ConvNet
from verified_dynamics.symmetry.path_conditioned_training.conditioning import path_condition
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import CHAPTER, generator
from verified_dynamics.symmetry.rescaling_invariance.experiments.symmetry import ARCHITECTURES as RESCALED

_MLP = (64, 16, 12, 5)
_OTHERS: dict[str, Callable[[torch.Generator], nn.Module]] = {
    "MLP, no biases": lambda g: MLP(_MLP, bias=False, generator=g),
    "MLP, ten layers": lambda g: MLP((64, *[12] * 9, 5), generator=g),
    "convolution with BatchNorm": lambda g: ConvNet((1, 4, 6), 5, batch_norm=True, generator=g),
}
# Those on which the rescaling itself was measured, and three more.
ARCHITECTURES = {
    name: {**RESCALED, **_OTHERS}[name]
    for name in (
        "MLP", "MLP, no biases", "MLP, ten layers", "MLP, leaky ReLU", "MLP with BatchNorm", "convolution",
        "convolution with BatchNorm", "grouped convolution", "depthwise convolution", "residual",
        "residual with BatchNorm", "concatenation",
    )
}  # fmt: skip


@experiment(
    "conditioned-function",
    chapter=CHAPTER,
    smoke=Profile(grid={"architecture": tuple(ARCHITECTURES)}, seeds=2),
    full=Profile(grid={"architecture": tuple(ARCHITECTURES)}, seeds=32),
    tolerances={
        "groups": Tolerance(),
        # Sums of products of float64 numbers whose factors may be off by a rounding each.
        "training": Tolerance(atol=1e-11),
        "evaluation": Tolerance(atol=1e-11),
        "undone": Tolerance(),
        "largest_log_scale": Tolerance(atol=1e-6),
        "imbalance_before": Tolerance(rtol=1e-6),
        "imbalance_after": Tolerance(rtol=1e-6),
    },
)
def conditioned_function(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The architecture varies; measured is the relative output change of path conditioning, in both modes.

    PyTorch's default initialisation with biases, gains and running statistics moved off their start, float64, |log λ|
    at most 3.  ``undone``: largest difference of a parameter after the undo, which restores every bit.
    """
    rows = [_conditioned(ARCHITECTURES[cell["architecture"]], seed, device) for seed in seeds]
    return xr.Dataset({name: ("seed", [row[name] for row in rows]) for name in rows[0]})


def output_change(data: xr.Dataset) -> xr.DataArray:
    """Statistic: largest relative output change over architectures and both modes, per seed."""
    return data[["training", "evaluation"]].to_array().max(("variable", "architecture"))


def imbalance_left(data: xr.Dataset) -> xr.DataArray:
    """Statistic: largest ratio over the architectures of the imbalance after conditioning to before, per seed."""
    return (data["imbalance_after"] / data["imbalance_before"]).max("architecture")


@experiment(
    "broken-conditioning",
    chapter=CHAPTER,
    smoke=Profile(grid={"breakage": ("scale before BatchNorm", "tanh", "gelu")}, seeds=4),
    full=Profile(grid={"breakage": ("scale before BatchNorm", "tanh", "gelu")}, seeds=32),
    tolerances={
        "training": Tolerance(rtol=1e-5),
        "evaluation": Tolerance(rtol=1e-5),
        "relu": Tolerance(atol=1e-11),
    },
)
def broken_conditioning(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The mistake varies; measured is the relative output change in both modes when a layer is taken for another.

    Convolutions that feed a BatchNorm get the scales of the network without it, while the layers behind are divided; an
    MLP with another activation gets the scales of its ReLU twin.  ``relu``: change of the twin itself.
    """
    rows = [_broken(cell["breakage"], seed, device) for seed in seeds]
    return xr.Dataset({name: ("seed", [row[name] for row in rows]) for name in rows[0]})


def broken_change(breakage: str, mode: str = "training"):
    """Statistic: relative output change under one mistake in one mode, per seed."""
    return lambda data: data[mode].sel(breakage=breakage)


def _conditioned(
    make: Callable[[torch.Generator], nn.Module], seed: int, device: torch.device
) -> dict[str, float]:
    g = generator(seed, stream=9)
    model, x = _randomised(make, g, device)
    start, before = copy.deepcopy(model.state_dict()), _outputs(model, x)
    report = path_condition(model, x)
    after = _outputs(model, x)
    report.undo()
    undone = max(float((p - start[name]).abs().max()) for name, p in model.state_dict().items())
    return {
        "groups": report.groups.count,
        **{mode: _relative(after[mode], before[mode]) for mode in before},
        "undone": undone,
        "largest_log_scale": report.largest_log_scale,
        "imbalance_before": report.imbalance_before,
        "imbalance_after": report.imbalance_after,
    }


def _convolutions(kind: str, g: torch.Generator) -> nn.Module:
    return ConvNet((1, 4, 6), 5, batch_norm=kind != "relu", generator=g)


def _perceptron(kind: str, g: torch.Generator) -> nn.Module:
    return MLP(_MLP, activation=kind, generator=g)


_MISTAKEN = {"scale before BatchNorm": _convolutions, "tanh": _perceptron, "gelu": _perceptron}


def _broken(breakage: str, seed: int, device: torch.device) -> dict[str, float]:
    """Scales of the twin, a ReLU network without BatchNorm, put on the network itself by the names of its layers."""
    g = generator(seed, stream=10)
    make = _MISTAKEN[breakage]
    model, x = _randomised(lambda g: make(breakage, g), g, device)
    twin = make("relu", g).to(device)
    pairs = list(zip(_layers(model), _layers(twin), strict=True))
    for own, copied in pairs:
        copied.load_state_dict(own.state_dict())
    before, plain = _outputs(model, x), _outputs(twin, x)
    path_condition(twin, x)
    for own, conditioned in pairs:
        own.load_state_dict(conditioned.state_dict())
    after = _outputs(model, x)
    changes = {mode: _relative(after[mode], before[mode]) for mode in before}
    return {**changes, "relu": _relative(_outputs(twin, x)["training"], plain["training"])}


def _layers(model: nn.Module) -> list[nn.Module]:
    return [module for module in model.modules() if isinstance(module, nn.Conv2d | nn.Linear)]


def _randomised(
    make: Callable[[torch.Generator], nn.Module], g: torch.Generator, device: torch.device
) -> tuple[nn.Module, Tensor]:
    """A network whose biases, gains and running statistics are not at their initial values, and a batch for it."""
    model = make(g)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=g, dtype=parameter.dtype))
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_(0, 0.3, generator=g)
                module.running_var.uniform_(0.5, 2.0, generator=g)
    x = torch.randn(8, 64, generator=g, dtype=torch.float64)
    x = x if isinstance(model, MLP) else x.reshape(8, 1, 8, 8)
    return model.to(device), x.to(device)


def _outputs(model: nn.Module, x: Tensor) -> dict[str, Tensor]:
    """Outputs in training and in evaluation mode of a copy, so that running statistics stay as they are."""
    with torch.no_grad():
        return {
            mode: copy.deepcopy(model).train(mode == "training")(x) for mode in ("training", "evaluation")
        }


def _relative(other: Tensor, reference: Tensor) -> float:
    return float((other - reference).norm() / reference.norm())
