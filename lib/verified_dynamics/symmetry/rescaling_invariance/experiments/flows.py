"""Runs in continuous time: the conserved quantity under four dynamics, and the matrix law of linear networks."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP
from verified_dynamics.symmetry.rescaling_invariance.drift import conserved_quantities
from verified_dynamics.symmetry.rescaling_invariance.experiments.setting import (
    CHAPTER,
    cross_entropy,
    digit_groups,
    digit_networks,
    digits_batch,
    flow_step,
    generator,
)

_DYNAMICS = ("flow", "flow, GELU", "descent", "decay", "noise")


@experiment(
    "conserved-quantity",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"dynamics": _DYNAMICS},
        seeds=4,
        settings={
            "horizon": 6.0,
            "records": 15,
            "flow_step": 0.1,
            "descent_step": 0.2,
            "decay_step": 0.1,
            "decay_rate": 0.2,
            "samples": 60,
            "width": 12,
        },
    ),
    full=Profile(
        grid={"dynamics": _DYNAMICS},
        seeds=16,
        settings={
            "horizon": 6.0,
            "records": 15,
            "flow_step": 0.025,
            "descent_step": 0.2,
            "decay_step": 0.05,
            "decay_rate": 0.2,
            "samples": 500,
            "width": 12,
        },
    ),
    tolerances={"quantity": Tolerance(rtol=1e-4, atol=1e-6)},
)
def conserved_quantity(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The dynamics varies (flow, descent, decay, one-sample steps); measured is ‖in‖² − ‖out‖² per neuron over time."""
    kind = cell["dynamics"]
    ensemble = digit_networks(cell["width"], seeds, device, "gelu" if kind.endswith("GELU") else "relu")
    groups = digit_groups(cell["width"])
    x, y = digits_batch(cell["samples"], device)
    sampler = generator(0, stream=1)
    step_size = {"decay": cell["decay_step"]}.get(kind, cell["descent_step"])
    step_size = cell["flow_step"] if kind.startswith("flow") else step_size

    def advance() -> None:
        if kind.startswith("flow"):
            flow_step(ensemble, lambda at: at.gradients(cross_entropy, x, y), step_size)
            return
        rows = torch.randint(len(x), (1,), generator=sampler).to(device) if kind == "noise" else slice(None)
        gradients = ensemble.gradients(cross_entropy, x[rows], y[rows])
        decay = cell["decay_rate"] if kind == "decay" else 0.0
        ensemble.parameters = {
            name: p - step_size * (gradients[name] + decay * p) for name, p in ensemble.parameters.items()
        }

    interval = cell["horizon"] / cell["records"]
    recorded = [conserved_quantities(ensemble.parameters, groups)]
    for _ in range(cell["records"]):
        for _ in range(round(interval / step_size)):
            advance()
        recorded.append(conserved_quantities(ensemble.parameters, groups))
    times = [interval * k for k in range(cell["records"] + 1)]
    values = torch.stack(recorded, dim=1).cpu().numpy()  # (s, t, groups)
    return xr.Dataset({"quantity": (("seed", "time", "neuron"), values)}, coords={"time": times})


