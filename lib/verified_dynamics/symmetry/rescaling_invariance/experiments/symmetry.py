"""Runs about the symmetry itself: activations, architectures, broken rescalings, gradients, Hessians and paths."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Sequence

import torch
import xarray as xr
from torch import Tensor, nn

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP, ConvNet, DenseNet, ResNet, activation
from verified_dynamics.symmetry.rescaling_invariance.experiments.setting import CHAPTER, generator
from verified_dynamics.symmetry.rescaling_invariance.noether import noether_audit
from verified_dynamics.symmetry.rescaling_invariance.path_lifting import path_lifting_rank
from verified_dynamics.symmetry.rescaling_invariance.rescaling import rescale
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups

_ROUNDING = Tolerance(rtol=0.0, atol=1e-11)
_IMAGES = {"image_channels": 1, "width": 4}
ARCHITECTURES: dict[str, Callable[[torch.Generator], nn.Module]] = {
    "MLP": lambda g: MLP((64, 16, 12, 5), generator=g),
    "MLP, leaky ReLU": lambda g: MLP((64, 16, 12, 5), activation="leaky_relu", generator=g),
    "MLP with BatchNorm": lambda g: MLP((64, 16, 12, 5), batch_norm=True, generator=g),
    "convolution": lambda g: ConvNet((1, 4, 6), 5, image_size=8, generator=g),
    "grouped convolution": lambda g: ConvNet((1, 4, 6), 5, groups=2, pooling="average", generator=g),
    "depthwise convolution": lambda g: ConvNet((1, 4, 6), 5, depthwise=True, generator=g),
    "residual": lambda g: ResNet(5, batch_norm=False, generator=g, **_IMAGES),
    "residual with BatchNorm": lambda g: ResNet(5, generator=g, **_IMAGES),
    "concatenation": lambda g: DenseNet(5, generator=g, **_IMAGES),
}


@experiment(
    "activation-homogeneity",
    chapter=CHAPTER,
    smoke=Profile(grid={"activation": ("relu", "leaky_relu", "gelu", "silu", "tanh", "relu6")}, seeds=20),
    full=Profile(grid={"activation": ("relu", "leaky_relu", "gelu", "silu", "tanh", "relu6")}, seeds=200),
    tolerances={"defect": Tolerance(rtol=1e-9, atol=1e-14)},
    unit="draws of points and factors",
)
def activation_homogeneity(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The activation φ varies; measured is the largest |φ(cx) − cφ(x)| of 100 points, over the largest |cφ(x)|."""
    function = activation(cell["activation"])
    draws = [generator(seed, stream=5) for seed in seeds]
    x = 3 * torch.stack([torch.randn(100, generator=g, dtype=torch.float64) for g in draws])
    c = torch.exp(torch.stack([torch.randn(1, generator=g, dtype=torch.float64) for g in draws]))
    scaled = c * function(x)
    defect = (function(c * x) - scaled).abs().amax(1) / scaled.abs().amax(1)
    return xr.Dataset({"defect": ("seed", defect.numpy())})


def homogeneity_defect(name: str):
    """Statistic: relative defect of φ(cx) = cφ(x) for one activation, per draw."""
    return lambda data: data["defect"].sel(activation=name)


