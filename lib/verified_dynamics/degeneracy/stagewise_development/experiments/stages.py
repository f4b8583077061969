"""The detector of stages on curves whose stages are known, and on smooth curves that have none."""

import numpy as np
import xarray as xr

from verified_dynamics.degeneracy.stagewise_development.stages import (
    FLAT,
    Stages,
    boundaries_of,
    find_stages_of_many,
)
from verified_dynamics.degeneracy.stagewise_development.synthetic_curves import (
    SMOOTH,
    LogisticSteps,
    detectable_separation,
    noisy,
    random_steps,
    smooth_curve,
)
from verified_dynamics.experiments import Profile, Tolerance, experiment

CHAPTER = "degeneracy/stagewise-development"
LAST, CHECKPOINTS = 50_000, 48
KINDS = ("three steps", *SMOOTH)


def checkpoints() -> np.ndarray:
    """0 and 48 steps up to 50,000, evenly spaced in their logarithm where whole steps allow it."""
    return np.unique([0, *np.geomspace(1, LAST, CHECKPOINTS).round()])


@experiment(
    "stage-recovery",
    chapter=CHAPTER,
    smoke=Profile(grid={"kind": KINDS, "noise": (0.005, 0.02, 0.1)}, seeds=100, settings={"draws": 60}),
    full=Profile(
        grid={"kind": KINDS, "noise": (0.005, 0.01, 0.02, 0.05, 0.1)}, seeds=1000, settings={"draws": 200}
    ),
    tolerances={
        "certain": Tolerance(atol=0.5),
        "error": Tolerance(atol=0.02),
        "covered": Tolerance(atol=0.6),
    },
    unit="curves",
)
def stage_recovery(cell, seeds, device) -> xr.Dataset:
    """Curves of 48 checkpoints with three logistic steps at random places, and monotone curves of three smooth
    kinds, with noise in shares of their range: how many boundaries are found with a share of 90 % of the posterior
    curves, the mean distance of the two true ones from those found over log(1 + t) (1 where the number is wrong), and
    the share of them that lies in its interval.
    """
    u = np.log1p(checkpoints())
    made = [_curve(cell["kind"], seed, u) for seed in seeds]
    curves = [_with_noise(values, cell["noise"], seed) for seed, (values, _) in zip(seeds, made, strict=True)]
    found = find_stages_of_many(np.expm1(u), np.stack(curves), draws=cell["draws"], seed=3)
    errors, covered = zip(
        *(_errors(one, true) for one, (_, true) in zip(found, made, strict=True)), strict=True
    )
    return xr.Dataset({
        "certain": ("seed", [float(len(one.certain)) for one in found]),
        "error": ("seed", list(errors)),
        "covered": ("seed", list(covered)),
    })  # fmt: skip


def _curve(kind: str, seed: int, u: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The curve without noise, and the places of its boundaries by the detector's own definition."""
    rng = np.random.default_rng((seed, KINDS.index(kind)))
    if kind != "three steps":
        return smooth_curve(kind, rng, u), np.array([])
    steps = random_steps(rng, range_=u[-1] - u[0])
    fine = np.linspace(u[0], u[-1], 4000)
    return steps(u), np.array([place for place, _ in boundaries_of(fine, steps.slope(fine))])


def _with_noise(values: np.ndarray, noise: float, seed: int) -> np.ndarray:
    return noisy([values], noise, np.random.default_rng((seed, len(KINDS))))[0]


def _errors(found: Stages, true: np.ndarray) -> tuple[float, float]:
    if len(found.certain) != len(true):
        return 1.0, 0.0
    if not len(true):
        return 0.0, 1.0
    places = np.log1p([[b.time, b.low, b.high] for b in found.certain])
    inside = (places[:, 1] <= true) & (true <= places[:, 2])
    return float(np.abs(places[:, 0] / true - 1).mean()), float(inside.mean())


@experiment(
    "merging-steps",
    chapter=CHAPTER,
    smoke=Profile(seeds=8, settings={"separations": 40, "draws": 60, "noise": 0.0005, "width": 0.6}),
    full=Profile(seeds=64, settings={"separations": 80, "draws": 200, "noise": 0.0005, "width": 0.6}),
    tolerances={"found": Tolerance(atol=0.1), "threshold": Tolerance(rtol=0.05), "predicted": Tolerance(rtol=1e-9)},
    unit="curves",
)  # fmt: skip
def merging_steps(cell, seeds, device) -> xr.Dataset:
    """Two equal logistic steps of one width at a growing distance, almost without noise: the share of the posterior
    curves that have a boundary between them, and the distance from which on nine in ten do.
    """
    u, width = np.log1p(checkpoints()), cell["width"]
    distances = np.linspace(1.0, 12.0, cell["separations"])
    found = np.empty((len(seeds), len(distances)))
    for row, seed in enumerate(seeds):
        rng = np.random.default_rng(seed)
        middle = u[-1] / 2 + rng.uniform(-0.3, 0.3)
        curves = [
            LogisticSteps(middle + np.array([-s, s]) * width / 2, np.ones(2), width)(u) for s in distances
        ]
        results = find_stages_of_many(
            np.expm1(u), noisy(curves, cell["noise"], rng), draws=cell["draws"], seed=seed
        )
        found[row] = [max((b.share for b in one.boundaries), default=0.0) for one in results]
    first = np.array(
        [distances[np.flatnonzero(row >= 0.9)[0]] if (row >= 0.9).any() else np.inf for row in found]
    )
    return xr.Dataset(
        {
            "found": (("seed", "distance"), found),
            "threshold": ("seed", first),
            "predicted": detectable_separation(width, u[-1] - u[0], FLAT) / width,
        },
        coords={"distance": distances},
    )