def largest_change(dynamics: str):
    """Statistic: largest change of a neuron's quantity over the run, relative to the largest quantity, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        quantity = data["quantity"].sel(dynamics=dynamics, drop=True)
        start = quantity.isel(time=0, drop=True)
        return abs(quantity - start).max(("time", "neuron")) / abs(start).max("neuron")

    return statistic


@experiment(
    "linear-matrix-law",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"activation": ("linear", "relu")}, seeds=8, settings={"horizon": 1.0, "step_size": 0.025}
    ),
    full=Profile(
        grid={"activation": ("linear", "relu")}, seeds=64, settings={"horizon": 4.0, "step_size": 0.005}
    ),
    tolerances={
        "diagonal": Tolerance(rtol=1e-2, atol=1e-9),
        "off_diagonal": Tolerance(rtol=1e-3, atol=1e-9),
    },
)
def linear_matrix_law(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The activation varies; measured is how far W₁W₁ᵀ − W₂ᵀW₂ moves under gradient flow, on and off its diagonal."""
    ensemble = Ensemble.build(
        lambda g: MLP((5, 4, 3), activation=cell["activation"], bias=False, generator=g), seeds, device=device
    )
    x, y = _regression(device)
    start = _matrix_quantity(ensemble)
    for _ in range(round(cell["horizon"] / cell["step_size"])):
        flow_step(ensemble, lambda at: at.gradients(_squared_error, x, y), cell["step_size"])
    change = (_matrix_quantity(ensemble) - start).abs() / start.norm(dim=(1, 2), keepdim=True)
    on = torch.eye(4, dtype=torch.bool, device=device)
    return xr.Dataset(
        {
            "diagonal": ("seed", change[:, on].amax(dim=1).cpu().numpy()),
            "off_diagonal": ("seed", change[:, ~on].amax(dim=1).cpu().numpy()),
        }
    )


def off_diagonal_change(activation: str):
    """Statistic: largest change of an off-diagonal entry of W₁W₁ᵀ − W₂ᵀW₂, relative, per seed."""
    return lambda data: data["off_diagonal"].sel(activation=activation)


@experiment(
    "degree-two-law",
    chapter=CHAPTER,
    smoke=Profile(seeds=8, settings={"horizon": 1.0, "step_size": 0.02}),
    full=Profile(seeds=64, settings={"horizon": 4.0, "step_size": 0.005}),
    tolerances={"degree_two": Tolerance(rtol=1e-2, atol=1e-9), "degree_one": Tolerance(rtol=1e-3)},
)
def degree_two_law(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Seeds vary; measured are changes of ‖in‖² − 2‖out‖² and ‖in‖² − ‖out‖² of squared-ReLU neurons under flow."""
    ensemble = Ensemble.build(
        lambda g: MLP((5, 6, 3), activation="squared_relu", generator=g), seeds, device=device
    )
    x, y = _regression(device)
    start = _squared_norms(ensemble)
    for _ in range(round(cell["horizon"] / cell["step_size"])):
        flow_step(ensemble, lambda at: at.gradients(_squared_error, x, y), cell["step_size"])
    (in0, out0), (in1, out1) = start, _squared_norms(ensemble)
    size = (in0 + out0).amax(dim=1)
    changes = {
        "degree_two": ((in1 - 2 * out1) - (in0 - 2 * out0)).abs().amax(dim=1) / size,
        "degree_one": ((in1 - out1) - (in0 - out0)).abs().amax(dim=1) / size,
    }
    return xr.Dataset({name: ("seed", change.cpu().numpy()) for name, change in changes.items()})


def degree_change(variable: str):
    """Statistic: the largest relative change over neurons of one of the two quantities, per seed."""
    return lambda data: data[variable]


def _regression(device: torch.device) -> tuple[Tensor, Tensor]:
    draws = generator(0, stream=2)
    x = torch.randn(30, 5, generator=draws, dtype=torch.float64)
    y = torch.randn(30, 3, generator=draws, dtype=torch.float64)
    return x.to(device), y.to(device)


def _squared_error(model, x: Tensor, y: Tensor) -> Tensor:
    return ((model(x) - y) ** 2).sum(1).mean()


def _squared_norms(ensemble: Ensemble) -> tuple[Tensor, Tensor]:
    """Squared norms of what enters (bias included) and leaves the hidden units, (s, m) each."""
    weight, bias = ensemble.parameters["linear1.weight"], ensemble.parameters["linear1.bias"]
    return (weight**2).sum(-1) + bias**2, (ensemble.parameters["linear2.weight"] ** 2).sum(-2)


def _matrix_quantity(ensemble: Ensemble) -> Tensor:
    first, second = ensemble.parameters["linear1.weight"], ensemble.parameters["linear2.weight"]
    return first @ first.mT - second.mT @ second  # (s, m, m)
