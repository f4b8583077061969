"""Runs about the drift of ‖in‖² − ‖out‖²: against the step size, its exact account, and weight decay."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.ensemble import train
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.symmetry.rescaling_invariance.drift import conserved_quantities, step_drift
from verified_dynamics.symmetry.rescaling_invariance.experiments.setting import (
    CHAPTER,
    cross_entropy,
    digit_groups,
    digit_networks,
    digits_batch,
)
from verified_dynamics.symmetry.rescaling_invariance.scale_groups import ScaleGroups

# Optimizer, its options, and its learning rate in units of the step size: Adam's steps are not gradients.
_RULES = {
    "gradient descent": (torch.optim.SGD, {}, 1.0),
    "gradient descent, GELU": (torch.optim.SGD, {}, 1.0),
    "momentum": (torch.optim.SGD, {"momentum": 0.9}, 1.0),
    "Adam": (torch.optim.Adam, {}, 0.05),
}


@experiment(
    "drift-against-step-size",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"rule": tuple(_RULES), "step_size": (0.2, 0.1, 0.05, 0.025)},
        seeds=6,
        settings={"horizon": 3.0, "samples": 60, "width": 12},
    ),
    full=Profile(
        grid={"rule": tuple(_RULES), "step_size": (0.2, 0.1, 0.05, 0.025, 0.0125, 0.00625)},
        seeds=64,
        settings={"horizon": 3.0, "samples": 1000, "width": 64},
    ),
    tolerances={"drift": Tolerance(rtol=1e-3, atol=1e-9)},
)
def drift_against_step_size(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Update rule and step size η vary at a fixed training time Nη; measured is the largest drift over the neurons."""
    activation = "gelu" if cell["rule"].endswith("GELU") else "relu"
    ensemble = digit_networks(cell["width"], seeds, device, activation)
    groups = digit_groups(cell["width"])
    start = conserved_quantities(ensemble.parameters, groups)
    optimizer, options, unit = _RULES[cell["rule"]]
    train(
        ensemble,
        cross_entropy,
        digits_batch(cell["samples"], device),
        steps=round(cell["horizon"] / cell["step_size"]),
        optimizer=optimizer,
        learning_rate=unit * cell["step_size"],
        optimizer_options=options,
    )
    drift = (conserved_quantities(ensemble.parameters, groups) - start).abs().amax(dim=1)
    return xr.Dataset({"drift": ("seed", drift.cpu().numpy())})


def drift_slope(rule: str):
    """Statistic: slope of log drift against log step size between the two smallest steps, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        drift = data["drift"].sel(rule=rule)
        steps = np.sort(drift["step_size"].values)[:2]
        low, high = (np.log(drift.sel(step_size=s)) for s in steps)
        return (high.drop_vars("step_size") - low.drop_vars("step_size")) / math.log(steps[1] / steps[0])

    return statistic


@experiment(
    "drift-account",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"rule": ("gradient descent", "minibatch descent", "momentum", "Adam")},
        seeds=6,
        settings={"step_size": 0.05, "steps": 30, "samples": 60, "width": 12},
    ),
    full=Profile(
        grid={"rule": ("gradient descent", "minibatch descent", "momentum", "Adam")},
        seeds=64,
        settings={"step_size": 0.05, "steps": 400, "samples": 1000, "width": 64},
    ),
    tolerances={
        "unexplained": Tolerance(rtol=1e-3, atol=1e-11),
        "unexplained_by_momentum": Tolerance(rtol=1e-3, atol=1e-11),
        "drift": Tolerance(rtol=1e-3, atol=1e-9),
    },
)
def drift_account(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The update rule varies; measured is the drift that the accounts of descent and of momentum leave unexplained."""
    ensemble, groups = digit_networks(cell["width"], seeds, device), digit_groups(cell["width"])
    x, y = digits_batch(cell["samples"], device)
    rate = cell["step_size"]
    kinds = {"momentum": (torch.optim.SGD, {"momentum": 0.9}), "Adam": (torch.optim.Adam, {})}
    kind, options = kinds.get(cell["rule"], (torch.optim.SGD, {}))
    optimizer = kind(list(ensemble.parameters.values()), lr=rate, **options)
    start = conserved_quantities(ensemble.parameters, groups)
    explained, worst = torch.zeros_like(start), torch.zeros(2, len(seeds), dtype=start.dtype, device=device)
    heavy = _MomentumAccount(options.get("momentum", 0.0), rate, start)
    size = 10 if cell["rule"] == "minibatch descent" else len(x)
    for step in range(cell["steps"]):
        rows = torch.arange(step * size, (step + 1) * size, device=device) % len(x)
        gradients = ensemble.gradients(cross_entropy, x[rows], y[rows])
        explained = explained + step_drift(gradients, groups, rate)
        heavy.record(gradients, groups)
        for name, parameter in ensemble.parameters.items():
            parameter.grad = gradients[name]
        optimizer.step()
        drift = conserved_quantities(ensemble.parameters, groups) - start
        left = torch.stack([drift - explained, drift - heavy.explained])
        worst = torch.maximum(worst, left.abs().amax(dim=2))
    found = {"unexplained": worst[0], "unexplained_by_momentum": worst[1], "drift": drift.abs().amax(dim=1)}
    return xr.Dataset({name: ("seed", value.cpu().numpy()) for name, value in found.items()})