def any_homogeneity_defect(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the larger defect of ReLU and leaky ReLU, per draw."""
    return data["defect"].sel(activation=["relu", "leaky_relu"]).max("activation")


@experiment(
    "function-invariance",
    chapter=CHAPTER,
    smoke=Profile(grid={"architecture": tuple(ARCHITECTURES)}, seeds=4, settings={"spread": 0.7}),
    full=Profile(grid={"architecture": tuple(ARCHITECTURES)}, seeds=64, settings={"spread": 0.7}),
    tolerances={
        "groups": Tolerance(),
        "training": _ROUNDING,
        "evaluation": _ROUNDING,
        "charge": _ROUNDING,
        "charge_with_decay": Tolerance(rtol=1e-6),
    },
)
def function_invariance(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The architecture varies; measured are output changes under random scales in both modes, and Noether charges."""
    rows = [_invariance(ARCHITECTURES[cell["architecture"]], seed, cell["spread"]) for seed in seeds]
    names = ("groups", "training", "evaluation", "charge", "charge_with_decay")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    return xr.Dataset({name: ("seed", list(column)) for name, column in columns.items()})


def output_change(data: xr.Dataset) -> xr.DataArray:
    """Statistic: largest relative output change over architectures and both modes, per seed."""
    return data[["training", "evaluation"]].to_array().max(("variable", "architecture"))


def charge(data: xr.Dataset) -> xr.DataArray:
    """Statistic: largest relative Noether charge over architectures, per seed."""
    return data["charge"].max("architecture")


def charge_with_decay(data: xr.Dataset) -> xr.DataArray:
    """Statistic: smallest (over architectures) of the largest charge with a weight penalty in the loss, per seed."""
    return data["charge_with_decay"].min("architecture")


@experiment(
    "broken-invariance",
    chapter=CHAPTER,
    smoke=Profile(grid={"breakage": ("scale before BatchNorm", "skip unscaled", "tanh", "gelu")}, seeds=4),
    full=Profile(grid={"breakage": ("scale before BatchNorm", "skip unscaled", "tanh", "gelu")}, seeds=64),
    tolerances={"change": Tolerance(rtol=1e-6)},
)
def broken_invariance(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The mistake varies; measured is the relative output change in training mode when channels are scaled by it."""
    changes = [_broken_change(cell["breakage"], seed) for seed in seeds]
    return xr.Dataset({"change": ("seed", changes)})


def broken_change(breakage: str):
    """Statistic: relative output change under one mistaken rescaling, per seed."""
    return lambda data: data["change"].sel(breakage=breakage)


@experiment(
    "gradient-transport",
    chapter=CHAPTER,
    smoke=Profile(seeds=6, settings={"spread": 0.7}),
    full=Profile(seeds=64, settings={"spread": 0.7}),
    tolerances={
        "gradient": _ROUNDING,
        "hessian": _ROUNDING,
        "orbit": _ROUNDING,
        "gradient_unmoved": Tolerance(rtol=1e-6),
    },
)
def gradient_transport(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Seeds vary; measured are errors of ∇L(Dθ) = D⁻¹∇L, of the Hessian's law, and of A∇L + ∇²L·Aθ = 0."""
    rows = [_transport_errors(seed, cell["spread"]) for seed in seeds]
    names = ("gradient", "hessian", "orbit", "gradient_unmoved")
    return xr.Dataset({n: ("seed", list(c)) for n, c in zip(names, zip(*rows, strict=True), strict=True)})


def transport_error(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the largest of the three relative errors, per seed."""
    return data[["gradient", "hessian", "orbit"]].to_array().max("variable")


@experiment(
    "path-lifting-rank",
    chapter=CHAPTER,
    smoke=Profile(grid={"widths": ("3-4-3-2", "2-3-2-2", "4-3-2-1", "3-5-2")}, seeds=4),
    full=Profile(grid={"widths": ("3-4-3-2", "2-3-2-2", "4-3-2-1", "3-5-2")}, seeds=64),
    tolerances={"parameters": Tolerance(), "rank": Tolerance(), "hidden": Tolerance()},
    unit="random points",
)
def path_lifting_ranks(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The widths of a network with biases vary; measured is the rank of the Jacobian of its path-lifting."""
    widths = [int(w) for w in cell["widths"].split("-")]
    found = [path_lifting_rank(widths, generator(seed, stream=6)) for seed in seeds]
    return xr.Dataset(
        {
            "parameters": found[0][0],
            "rank": ("seed", [rank for _, rank in found]),
            "hidden": sum(widths[1:-1]),
        }
    )


def missing_laws(data: xr.Dataset) -> xr.DataArray:
    """Statistic: largest |parameters − rank − hidden units| over the networks, per point."""
    return abs(data["parameters"] - data["rank"] - data["hidden"]).max("widths").astype(float)


def rank_deficiency(data: xr.Dataset) -> xr.DataArray:
    """Statistic: smallest (over the networks) deficiency parameters − rank, per point."""
    return (data["parameters"] - data["rank"]).min("widths").astype(float)


def _randomised(make: Callable[[torch.Generator], nn.Module], g: torch.Generator) -> nn.Module:
    """A network whose biases, gains and running statistics are not at their initial values."""
    model = make(g)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() == 1:
                parameter.add_(0.3 * torch.randn(parameter.shape, generator=g, dtype=parameter.dtype))
        for module in model.modules():
            if isinstance(module, nn.modules.batchnorm._BatchNorm):
                module.running_mean.normal_(0, 0.3, generator=g)
                module.running_var.uniform_(0.5, 2.0, generator=g)
    return model


def _inputs(model: nn.Module, g: torch.Generator) -> Tensor:
    x = torch.randn(8, 64, generator=g, dtype=torch.float64)
    return x if isinstance(model, MLP) else x.reshape(8, 1, 8, 8)


def _relative(other: Tensor, reference: Tensor) -> float:
    return float((other - reference).norm() / reference.norm())


def _square(model: nn.Module, x: Tensor) -> Tensor:
    return (model(x) ** 2).mean()


def _penalised(model: nn.Module, x: Tensor) -> Tensor:
    return _square(model, x) + 0.05 * sum((p**2).sum() for p in model.parameters())


def _invariance(make, seed: int, spread: float) -> tuple[int, float, float, float, float]:
    g = generator(seed, stream=7)
    model = _randomised(make, g)
    x, groups = _inputs(model, g), scale_groups(model)
    scales = groups.random_scales(g, spread=spread)
    changes = []
    for training in (True, False):
        plain, moved = copy.deepcopy(model).train(training), copy.deepcopy(model).train(training)
        rescale(moved, scales, groups=groups)
        changes.append(_relative(moved(x).detach(), plain(x).detach()))
    audits = [
        noether_audit(model.train(), loss, x, groups=groups).violation for loss in (_square, _penalised)
    ]
    return groups.count, *changes, *audits


def _broken_change(breakage: str, seed: int) -> float:
    g = generator(seed, stream=8)
    makers = {
        "scale before BatchNorm": functools.partial(MLP, (64, 16, 12, 5), batch_norm=True),
        "skip unscaled": lambda generator: ResNet(5, batch_norm=False, generator=generator, **_IMAGES),
    }
    make = makers.get(breakage, functools.partial(MLP, (64, 16, 12, 5), activation=breakage))
    model = _randomised(lambda g: make(generator=g), g)
    x = _inputs(model, g)
    with torch.no_grad():
        before = model.train()(x)
        if breakage == "skip unscaled":
            last = model.stages[0][0].second[0]
            scale = torch.exp(0.7 * torch.randn(len(last.weight), generator=g, dtype=torch.float64))
            # The last convolution of the branch is scaled and the next stage divided, as if no skip ran beside it.
            last.weight.mul_(scale[:, None, None, None])
            last.bias.mul_(scale)
            following = model.stages[1][0]
            following.first[0].weight.div_(scale[None, :, None, None])
            following.skip[0].weight.div_(scale[None, :, None, None])
        else:
            first, last = model.linear1, model.linear2
            scale = torch.exp(0.7 * torch.randn(len(first.weight), generator=g, dtype=torch.float64))
            first.weight.mul_(scale[:, None])
            first.bias.mul_(scale)
            last.weight.div_(scale[None, :])
        return _relative(model(x), before)


def _transport_errors(seed: int, spread: float) -> tuple[float, float, float, float]:
    g = generator(seed, stream=9)
    model = _randomised(lambda g: MLP((3, 8, 6, 2), generator=g), g)
    x, groups = torch.randn(12, 3, generator=g, dtype=torch.float64), scale_groups(model)
    shapes = {name: p.shape for name, p in model.named_parameters()}
    theta = torch.cat([p.detach().reshape(-1) for p in model.parameters()])
    factors = groups.diagonal(groups.random_scales(g, spread=spread))
    d = torch.cat([factor.reshape(-1) for factor in factors.values()])

    def loss(vector: Tensor) -> Tensor:
        parts = vector.split([shape.numel() for shape in shapes.values()])
        named = {name: part.reshape(shape) for (name, shape), part in zip(shapes.items(), parts, strict=True)}
        return (torch.func.functional_call(model, named, (x,)) ** 2).mean()

    gradient, hessian = torch.func.grad(loss), torch.func.hessian(loss)
    g0, g1, h0, h1 = gradient(theta), gradient(d * theta), hessian(theta), hessian(d * theta)
    logs = torch.zeros(groups.count, dtype=torch.float64)
    worst = 0.0
    for unit in range(groups.count):
        scales = torch.exp(logs.index_fill(0, torch.tensor([unit]), 1.0))
        a = torch.log(torch.cat([f.reshape(-1) for f in groups.diagonal(scales).values()]))  # ±1 and 0
        worst = max(
            worst, float((a * g0 + h0 @ (a * theta)).norm() / (h0 @ (a * theta)).norm().clamp_min(1e-30))
        )
    return _relative(g1 * d, g0), _relative(h1 * d[:, None] * d[None, :], h0), worst, _relative(g1, g0)
