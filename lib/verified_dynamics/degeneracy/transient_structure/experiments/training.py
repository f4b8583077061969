"""Runs in which transformers are trained on pools of tasks, from scratch and from a network that has found ridge."""

import math

import numpy as np
import torch
import xarray as xr

from verified_dynamics.degeneracy.transient_structure.complexity import final_coefficients
from verified_dynamics.degeneracy.transient_structure.measures import LAWS, Evaluation
from verified_dynamics.degeneracy.transient_structure.training import Members, Problem, build, train_on_pools
from verified_dynamics.ensemble import Trajectory
from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/transient-structure"
NOISE = 0.125
# Trainings in single precision part company between machines: losses to a few hundredths, functions pointwise less.
CURVES = {
    "loss": Tolerance(rtol=0.1, atol=0.05),
    "to_ridge": Tolerance(rtol=0.3, atol=0.05),
    "to_dmmse": Tolerance(rtol=0.3, atol=0.05),
    "ridge_loss": Tolerance(rtol=1e-4),
    "dmmse_loss": Tolerance(rtol=1e-4),
    "between": Tolerance(rtol=1e-4, atol=1e-9),
}
AXES = ("pool", "seed", "step", "law", "token")


def _size(pool: str) -> float:
    return math.inf if pool == "infinite" else float(pool)


def _members(cell: dict, pools: list[str], seeds) -> Members:
    problem = Problem(cell["dimension"], cell["examples"], NOISE)
    return Members(problem, tuple(_size(pool) for pool in pools), tuple(seeds))


def _steps(cell: dict) -> list[int]:
    """Equally spaced records, which a comparison with random walks needs."""
    return np.linspace(0, cell["steps"], cell["records"] + 1).round().astype(int).tolist()


def _curves(trajectory: Trajectory, evaluation: Evaluation, pools: list[str]) -> xr.Dataset:
    """What an Evaluation recorded, by pool and seed, beside the levels of both predictors on the same sequences."""
    shape = (len(pools), len(evaluation.members.seeds))
    values = {
        name: (AXES, trajectory.values[name].unflatten(0, shape).float().numpy())
        for name in ("loss", "to_ridge", "to_dmmse")
    }
    axes = ("pool", "seed", "law", "token")
    values |= {
        name: (axes, level.cpu().unflatten(0, shape).numpy()) for name, level in evaluation.levels().items()
    }
    tokens = list(range(1, evaluation.members.problem.examples + 1))
    return xr.Dataset(values, coords={"step": list(trajectory.steps), "law": list(LAWS), "token": tokens})


def _probe(trajectory: Trajectory, evaluation: Evaluation, pools: list[str]) -> dict:
    """Predictions on sequences of the shared first task, and there those of ridge and of each pool's dMMSE."""
    shape = (len(pools), len(evaluation.members.seeds))
    x, y = evaluation.probe
    columns = {
        "probe": (("pool", "seed", "step", "place"), trajectory.values["probe"]),
        "ridge_probe": (("pool", "seed", "place"), evaluation.ridge_predictions(x, y).flatten(1)),
        "dmmse_probe": (("pool", "seed", "place"), evaluation.dmmse_predictions(x, y).flatten(1)),
    }
    return {name: (axes, v.cpu().unflatten(0, shape).float().numpy()) for name, (axes, v) in columns.items()}


@experiment(
    "pools-of-tasks",
    chapter=CHAPTER,
    smoke=Profile(
        seeds=2,
        settings={"pools": "4 64", "dimension": 2, "examples": 8, "width": 32, "heads": 2, "steps": 300, "batch": 32,
                  "learning_rate": 5e-3, "warm_up": 0.3, "records": 10, "sequences": 512, "probe": 12,
                  "samples": 64, "chains": 2, "draws": 10},
    ),
    full=Profile(
        seeds=2,
        settings={"pools": "4 8 16 64 infinite", "dimension": 2, "examples": 8, "width": 32, "heads": 2,
                  "steps": 12_000, "batch": 64, "learning_rate": 3e-3, "warm_up": 0.3, "records": 48,
                  "sequences": 1024, "probe": 12, "samples": 512, "chains": 4, "draws": 400},
    ),
    tolerances=CURVES
    | {
        "probe": Tolerance(atol=2.0),
        "ridge_probe": Tolerance(rtol=1e-4, atol=1e-4),
        "dmmse_probe": Tolerance(rtol=1e-4, atol=1e-4),
        "coefficient": Tolerance(rtol=0.5, atol=5.0),
        "low": Tolerance(rtol=0.5, atol=10.0),
        "high": Tolerance(rtol=0.5, atol=10.0),
        "failures": Tolerance(atol=2.0),
        "not_a_minimum": Tolerance(atol=1.0),
    },
)  # fmt: skip
def pools_of_tasks(cell, seeds, device) -> xr.Dataset:
    """Transformers of two layers, trained by Adam (one cycle) in two dimensions on pools of several sizes, all pools
    and seeds stacked: loss and squared distances to ridge and to the pool's dMMSE along the training, on tasks from
    the pool and on Gaussian ones, the predictions on one task that all pools share, and the estimated learning
    coefficients of the trained networks with the number of their failures.
    """
    pools = cell["pools"].split()
    members = _members(cell, pools, seeds)
    evaluation = Evaluation(members, n=cell["sequences"], probe=cell["probe"], device=device)
    ensemble = build(members, width=cell["width"], layers=2, heads=cell["heads"], device=device)
    trajectory = train_on_pools(
        ensemble, members, steps=cell["steps"], batch=cell["batch"], learning_rate=cell["learning_rate"],
        warm_up=cell["warm_up"], record=evaluation, record_at=_steps(cell),
    )  # fmt: skip
    found = final_coefficients(
        ensemble, members, samples=cell["samples"], chains=cell["chains"], draws=cell["draws"], step=2e-6,
        localization=10.0, batch_size=min(32, cell["samples"]),
    )  # fmt: skip
    data = _curves(trajectory, evaluation, pools).assign(_probe(trajectory, evaluation, pools))
    columns = {
        "coefficient": [one.estimate for one in found],
        "low": [one.low for one in found],
        "high": [one.high for one in found],
        "failures": [len(one.verdict.failures) for one in found],
        "not_a_minimum": ["not a minimum" in one.verdict for one in found],
    }
    shape = (len(pools), len(members.seeds))
    for name, values in columns.items():
        data[name] = (("pool", "seed"), np.array(values, dtype=float).reshape(shape))
    return data.assign_coords(pool=pools)


