"""Runs on data sets whose flow is known in closed form."""

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.margin.max_margin.closed_forms import orthogonal_pair_flow
from verified_dynamics.margin.max_margin.data_sets import orthogonal_pair, zero_multiplier_pair
from verified_dynamics.margin.max_margin.experiments.constants import CHAPTER
from verified_dynamics.margin.max_margin.flow import flow
from verified_dynamics.margin.max_margin.methods import GradientDescent, descend
from verified_dynamics.statistics import squaring_ratio


@experiment(
    "exact-trajectory",
    chapter=CHAPTER,
    smoke=Profile(grid={"tilt": (0.0, 0.5)}, seeds=12, settings={"horizon": 40.0}),
    full=Profile(grid={"tilt": (0.0, 0.1, 0.5)}, seeds=200, settings={"horizon": 1000.0}),
    tolerances={
        "w": Tolerance(rtol=1e-7, atol=1e-9),
        "deviation": Tolerance(rtol=1e-2, atol=1e-8),
        "a": Tolerance(rtol=1e-12),
        "b": Tolerance(rtol=1e-12),
    },
    unit="data sets",
)
def exact_trajectory(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Pairs (a, 0), (tilt, b) with random a, b vary; measured is the flow's distance from the law for tilt 0."""
    log_time = np.concatenate([np.linspace(-4, 8, 25), np.geomspace(9, cell["horizon"], 12)])
    sides = lengths(seeds)
    x = torch.stack([orthogonal_pair(a, b, tilt=cell["tilt"]) for a, b in sides])
    w = flow(x.to(device), log_time, step=0.02).cpu()
    exact = torch.stack([orthogonal_pair_flow(a, b, torch.tensor(log_time)) for a, b in sides])
    deviation = (w - exact).abs().amax(dim=(1, 2))
    return xr.Dataset(
        {
            "w": (("seed", "log_time", "axis"), w.numpy()),
            "deviation": ("seed", deviation.numpy()),
            "a": ("seed", np.array([a for a, _ in sides])),
            "b": ("seed", np.array([b for _, b in sides])),
        },
        coords={"log_time": log_time, "axis": [1, 2]},
    )


def lengths(seeds: Sequence[int]) -> list[tuple[float, float]]:
    """One pair (a, b) per seed, uniform in [0.5, 1] and [1, 2]."""
    generators = [torch.Generator().manual_seed(int(seed)) for seed in seeds]
    draws = [torch.rand(2, generator=g, dtype=torch.float64).tolist() for g in generators]
    return [(0.5 + p / 2, 1 + q) for p, q in draws]


def trajectory_deviation(tilt: float):
    """Statistic: largest distance from the closed form, per pair."""
    return lambda data: data["deviation"].sel(tilt=tilt, drop=True)


@experiment(
    "zero-multiplier",
    chapter=CHAPTER,
    smoke=Profile(grid={"pair": ("zero multiplier", "orthogonal")}, seeds=8, settings={"step": 0.25}),
    full=Profile(grid={"pair": ("zero multiplier", "orthogonal")}, seeds=200, settings={"step": 0.05}),
    tolerances={"w": Tolerance(rtol=1e-3, atol=1e-3), "b": Tolerance(rtol=1e-12)},
    unit="data sets",
)
def zero_multiplier(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """The pair is (1, 0), (1, b) or (1, 0), (0, b), random b in [1, 2]; measured is the flow up to log t = 1000."""
    b = [second for _, second in lengths(seeds)]
    make = zero_multiplier_pair if cell["pair"] == "zero multiplier" else lambda b: orthogonal_pair(1.0, b)
    x = torch.stack([make(value) for value in b])
    log_time = np.geomspace(1, 1000, 31)
    w = flow(x.to(device), log_time, step=cell["step"]).cpu().numpy()
    return xr.Dataset(
        {"w": (("seed", "log_time", "axis"), w), "b": ("seed", np.array(b))},
        coords={"log_time": log_time, "axis": [1, 2]},
    )


def residual_growth(pair: str):
    """Statistic: b (w_2(t) - w_2(s)) over log log t - log log s, log s = 10, log t = 1000; w_hat has no second part."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        chosen = data.sel(pair=pair, drop=True)
        second = chosen["w"].sel(axis=2, drop=True)
        if pair == "orthogonal":
            second = second - chosen["log_time"] / chosen["b"]
        rise = second.isel(log_time=-1) - second.sel(log_time=10.0, method="nearest")
        return chosen["b"] * rise.drop_vars("log_time", errors="ignore") / np.log(100)

    return statistic


def squaring_ratio_zero_multiplier(data: xr.Dataset) -> xr.DataArray:
    """Statistic: e(t^2)/e(t) of the sine of the angle to u = (1, 0) at log t = 500."""
    return squaring_ratio(zero_multiplier_error(data), at=500.0)


def zero_multiplier_error(data: xr.Dataset) -> xr.DataArray:
    """Sine of the angle to u = (1, 0) along the flow on the pair with a zero multiplier."""
    w = data["w"].sel(pair="zero multiplier", drop=True)
    second = w.sel(axis=2, drop=True)
    return second / np.hypot(w.sel(axis=1, drop=True), second)


def conserved(data: xr.Dataset) -> xr.DataArray:
    """Statistic: (v + log v - 1)/(b^2 w_1) - 1 at the horizon, v = exp(b w_2)."""
    w, b = (
        data["w"].sel(pair="zero multiplier", drop=True).isel(log_time=-1),
        data["b"].sel(pair="zero multiplier"),
    )
    log_v = b * w.sel(axis=2, drop=True)
    ratio = (np.exp(log_v) + log_v - 1) / (b**2 * w.sel(axis=1, drop=True)) - 1
    return ratio.drop_vars(["pair", "log_time"], errors="ignore")


@experiment(
    "descent-beside-flow",
    chapter=CHAPTER,
    smoke=Profile(grid={"learning_rate": (0.1, 0.4)}, seeds=12, settings={"steps": 10_000}),
    full=Profile(grid={"learning_rate": (0.05, 0.1, 0.4)}, seeds=200, settings={"steps": 300_000}),
    tolerances={"shift": Tolerance(rtol=1e-6), "predicted": Tolerance(rtol=1e-10)},
    unit="data sets",
)
def descent_beside_flow(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Step size and pair (a, 0), (0, b) vary; measured is (w - w_hat log k) after the last step of descent."""
    sides, eta, steps = lengths(seeds), cell["learning_rate"], cell["steps"]
    x = torch.stack([orthogonal_pair(a, b) for a, b in sides]).to(device)
    w = descend(x, GradientDescent(eta), steps=steps, record_at=(steps,)).w[:, -1].cpu().numpy()
    sides = np.array(sides)
    data = {"shift": w - np.log(steps) / sides, "predicted": np.log(eta * sides**2) / sides}
    return xr.Dataset({name: (("seed", "axis"), v) for name, v in data.items()}, coords={"axis": [1, 2]})


def shift_error(data: xr.Dataset) -> xr.DataArray:
    """Statistic: largest |w - w_hat log k - w~(eta)| over step sizes and axes."""
    return abs(data["shift"] - data["predicted"]).max(["learning_rate", "axis"])


def shift_error_without_step(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the same with the flow's w~, which knows no step size; the smallest."""
    unit = np.log(data["learning_rate"]) * np.exp(0 * data["predicted"])
    sides = data["predicted"] - unit * _inverse_length(data)
    return abs(data["shift"] - sides).min(["learning_rate", "axis"])


def _inverse_length(data):
    """1/a of each row, from predicted = (log eta + 2 log a)/a at two step sizes."""
    first, last = data["predicted"].isel(learning_rate=0), data["predicted"].isel(learning_rate=-1)
    rates = data["learning_rate"].values
    return (last.drop_vars("learning_rate") - first.drop_vars("learning_rate")) / np.log(rates[-1] / rates[0])
