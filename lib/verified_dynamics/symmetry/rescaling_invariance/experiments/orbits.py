"""Runs along orbits: sharpness, optimizers, path norms, and the balanced point."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
import xarray as xr
from torch import Tensor

from verified_dynamics.ensemble import Ensemble, train
from verified_dynamics.ensemble.curvature import top_hessian_eigenvalue
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP
from verified_dynamics.symmetry.rescaling_invariance.balancing import Balance, balance
from verified_dynamics.symmetry.rescaling_invariance.equivariance import (
    EQUIVARIANT,
    UPDATE_RULES,
    equivariance_error,
)
from verified_dynamics.symmetry.rescaling_invariance.experiments.setting import (
    CHAPTER,
    cross_entropy,
    digit_groups,
    digit_networks,
    digits_batch,
    generator,
)
from verified_dynamics.symmetry.rescaling_invariance.path_norm import (
    layer_norm_product,
    path_magnitudes,
    path_norm,
)
from verified_dynamics.symmetry.rescaling_invariance.rescaling import rescale
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups
from verified_dynamics.symmetry.rescaling_invariance.tracing import scale_groups

_SCALES = (0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0, 100.0)


@experiment(
    "sharpness-along-orbit",
    chapter=CHAPTER,
    smoke=Profile(seeds=4, settings={"samples": 60, "width": 12, "steps": 150, "iterations": 40}),
    full=Profile(seeds=32, settings={"samples": 500, "width": 24, "steps": 1000, "iterations": 200}),
    tolerances={
        "plain": Tolerance(rtol=1e-3),
        "path_metric": Tolerance(rtol=1e-3),
        "magnitude_metric": Tolerance(rtol=1e-3),
        "output_change": Tolerance(atol=1e-10),
    },
)
def sharpness_along_orbit(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The scale of one trained neuron varies; measured are the largest Hessian eigenvalue, plain and in two metrics."""
    ensemble, groups = digit_networks(cell["width"], seeds, device), digit_groups(cell["width"])
    x, y = digits_batch(cell["samples"], device)
    train(ensemble, cross_entropy, (x, y), steps=cell["steps"], learning_rate=0.2)
    orbit = _orbit(ensemble, groups)
    outputs = orbit(x)
    middle = outputs[_SCALES.index(1.0) :: len(_SCALES)].repeat_interleave(len(_SCALES), 0)
    change = (outputs - middle).norm(dim=(1, 2)) / middle.norm(dim=(1, 2))

    def loss(parameters: dict[str, Tensor]) -> Tensor:
        return F.cross_entropy(torch.func.functional_call(orbit.module, (parameters, {}), (x,)), y)

    members = [path_magnitudes(orbit.member(k), x) for k in range(len(orbit))]
    metric = {name: torch.stack([m[name] for m in members]) for name in orbit.parameters}
    diagonals = {
        "plain": None,
        "path_metric": {n: torch.where(g > 0, g.clamp_min(1e-300).rsqrt(), 0) for n, g in metric.items()},
        "magnitude_metric": {name: p.abs() for name, p in orbit.parameters.items()},
    }
    found = {"output_change": change}
    for name, diagonal in diagonals.items():
        found[name] = top_hessian_eigenvalue(
            loss,
            orbit.parameters,
            batched=True,
            diagonal=diagonal,
            iterations=cell["iterations"],
            tolerance=1e-5,
        ).value
    shape = (len(seeds), len(_SCALES))
    return xr.Dataset(
        {name: (("seed", "scale"), value.reshape(shape).cpu().numpy()) for name, value in found.items()},
        coords={"scale": list(_SCALES)},
    )