@experiment(
    "leaving-ridge",
    chapter=CHAPTER,
    smoke=Profile(
        seeds=6,
        settings={"pools": "2 infinite", "dimension": 1, "examples": 8, "width": 16, "heads": 2, "before": 500,
                  "steps": 80, "batch": 32, "learning_rate": 1e-2, "records": 5, "sequences": 256},
    ),
    full=Profile(
        seeds=4,
        settings={"pools": "2 4 8 infinite", "dimension": 2, "examples": 8, "width": 32, "heads": 2, "before": 3000,
                  "steps": 600, "batch": 64, "learning_rate": 3e-3, "records": 12, "sequences": 1024},
    ),
    tolerances=CURVES,
)  # fmt: skip
def leaving_ridge(cell, seeds, device) -> xr.Dataset:
    """Transformers trained on Gaussian tasks first, then further on pools, or on Gaussian tasks again: the same
    losses and distances as in training from scratch, counted from the change of the tasks.
    """
    pools = cell["pools"].split()
    members = _members(cell, pools, seeds)
    ensemble = build(members, width=cell["width"], layers=2, heads=cell["heads"], device=device)
    gaussian = ensemble.select(range(len(members.seeds)))
    generalists = _members(cell, ["infinite"], seeds)
    options = {"batch": cell["batch"], "learning_rate": cell["learning_rate"], "warm_up": 0.3}
    train_on_pools(gaussian, generalists, steps=cell["before"], record=None, record_at=(), **options)
    for name, tensor in gaussian.parameters.items():
        ensemble.parameters[name].copy_(torch.cat([tensor] * len(pools)))
    evaluation = Evaluation(members, n=cell["sequences"], probe=1, device=device)
    trajectory = train_on_pools(
        ensemble, members, steps=cell["steps"], record=evaluation, record_at=_steps(cell), first=cell["before"],
        **options,
    )  # fmt: skip
    return _curves(trajectory, evaluation, pools).assign_coords(pool=pools)


@experiment(
    "task-diversity",
    chapter=CHAPTER,
    smoke=Profile(
        seeds=3,
        settings={"pools": "2 infinite", "dimension": 1, "examples": 8, "width": 16, "heads": 2, "steps": 40,
                  "batch": 48, "warm_up": 0.3, "learning_rate": 1e-2, "records": 5, "sequences": 512},
    ),
    full=Profile(
        seeds=2,
        settings={"pools": "1 4 16 32 64 128 256 512 1024 4096 infinite", "dimension": 4, "examples": 8, "width": 64,
                  "heads": 4, "steps": 30_000, "batch": 256, "warm_up": 0.5, "learning_rate": 3e-3, "records": 80,
                  "sequences": 2048},
    ),
    tolerances=CURVES,
)  # fmt: skip
def task_diversity(cell, seeds, device) -> xr.Dataset:
    """The networks of Hoogland et al. (51,717 parameters at full size) on pools from one task to thousands and on
    Gaussian tasks, all pool sizes and seeds stacked: loss and squared distances to both predictors along the training.
    """
    pools = cell["pools"].split()
    members = _members(cell, pools, seeds)
    evaluation = Evaluation(members, n=cell["sequences"], probe=1, device=device)
    ensemble = build(members, width=cell["width"], layers=2, heads=cell["heads"], device=device)
    trajectory = train_on_pools(
        ensemble, members, steps=cell["steps"], batch=cell["batch"], learning_rate=cell["learning_rate"],
        warm_up=cell["warm_up"], record=evaluation, record_at=_steps(cell),
    )  # fmt: skip
    return _curves(trajectory, evaluation, pools).assign_coords(pool=pools)
