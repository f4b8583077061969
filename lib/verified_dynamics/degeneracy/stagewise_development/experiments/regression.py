"""Development of the in-context regression transformer: metrics, components, estimates in two settings."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
import xarray as xr

from verified_dynamics.degeneracy.local_learning_coefficient import (
    LearningCoefficient,
    local_learning_coefficients,
)
from verified_dynamics.degeneracy.stagewise_development import regression_metrics, trajectories
from verified_dynamics.degeneracy.stagewise_development.regression_development import (
    Development,
    checkpoint_steps,
    train_in_context,
)
from verified_dynamics.degeneracy.stagewise_development.saturation_audit import REGRESSION_N_BETA
from verified_dynamics.degeneracy.transient_structure.training import Problem, mean_squared_error
from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/stagewise-development"
NOISE_VARIANCE = 0.125
PUBLISHED = {"step": 3e-4, "n_beta": REGRESSION_N_BETA, "localization": 6.67}
HOT = {
    "step": 1e-3,
    "n_beta": 20.0,
    "localization": 2.0,
}  # the published drift per step, noise larger by √(10/3)
LOCALISED = {"n_beta": 1000.0, "localization": 1000.0}
SETTINGS = ("published", "hot", "localised")
INPUT_SCALE = 4.0  # variance of shifted inputs
COMPONENTS, WALKS = 4, 40
EVALUATION_SEED, SAMPLE_SEED = 101, 102

TOLERANCES = {
    **{
        name: Tolerance(rtol=0.2, atol=0.1)
        for name in ("loss", "token_loss", "mean_square", "ridge_distance")
    },
    **{name: Tolerance(rtol=0.2, atol=0.1) for name in ("sample_loss", "chain_loss", "untrained_loss")},
    "shifted_loss": Tolerance(rtol=0.3, atol=0.3),
    "in_context_score": Tolerance(atol=0.15),
    "small_gains": Tolerance(atol=0.05),
    **{name: Tolerance(rtol=1e-5) for name in ("ridge_loss", "zero_loss", "evaluation_zero_loss")},
    "estimate": Tolerance(rtol=0.3, atol=30.0),
    "standard_error": Tolerance(rtol=1.0, atol=20.0),
    "stability": Tolerance(rtol=0.3),
    "predicted_fall": Tolerance(rtol=0.5, atol=10.0),
    **{name: Tolerance(atol=0.1) for name in ("shares", "null_shares")},
    **{name: Tolerance(atol=0.3) for name in ("cosine", "null_cosine")},
    "scores": Tolerance(rtol=0.5, atol=3.0),
}
SMOKE = {
    "dimension": 1, "examples": 4, "width": 32, "heads": 1, "steps": 240, "batch": 64, "learning_rate": 1e-2,
    "warm_up": 0.3, "linear": 40, "logarithmic": 12, "evaluation": 128, "probes": 64, "estimated_at": "24,110,240",
    "samples": 32, "points_at_once": 6, "chains": 3, "chain_batch": 8, "published_burn_in": 200, "published_draws": 60,
    "hot_burn_in": 60, "hot_draws": 80,
    "localised_step": 2e-5, "localised_burn_in": 40, "localised_draws": 40,
}  # fmt: skip
FULL = {
    "dimension": 4, "examples": 8, "width": 64, "heads": 4, "steps": 1500, "batch": 64, "learning_rate": 3e-3,
    "warm_up": 0.3, "linear": 75, "logarithmic": 20, "evaluation": 512, "probes": 128,
    "estimated_at": "20,100,300,500,600,800,1500", "samples": 128, "points_at_once": 3, "chains": 2,
    "chain_batch": 32, "published_burn_in": 400, "published_draws": 100, "hot_burn_in": 200, "hot_draws": 100,
    "localised_step": 1e-5,
    "localised_burn_in": 100, "localised_draws": 100,
}  # fmt: skip
LONG = {
    "dimension": 4, "examples": 8, "width": 64, "heads": 4, "steps": 40_000, "batch": 256, "learning_rate": 3e-3,
    "warm_up": 0.5, "linear": 200, "logarithmic": 60, "evaluation": 2048, "probes": 512,
    "estimated_at": "30,100,300,1000,2000,4000,6000,10000,15000,20000,30000,40000", "samples": 1024,
    "points_at_once": 2, "chains": 4, "chain_batch": 128, "published_burn_in": 1000, "published_draws": 500,
    "hot_burn_in": 300, "hot_draws": 300,
    "localised_step": 2e-6, "localised_burn_in": 500, "localised_draws": 500,
}  # fmt: skip


@experiment(
    "regression-development",
    chapter=CHAPTER,
    smoke=Profile(seeds=2, settings=SMOKE),
    full=Profile(seeds=3, settings=FULL),
    tolerances=TOLERANCES,
)
def regression_development(cell, seeds, device) -> xr.Dataset:
    """A transformer is trained on in-context linear regression: behaviour and structure at every checkpoint, principal
    components of its predictions, and estimates of the local learning coefficient in the published setting, in a hotter
    one, and in one with a smaller step and a stronger tie to the checkpoint.
    """
    return _development(cell, seeds, device)


@experiment(
    "long-regression-development",
    chapter=CHAPTER,
    smoke=Profile(
        seeds=2, settings=SMOKE | {"steps": 40, "estimated_at": "4,20,40", "published_burn_in": 20}
    ),
    full=Profile(seeds=3, settings=LONG),
    tolerances=TOLERANCES,
)
def long_regression_development(cell, seeds, device) -> xr.Dataset:
    """The same over a training that is long enough for the later published stages; its full size needs a GPU."""
    return _development(cell, seeds, device)


def _development(cell: Mapping, seeds: Sequence[int], device) -> xr.Dataset:
    problem = Problem(cell["dimension"], cell["examples"], NOISE_VARIANCE)
    estimated = [int(step) for step in cell["estimated_at"].split(",")]
    even = checkpoint_steps(cell["steps"], linear=cell["linear"], logarithmic=0)
    every = checkpoint_steps(cell["steps"], linear=cell["linear"], logarithmic=cell["logarithmic"])
    development = train_in_context(
        seeds, problem, width=cell["width"], layers=2, heads=cell["heads"], steps=cell["steps"], batch=cell["batch"],
        learning_rate=cell["learning_rate"], warm_up=cell["warm_up"], checkpoints=sorted({*every, *estimated}),
        device=device,
    )  # fmt: skip
    variables = _behaviour(development, cell, device) | _components(development, even, cell, device)
    variables |= _estimates(development, estimated, cell, device)
    coords = {"step": list(development.steps), "checkpoint": estimated, "setting": list(SETTINGS)}
    coords |= {"even_step": list(even), "example": range(1, cell["examples"] + 1)}
    return xr.Dataset(variables, coords=coords | {"component": range(1, COMPONENTS + 1)})


def _behaviour(development: Development, cell: Mapping, device) -> dict:
    problem, n = development.problem, cell["evaluation"]
    x, y = regression_metrics.gaussian_sequences(problem, n, seed=EVALUATION_SEED, device=device)
    found = development.predictions(x, y)  # (seeds, steps, n, K)
    losses = regression_metrics.token_losses(found, y)
    early = (problem.examples + 1) // 2
    shifted = regression_metrics.gaussian_sequences(
        problem, n, seed=EVALUATION_SEED, input_scale=INPUT_SCALE, device=device
    )
    away = regression_metrics.token_losses(development.predictions(*shifted), shifted[1]).mean(dim=-1)
    values = {
        "loss": losses.mean(dim=-1),
        "mean_square": regression_metrics.mean_square_prediction(found),
        "in_context_score": regression_metrics.in_context_score(losses, early=early, late=problem.examples),
        "ridge_distance": regression_metrics.distance_to_ridge(
            found, x, y, noise_variance=problem.noise_variance
        ),
        "shifted_loss": away,
        "small_gains": development.by_seed(regression_metrics.small_gains(development.checkpoints)),
    }
    optimum = regression_metrics.ridge_losses(x, y, noise_variance=problem.noise_variance)
    return {name: (("seed", "step"), value.cpu().numpy()) for name, value in values.items()} | {
        "token_loss": (("seed", "step", "example"), losses.cpu().numpy()),
        "ridge_loss": ("example", optimum.cpu().numpy()),
        "evaluation_zero_loss": ((), float(y.double().square().mean())),
    }


def _components(development: Development, even: Sequence[int], cell: Mapping, device) -> dict:
    probes = regression_metrics.gaussian_sequences(
        development.problem, cell["probes"], seed=EVALUATION_SEED + 1000, device=device
    )
    rows = [development.steps.index(step) for step in even]
    paths = development.predictions(*probes)[:, rows].flatten(2).cpu().double().numpy()  # (seeds, t, n K)
    pictures = [
        trajectories.picture(path, COMPONENTS, walks=WALKS, seed=seed)
        for seed, path in zip(development.seeds, paths, strict=True)
    ]
    stacked = {
        "scores": (("seed", "even_step", "component"), [p.scores for p in pictures]),
        "shares": (("seed", "component"), [p.shares for p in pictures]),
        "cosine": (("seed", "component"), [p.cosine for p in pictures]),
        "null_shares": (("seed", "walk", "component"), [p.null for p in pictures]),
        "null_cosine": (("seed", "walk", "component"), [p.null_cosine for p in pictures]),
    }
    return {name: (dims, np.stack(value)) for name, (dims, value) in stacked.items()}


def _estimates(development: Development, steps: Sequence[int], cell: Mapping, device) -> dict:
    x, y = regression_metrics.gaussian_sequences(
        development.problem, cell["samples"], seed=SAMPLE_SEED, device=device
    )
    start = development.at([0])
    untrained = start.map(mean_squared_error, x, y).double()  # (seeds,)
    found = {name: _sampled(development, steps, cell, name, (x, y), untrained) for name in SETTINGS}
    shape = (len(development.seeds), len(steps))

    def column(setting: str, read) -> np.ndarray:
        return np.array([read(estimate) for estimate in found[setting]]).reshape(shape)

    readings = {
        "estimate": lambda e: e.estimate,
        "standard_error": lambda e: e.standard_error,
        "chain_loss": lambda e: e.chain_loss,
        "stability": lambda e: e.stability,
        "predicted_fall": lambda e: e.predicted_fall,
    }
    dims = ("setting", "seed", "checkpoint")
    variables = {
        name: (dims, np.stack([column(s, read) for s in SETTINGS])) for name, read in readings.items()
    }
    variables["sample_loss"] = (("seed", "checkpoint"), column(SETTINGS[0], lambda e: e.baseline_loss))
    variables["untrained_loss"] = ("seed", untrained.cpu().numpy())
    variables["zero_loss"] = ((), float(y.double().square().mean()))
    return variables


def _sampled(
    development: Development, steps: Sequence[int], cell: Mapping, setting: str, data, untrained: torch.Tensor
) -> list[LearningCoefficient]:
    """The estimates at the steps of every seed, in groups, because the curvature of a group is held at once."""
    points = development.at(steps)
    law = {"published": PUBLISHED, "hot": HOT, "localised": LOCALISED | {"step": cell["localised_step"]}}[
        setting
    ]
    levels = untrained.cpu().repeat_interleave(len(steps))
    size, found = cell["points_at_once"], []
    for first in range(0, len(points), size):
        rows = slice(first, first + size)
        found += local_learning_coefficients(
            points.select(rows), mean_squared_error, data, chains=cell["chains"], draws=cell[f"{setting}_draws"],
            burn_in=cell[f"{setting}_burn_in"], temperature=cell["samples"] / law["n_beta"],
            localization=law["localization"], step=law["step"], batch_size=cell["chain_batch"],
            untrained_loss=levels[rows], seed=first,
        )  # fmt: skip
    return found
