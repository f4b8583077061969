"""What needs no training: the published table of stages, and principal components of simulated paths."""

import numpy as np
import xarray as xr

from verified_dynamics.degeneracy.stagewise_development import trajectories
from verified_dynamics.degeneracy.stagewise_development.experiments.regression import CHAPTER, COMPONENTS
from verified_dynamics.degeneracy.stagewise_development.saturation_audit import REGRESSION_N_BETA
from verified_dynamics.degeneracy.stagewise_development.saturation_audit import published_stages as read_table
from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.statistics import principal_components, random_walks

PATHS = ("walk", "shuffled", "noise", "uneven walk")
PATH_VARIABLES = ("shares", "cosine", "parabola")


@experiment(
    "published-stages",
    chapter=CHAPTER,
    smoke=Profile(),
    full=Profile(),
    tolerances={name: Tolerance(rtol=1e-9) for name in ("ratio", "low", "high", "chain_shift")},
    unit="table",
)
def published_stages(cell, seeds, device) -> xr.Dataset:
    """The published table of stages: gain of the estimate over loss of the loss, with the interval of rounding, and the
    change of the mean chain loss that the printed numbers imply at the published nβ.
    """
    table = read_table()
    columns = {
        "ratio": [stage.ratio for stage in table],
        "low": [stage.ratio_interval[0] for stage in table],
        "high": [stage.ratio_interval[1] for stage in table],
        "chain_shift": [stage.chain_shift(REGRESSION_N_BETA) for stage in table],
    }
    return xr.Dataset(
        {name: ("stage", value) for name, value in columns.items()},
        coords={"stage": [stage.stage for stage in table]},
    )


@experiment(
    "random-walk-components",
    chapter=CHAPTER,
    smoke=Profile(grid={"path": PATHS}, seeds=6, settings={"points": 250, "dimension": 2500}),
    full=Profile(grid={"path": PATHS}, seeds=16, settings={"points": 500, "dimension": 6000}),
    tolerances={name: Tolerance(atol=1e-3) for name in PATH_VARIABLES},
)
def random_walk_components(cell, seeds, device) -> xr.Dataset:
    """Principal components of a Gaussian random walk, of the same points in random order, of independent points,
    and of a walk seen at times 1, 4, 9, ... : shares, agreement with cosines, agreement with the parabola.
    """
    found = [_path(cell["path"], seed, cell["points"], cell["dimension"]) for seed in seeds]
    parts = [principal_components(path, COMPONENTS) for path in found]
    cosine = [trajectories.cosine_agreement(part.scores) for part in parts]
    return xr.Dataset(
        {
            "shares": (("seed", "component"), np.stack([part.explained for part in parts])),
            "cosine": (("seed", "component"), np.stack(cosine)),
            "parabola": ("seed", [_parabola(part.scores) for part in parts]),
        },
        coords={"component": range(1, COMPONENTS + 1)},
    )


def _path(kind: str, seed: int, points: int, dimension: int) -> np.ndarray:
    generator = np.random.default_rng([seed, 7])
    if kind == "noise":
        return generator.standard_normal((points, dimension))
    if kind == "uneven walk":
        lengths = np.sqrt(2 * np.arange(points) + 1.0)  # the walk's steps between times i² and (i + 1)²
        return (lengths[:, None] * generator.standard_normal((points, dimension))).cumsum(axis=0)
    walk = random_walks(1, points, dimension, seed=seed)[0]
    return trajectories.shuffled(walk, seed=seed) if kind == "shuffled" else walk


def _parabola(scores: np.ndarray) -> float:
    """Squared correlation of the second component with the square of the first."""
    return float(np.corrcoef(scores[:, 0] ** 2, scores[:, 1])[0, 1] ** 2)