class _MomentumAccount:
    """Adds up −2ηq + η²n over the steps, with n = ‖v_in‖² − ‖v_out‖² and the charge q⁺ = μ(q − ηn), q = 0 at first."""

    def __init__(self, momentum: float, step_size: float, like: Tensor) -> None:
        self.momentum, self.step_size = momentum, step_size
        self.velocity: dict[str, Tensor] = {}
        self.charge, self.explained = torch.zeros_like(like), torch.zeros_like(like)

    def record(self, gradients: Mapping[str, Tensor], groups: ScaleGroups) -> None:
        kept = {name: self.momentum * v for name, v in self.velocity.items()}
        self.velocity = {name: kept.get(name, 0.0) + g for name, g in gradients.items()}
        size = groups.difference({name: v**2 for name, v in self.velocity.items()})
        self.explained = self.explained - 2 * self.step_size * self.charge + self.step_size**2 * size
        self.charge = self.momentum * (self.charge - self.step_size * size)


def unexplained_drift(rule: str, variable: str = "unexplained"):
    """Statistic: largest drift over neurons and steps that one of the accounts leaves unexplained, per seed."""
    return lambda data: data[variable].sel(rule=rule)


@experiment(
    "weight-decay",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"decayed": ("all weights", "incoming weights"), "step_size": (0.1, 0.05)},
        seeds=6,
        settings={"horizon": 3.0, "rate": 0.1, "samples": 60, "width": 12},
    ),
    full=Profile(
        grid={
            "decayed": ("all weights", "incoming weights"),
            "step_size": (0.1, 0.05, 0.025, 0.0125, 0.00625),
        },
        seeds=64,
        settings={"horizon": 3.0, "rate": 0.1, "samples": 1000, "width": 64},
    ),
    tolerances={"ratio": Tolerance(rtol=1e-4), "error": Tolerance(rtol=1e-2)},
)
def weight_decay(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Decayed weights and step size vary; measured are the slope of Q(T) on Q(0) over neurons, and theory's error."""
    ensemble, groups = digit_networks(cell["width"], seeds, device), digit_groups(cell["width"])
    rate, first = cell["rate"], slice(0, cell["width"])

    def decayed_loss(model, x: Tensor, y: Tensor) -> Tensor:
        penalty = sum(
            (p**2).sum()
            for name, p in model.parameters.items()
            if cell["decayed"] == "all weights" or name.startswith("linear1")
        )
        return cross_entropy(model, x, y) + rate / 2 * penalty

    start = conserved_quantities(ensemble.parameters, groups)[:, first]
    steps = round(cell["horizon"] / cell["step_size"])
    data = digits_batch(cell["samples"], device)
    train(ensemble, decayed_loss, data, steps=steps, learning_rate=cell["step_size"])
    end = conserved_quantities(ensemble.parameters, groups)[:, first]
    expected = start * math.exp(-2 * rate * cell["horizon"])
    error = (end - expected).abs().amax(dim=1) / start.abs().amax(dim=1)
    ratio = (end * start).sum(dim=1) / (start**2).sum(dim=1)
    return xr.Dataset({"ratio": ("seed", ratio.cpu().numpy()), "error": ("seed", error.cpu().numpy())})


def at_smallest_step(variable: str, decayed: str):
    """Statistic: "ratio", the slope of Q(T) on Q(0) over neurons, or "error", at the smallest step size, per seed."""
    return lambda data: data[variable].sel(
        decayed=decayed, step_size=float(data["step_size"].min()), drop=True
    )


def decay_error_slope(data: xr.Dataset) -> xr.DataArray:
    """Statistic: log-log slope of the error of e^{−2λT} against the step size, two smallest steps, per seed."""
    error = data["error"].sel(decayed="all weights")
    steps = np.sort(error["step_size"].values)[:2]
    low, high = (np.log(error.sel(step_size=s, drop=True)) for s in steps)
    return (high - low) / math.log(steps[1] / steps[0])
