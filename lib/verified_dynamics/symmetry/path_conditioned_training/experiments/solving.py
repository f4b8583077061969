"""Runs about the minimisation: three solvers, the work that they take, and which points they single out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
import xarray as xr
from torch import Tensor, nn

from verified_dynamics.ensemble import Ensemble
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.models import MLP, ConvNet
from verified_dynamics.symmetry.path_conditioned_training.block_updates import block_updates
from verified_dynamics.symmetry.path_conditioned_training.conditioning import SOLVERS
from verified_dynamics.symmetry.path_conditioned_training.experiments.setting import (
    CHAPTER,
    generator,
    without_output_bias,
)
from verified_dynamics.symmetry.path_conditioned_training.newton import newton
from verified_dynamics.symmetry.path_conditioned_training.objective import Objective
from verified_dynamics.symmetry.path_conditioned_training.path_diagonal import path_diagonal
from verified_dynamics.symmetry.path_conditioned_training.sequential import neuron_factor, sequential
from verified_dynamics.symmetry.path_conditioned_training.stacked import (
    ensemble_objective,
)
from verified_dynamics.symmetry.rescaling_invariance import scale_groups

# A sweep closes a part of the remaining distance only; steps of 1e-12 leave less than 1e-9 of it at these rates.
_TIGHT = 1e-12
_ROUNDING = Tolerance(atol=1e-12)


@experiment(
    "solver-agreement",
    chapter=CHAPTER,
    smoke=Profile(seeds=4, settings={"sweeps": 2000}),
    full=Profile(seeds=64, settings={"sweeps": 4000}),
    tolerances={
        "disagreement": Tolerance(atol=1e-8),
        "residual": Tolerance(atol=1e-11),
        "newton_rise": _ROUNDING,
        "blocks_rise": _ROUNDING,
        "neuron_rise": _ROUNDING,
        "sign_slip_rise": Tolerance(rtol=1e-6),
    },
)
def solver_agreement(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Seeds vary; measured are the largest difference in z of three solvers, and the largest rise of J in an update.

    Networks 2-16-12-2 with PyTorch's default initialisation, no limit on the scales.  A rise is in units of J per
    parameter; the sign slip takes the number of elements that enter minus those that leave with the opposite sign.
    """
    ensemble = Ensemble.build(lambda g: MLP((2, 16, 12, 2), generator=g), seeds, device=device)
    example = torch.zeros(1, 2, dtype=torch.float64, device=device)
    groups = scale_groups(ensemble.member(0), example)
    objective = ensemble_objective(ensemble, example, groups)
    stacked = {
        "newton": newton(objective, tol=_TIGHT),
        "blocks": block_updates(objective, tol=_TIGHT, max_sweeps=cell["sweeps"]),
    }
    singles, rises, slips = [], [], []
    for k in range(len(seeds)):
        one = Objective.build(groups, path_diagonal(ensemble.member(k), example))
        singles.append(sequential(one, tol=_TIGHT, max_sweeps=cell["sweeps"]))
        rises.append(largest_rise(one, sweeps=20))
        slips.append(largest_rise(one, sweeps=20, sign=-1))
    points = [*(solution.z for solution in stacked.values()), torch.stack([s.z for s in singles])]
    gaps = [(a - b).abs().amax(-1) for a, b in ((points[0], points[1]), (points[0], points[2]))]
    residuals = [*(s.residual for s in stacked.values()), torch.stack([s.residual for s in singles])]
    found = {
        "disagreement": torch.stack(gaps).amax(0),
        "residual": torch.stack(residuals).amax(0),
        **{f"{name}_rise": _rise(s.values / objective.count) for name, s in stacked.items()},
        "neuron_rise": torch.tensor(rises),
        "sign_slip_rise": torch.tensor(slips),
    }
    return xr.Dataset({name: ("seed", values.cpu().numpy()) for name, values in found.items()})


def any_rise(data: xr.Dataset) -> xr.DataArray:
    """Statistic: largest rise of J per parameter in an update of any of the three solvers, per seed."""
    return data[["newton_rise", "blocks_rise", "neuron_rise"]].to_array().max("variable")