def end_slope(side: str):
    """Statistic: log-log slope of the plain sharpness over the last two scales on the "small" or "large" side."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        pair = data["plain"].isel(scale=[0, 1] if side == "small" else [-2, -1])
        first, last = (np.log(pair.isel(scale=k, drop=True)) for k in (0, 1))
        return (last - first) / math.log(float(pair["scale"][1] / pair["scale"][0]))

    return statistic


def sharpness_range(variable: str):
    """Statistic: largest over smallest sharpness along the orbit, minus one, per seed."""
    return lambda data: data[variable].max("scale") / data[variable].min("scale") - 1


def orbit_output_change(data: xr.Dataset) -> xr.DataArray:
    """Statistic: largest relative output change along the orbit, per seed."""
    return data["output_change"].max("scale")


@experiment(
    "optimizer-equivariance",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"rule": tuple(UPDATE_RULES)},
        seeds=4,
        settings={"samples": 60, "width": 12, "steps": 20, "spread": 0.7},
    ),
    full=Profile(
        grid={"rule": tuple(UPDATE_RULES)},
        seeds=32,
        settings={"samples": 500, "width": 64, "steps": 50, "spread": 0.7},
    ),
    tolerances={"error": Tolerance(rtol=1e-3, atol=1e-9)},
)
def optimizer_equivariance(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The update rule varies; measured is the relative output difference after training from θ and from Dθ."""
    batch, groups = digits_batch(cell["samples"], device), digit_groups(cell["width"])
    errors = []
    for seed in seeds:
        g = generator(seed, stream=10)
        model = MLP((64, cell["width"], cell["width"], 10), generator=g).to(device)
        scales = groups.random_scales(g, spread=cell["spread"])
        make = UPDATE_RULES[cell["rule"]]
        errors.append(
            equivariance_error(
                make, model, cross_entropy, *batch, scales=scales, steps=cell["steps"], groups=groups
            )
        )
    return xr.Dataset({"error": ("seed", errors)})


def equivariant_error(data: xr.Dataset) -> xr.DataArray:
    """Statistic: largest error over the rules predicted to be equivariant, per seed."""
    return data["error"].sel(rule=[r for r in data["rule"].values if r in EQUIVARIANT]).max("rule")


def other_error(data: xr.Dataset) -> xr.DataArray:
    """Statistic: smallest error over the other rules, per seed."""
    return data["error"].sel(rule=[r for r in data["rule"].values if r not in EQUIVARIANT]).min("rule")


