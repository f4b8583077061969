"""Runs about the point that conditioning singles out on an orbit: it is canonical, and how it relates to the norm."""

from __future__ import annotations

from collections.abc import Sequence

import torch
import xarray as xr
from torch import Tensor

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP
from verified_dynamics.symmetry.path_conditioned_training.conditioning import path_condition
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import (
    CHAPTER,
    generator,
    moons_networks,
)
from verified_dynamics.symmetry.path_conditioned_training.stacked import condition_ensemble, rescale_ensemble
from verified_dynamics.symmetry.rescaling_invariance import scale_groups


@experiment(
    "canonical-point",
    chapter=CHAPTER,
    smoke=Profile(seeds=4, settings={"spread": 2.0}),
    full=Profile(seeds=32, settings={"spread": 2.0}),
    tolerances={
        # Both ends are found to 1e-10 in z of one neuron; the distance between them is a few times that.
        "distance": Tolerance(atol=1e-7),
        "moved": Tolerance(rtol=1e-6),
        "ten_sweeps": Tolerance(rtol=1e-5),
    },
)
def canonical_point(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Seeds vary; measured is how far the weights conditioned from θ lie from those conditioned from Dθ, relatively.

    Networks 2-64-64-64-64-2 with PyTorch's default initialisation and no output bias; D has z = 2 log λ normal with the
    given spread.  ``moved``: distance of Dθ from θ; ``ten_sweeps``: distance after ten sequential sweeps from each.
    """
    here = moons_networks(seeds, device)
    example = torch.zeros(1, 2, dtype=torch.float64, device=device)
    groups = scale_groups(here.member(0), example)
    z = torch.stack(
        [torch.randn(groups.count, generator=generator(s, stream=6), dtype=torch.float64) for s in seeds]
    )
    there = here.copy()
    rescale_ensemble(there, groups, torch.exp(cell["spread"] * z / 2).to(device))
    found = {"moved": _distance(there, here), "ten_sweeps": _distance(*map(_swept, (there, here)))}
    for ensemble in (here, there):
        condition_ensemble(ensemble, example, max_log_scale=None, tol=1e-10)
    found["distance"] = _distance(there, here)
    return xr.Dataset({name: ("seed", values.cpu().numpy()) for name, values in found.items()})


_CASES: dict[str, tuple[int, int, int]] = {
    "one neuron": (7, 1, 3),
    "equal fans": (6, 16, 6),
    "equal products": (8, 16, 2),
    "unequal": (8, 16, 2),
}


@experiment(
    "one-layer-norm",
    chapter=CHAPTER,
    smoke=Profile(grid={"case": tuple(_CASES)}, seeds=8),
    full=Profile(grid={"case": tuple(_CASES)}, seeds=64),
    # Two minima, each found to 1e-10 in z of one neuron.
    tolerances={"distance": Tolerance(rtol=1e-6, atol=1e-8), "moved": Tolerance(rtol=1e-6, atol=1e-8)},
)
def one_layer_norm(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The case of one hidden layer varies; measured is the largest |z| between the path and the norm optimum.

    Gaussian weights without biases.  "equal products": the outgoing weights are divided so that ‖in‖‖out‖ is one for
    every neuron; "unequal" is the same network without that.  ``moved``: largest |z| of the norm optimum itself.
    """
    widths, case = _CASES[cell["case"]], cell["case"]
    ensemble = Ensemble.build(lambda g: _one_layer(widths, case == "equal products", g), seeds, device=device)
    example = torch.zeros(1, widths[0], dtype=torch.float64, device=device)
    z = [
        condition_ensemble(ensemble.copy(), example, criterion=criterion, max_log_scale=None, tol=1e-10).z
        for criterion in ("path", "norm")
    ]
    found = {"distance": (z[0] - z[1]).abs().amax(-1), "moved": z[1].abs().amax(-1)}
    return xr.Dataset({name: ("seed", values.cpu().numpy()) for name, values in found.items()})


def one_layer_distance(*cases: str):
    """Statistic: largest distance in z between the two optima over the named cases, per seed."""
    return lambda data: data["distance"].sel(case=list(cases)).max("case")


def _swept(ensemble: Ensemble) -> Ensemble:
    """A copy after ten sequential sweeps without limit."""
    result = ensemble.copy()
    for k in range(len(ensemble)):
        model = ensemble.member(k)
        example = torch.zeros(1, 2, dtype=torch.float64, device=ensemble.device)
        path_condition(model, example, solver="sequential", max_iterations=10, max_log_scale=None)
        for name, parameter in model.named_parameters():
            result.parameters[name][k] = parameter.detach()
    return result


def _distance(moved: Ensemble, reference: Ensemble) -> Tensor:
    """‖θ' − θ‖ / ‖θ‖ over all parameters, (s,)."""
    a, b = (torch.cat([p.flatten(1) for p in e.parameters.values()], 1) for e in (moved, reference))
    return (a - b).norm(dim=1) / b.norm(dim=1)


def _one_layer(widths: tuple[int, int, int], equal_products: bool, g: torch.Generator) -> MLP:
    model = MLP(widths, bias=False, generator=g)
    own = generator(g.initial_seed(), stream=8)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=own, dtype=parameter.dtype))
        if equal_products:
            incoming, outgoing = model.linear1.weight.norm(dim=1), model.linear2.weight.norm(dim=0)
            model.linear2.weight.div_(incoming * outgoing)
    return model