def largest_rise(objective: Objective, *, sweeps: int, sign: int = 1) -> float:
    """Largest change of J per parameter in one neuron's update, over sweeps through an unstacked network.

    J is evaluated anew after each update.  ``sign`` −1 exchanges the roles of entering and leaving elements in the
    quadratic's coefficients, which is the control.
    """
    matrix = objective.mass.to_sparse().toarray()  # rows: entered, columns: left
    count, slope = float(objective.count), objective.slope.cpu().numpy()
    z, worst = np.zeros(len(matrix)), -np.inf

    def masses() -> np.ndarray:
        return matrix * np.exp(z[None, :] - z[:, None])

    def value() -> float:
        return float(np.log(masses().sum()) - slope @ z[1:] / count)

    before = value()
    for group in list(range(1, len(matrix))) * sweeps:
        present = masses()
        growing, shrinking = present[:, group].sum(), present[group].sum()
        rest = present.sum() - growing - shrinking
        z[group] += np.log(neuron_factor(growing, shrinking, rest, -sign * slope[group - 1], count))
        after = value()
        worst, before = max(worst, after - before), after
    return worst


@experiment(
    "solver-work",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"network": ("moons", "image MLP", "convolutions"), "solver": tuple(SOLVERS)},
        seeds=1,
        settings={"pixels": 196, "width": 64, "channels": 8, "sweeps": 150},
    ),
    full=Profile(
        grid={"network": ("moons", "image MLP", "convolutions"), "solver": tuple(SOLVERS)},
        seeds=4,
        settings={"pixels": 784, "width": 512, "channels": 32, "sweeps": 1000},
    ),
    tolerances={
        # Conjugate gradients stop by a comparison: rounding can move one of their steps past a checkpoint.
        "excess": Tolerance(rtol=1e-3, atol=1e-3),
        "products": Tolerance(rtol=0.1),
        "iterations": Tolerance(rtol=0.1),
        "residual": Tolerance(atol=1e-6),
    },
)
def solver_work(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Network and solver vary; measured is how far the imbalance lies above its minimum after so many matrix products.

    PyTorch's default initialisation, no limit on the scales, until the largest step of one neuron is below 1e-8 in z.
    One sweep through all neurons costs two products, one by rows and one by columns.  One network at a time, because
    the work on a stack is that of its slowest member.
    """
    rows = [_work(_network(cell, seed), cell, device) for seed in seeds]
    names = ("products", "iterations", "residual")
    columns = dict(zip(names, zip(*(row[1:] for row in rows), strict=True), strict=True))
    return xr.Dataset(
        {"excess": (("seed", "budget"), np.stack([row[0] for row in rows]))}
        | {name: ("seed", np.array(values, dtype=float)) for name, values in columns.items()},
        coords={"budget": list(_BUDGETS)},
    )


_BUDGETS = (2, 6, 10, 20, 40, 60, 100, 200, 400, 600, 1000)


def work_ratio(network: str, solver: str, over: str = "newton"):
    """Statistic: matrix products of one solver over those of another, on one network, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        products = data["products"].sel(network=network, drop=True)
        return products.sel(solver=solver, drop=True) / products.sel(solver=over, drop=True)

    return statistic


def _rise(values: Tensor) -> Tensor:
    return (values[1:] - values[:-1]).amax(0)


def _network(cell: dict, seed: int) -> nn.Module:
    g, kind = generator(seed, stream=7), cell["network"]
    if kind == "moons":
        return without_output_bias((2, 64, 64, 64, 64, 2), g)
    if kind == "image MLP":
        return MLP((cell["pixels"], cell["width"], cell["width"], 10), generator=g)
    c = cell["channels"]
    return ConvNet((3, c, c, 2 * c, 2 * c), 10, pooling="average", generator=g)


def _work(model: nn.Module, cell: dict, device: torch.device) -> tuple[np.ndarray, int, int, float]:
    model = model.to(device)
    shape = (3, 32, 32) if isinstance(model, ConvNet) else (model.widths[0],)
    example = torch.zeros(1, *shape, dtype=torch.float64, device=device)
    objective = Objective.build(scale_groups(model, example), path_diagonal(model, example))
    lowest = float(newton(objective, tol=1e-10).imbalance[-1])
    options: Callable = SOLVERS[cell["solver"]]
    limit = {} if cell["solver"] == "newton" else {"max_sweeps": cell["sweeps"]}
    solution = options(objective, tol=1e-8, **limit)
    reached = np.searchsorted(np.array(solution.work), _BUDGETS, side="right") - 1
    excess = (solution.imbalance.cpu().numpy() - lowest).clip(min=0)[reached]
    return excess, solution.products, solution.iterations, float(solution.residual)