@experiment(
    "path-norm",
    chapter=CHAPTER,
    smoke=Profile(seeds=8, settings={"width": 20, "pairs": 500, "spread": 0.7}),
    full=Profile(seeds=64, settings={"width": 64, "pairs": 5000, "spread": 0.7}),
    tolerances={
        "path_change": Tolerance(atol=1e-11),
        "product_change": Tolerance(rtol=1e-6),
        "lipschitz": Tolerance(rtol=1e-6),
        "bound": Tolerance(rtol=1e-6),
        "bound_without_biases": Tolerance(rtol=1e-6),
    },
)
def path_norm_bounds(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Seeds vary; measured are the change of path norm and layer product on the orbit, and how tight the bounds are."""
    rows = [_path_norm_row(seed, cell) for seed in seeds]
    names = ("path_change", "product_change", "lipschitz", "bound", "bound_without_biases")
    return xr.Dataset({n: ("seed", list(c)) for n, c in zip(names, zip(*rows, strict=True), strict=True)})


def statistic_of(variable: str):
    """Statistic: one variable as it is, per seed."""
    return lambda data: data[variable]


@experiment(
    "balanced-point",
    chapter=CHAPTER,
    smoke=Profile(seeds=6, settings={"width": 20, "spread": 1.0}),
    full=Profile(seeds=64, settings={"width": 128, "spread": 1.0}),
    tolerances={
        "imbalance": Tolerance(atol=1e-9),
        "layer_spread": Tolerance(atol=1e-6),
        "canonical": Tolerance(atol=1e-7),
        "one_sweep": Tolerance(rtol=1e-4),
        "sweeps": Tolerance(atol=2.0),
        "disconnected": Tolerance(),
    },
)
def balanced_point(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Seeds vary; measured is whether balancing from θ and from Dθ ends at one point, with equal layer norms."""
    rows = [_balance_row(seed, cell) for seed in seeds]
    names = ("imbalance", "layer_spread", "canonical", "one_sweep", "sweeps", "disconnected")
    return xr.Dataset({n: ("seed", list(c)) for n, c in zip(names, zip(*rows, strict=True), strict=True)})


def _orbit(ensemble: Ensemble, groups: ScaleGroups) -> Ensemble:
    """Every member at every scale of its strongest first-layer neuron: (s * scales, *shape)."""
    incoming, outgoing = groups.incoming_outgoing({n: p**2 for n, p in ensemble.parameters.items()})
    width = len(ensemble.parameters["linear1.bias"][0])
    strongest = (incoming * outgoing)[:, :width].argmax(dim=1)
    points: dict[str, list[Tensor]] = {name: [] for name in ensemble.parameters}
    for member, neuron in enumerate(strongest.tolist()):
        for scale in _SCALES:
            diagonal = groups.diagonal({groups.labels[neuron]: scale})
            for name, parameter in ensemble.parameters.items():
                points[name].append(parameter[member] * diagonal[name].to(parameter.device))
    stacked = {name: torch.stack(values) for name, values in points.items()}
    return Ensemble(ensemble.module, stacked, ensemble.buffers, tuple(range(len(ensemble) * len(_SCALES))))


def _path_norm_row(seed: int, cell: dict) -> tuple[float, float, float, float, float]:
    g = generator(seed, stream=11)
    model = MLP((10, cell["width"], cell["width"], 3), generator=g)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if name.endswith("bias"):
                parameter.copy_(torch.randn(parameter.shape, generator=g, dtype=torch.float64))
    groups, example = scale_groups(model), torch.zeros(1, 10)
    before, product = path_norm(model, example, q=1), layer_norm_product(model)
    scales = groups.random_scales(g, spread=cell["spread"])
    with rescale(model, scales, groups=groups):
        path_change = abs(path_norm(model, example, q=1) / before - 1)
        product_change = abs(math.log10(layer_norm_product(model) / product))
    x, z = torch.rand(2, cell["pairs"], 10, generator=g, dtype=torch.float64) * 2 - 1
    without = MLP((10, cell["width"], cell["width"], 3), bias=False, generator=g)
    without.load_state_dict({n: p for n, p in model.state_dict().items() if n.endswith("weight")})
    inputs_only = path_norm(without, example, q=1)
    with torch.no_grad():
        fx, fz, near = model(x), model(z), model(x / 100)
    lipschitz = ((fx - fz).abs().sum(1) / (x - z).abs().amax(1)).max() / inputs_only
    bound = fx.abs().sum(1).max() / before
    # Near the origin the paths from inputs alone would bound the output by almost nothing.
    broken = (near.abs().sum(1) / (x / 100).abs().amax(1)).max() / inputs_only
    return path_change, product_change, float(lipschitz), float(bound), float(broken)


def _balance_row(seed: int, cell: dict) -> tuple[float, float, float, float, int, int]:
    g = generator(seed, stream=12)
    model = MLP((10, cell["width"], cell["width"] // 2, 3), bias=False, generator=g)
    groups = scale_groups(model)
    scales = groups.random_scales(g, spread=cell["spread"])
    here, there = (_balanced(model, start, groups, 1000) for start in (torch.ones_like(scales), scales))
    early, late = (_balanced(model, start, groups, 1) for start in (torch.ones_like(scales), scales))
    norms = [float(block.norm()) for block in here.blocks]
    with torch.no_grad():
        model.linear3.weight[:, 0] = 0.0
    alone = balance(model, groups=groups).disconnected
    return (
        here.result.imbalance,
        max(norms) / min(norms) - 1,
        _distance(here, there),
        _distance(early, late),
        here.result.sweeps,
        len(alone),
    )


class _Balanced(NamedTuple):
    result: Balance
    blocks: list[Tensor]


def _balanced(model: MLP, start: Tensor, groups: ScaleGroups, sweeps: int) -> _Balanced:
    """Balance from the point ``start`` of the orbit and put the model back."""
    with rescale(model, start, groups=groups):
        result = balance(model, groups=groups, max_sweeps=sweeps)
        blocks = [p.detach().clone() for p in model.parameters()]
        result.rescaling.undo()
    return _Balanced(result, blocks)


def _distance(left: _Balanced, right: _Balanced) -> float:
    a, b = (torch.cat([block.reshape(-1) for block in point.blocks]) for point in (left, right))
    return float((a - b).norm() / a.norm())
