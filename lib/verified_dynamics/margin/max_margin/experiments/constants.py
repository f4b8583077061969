"""Runs about the constants of gradient flow on generic data sets."""

from collections.abc import Sequence

import numpy as np
import torch
import xarray as xr

from verified_dynamics.experiments import Profile, Tolerance, experiment
from verified_dynamics.margin.max_margin.data_sets import generic_data_sets
from verified_dynamics.margin.max_margin.flow import flow
from verified_dynamics.margin.max_margin.reference import reference
from verified_dynamics.statistics import (
    exponential_rate,
    shifted_logarithmic_rate,
    squaring_ratio,
)

CHAPTER = "margin/max-margin"

_CONSTANTS = ("gamma", "entropy", "min_entropy", "direction_constant", "gap_constant")


@experiment(
    "flow-constants",
    chapter=CHAPTER,
    smoke=Profile(
        grid={"loss": ("exponential", "logistic"), "d": (2, 5)},
        seeds=24,
        settings={"doublings": 4, "step": 0.1},
    ),
    full=Profile(
        grid={"loss": ("exponential", "logistic"), "d": (2, 5, 8)},
        seeds=200,
        settings={"doublings": 6, "step": 0.05},
    ),
    tolerances={
        **{name: Tolerance(rtol=1e-8) for name in (*_CONSTANTS, "perpendicular", "offset")},
        "direction": Tolerance(rtol=1e-6),
        "gap": Tolerance(rtol=1e-6),
        "norm": Tolerance(rtol=1e-8),
        "log_scaled_loss": Tolerance(atol=1e-6),
        "residual_error": Tolerance(rtol=1e-3, atol=1e-9),
        "residual_error_uniform": Tolerance(rtol=1e-6),
    },
    unit="data sets",
)
def flow_constants(cell: dict, seeds: Sequence[int], device: torch.device) -> xr.Dataset:
    """Loss and dimension vary over generic data sets (n = 2 d + 6); measured is the flow at log t = 15 2^k."""
    d = cell["d"]
    log_time = 15.0 * 2 ** (np.arange(2 * cell["doublings"] + 1) / 2)
    x = generic_data_sets(seeds, n=2 * d + 6, d=d)
    w = flow(x.to(device), log_time, step=cell["step"], loss=cell["loss"]).cpu().numpy()  # (s, T, d)
    solved = [reference(rows) for rows in x]
    data = xr.Dataset(
        {name: ("seed", np.array([getattr(r, name) for r in solved])) for name in _CONSTANTS},
        coords={"log_time": log_time},
    )
    u, w_hat, w_tilde = (np.stack([getattr(r, k) for r in solved]) for k in ("u", "w_hat", "w_tilde"))
    gamma, norm = data["gamma"].values[:, None], np.linalg.norm(w, axis=-1)
    margins = np.einsum("snd,std->stn", x.numpy(), w)
    residual = w - w_hat[:, None] * log_time[:, None]
    uniform = np.stack([_uniform_residual(r, rows.numpy()) for r, rows in zip(solved, x, strict=True)])
    curves = {
        "direction": np.linalg.norm(w / norm[..., None] - u[:, None], axis=-1),
        "gap": gamma - margins.min(-1) / norm,
        "norm": norm,
        "log_scaled_loss": 2 * np.log(gamma) + log_time + _logsumexp(-margins),
        "residual_error": np.linalg.norm(residual - w_tilde[:, None], axis=-1),
        "residual_error_uniform": np.linalg.norm(residual - uniform[:, None], axis=-1),
    }
    data["perpendicular"] = "seed", np.array([np.linalg.norm(r.perpendicular) for r in solved])
    data["offset"] = "seed", gamma[:, 0] * (u * w_tilde).sum(-1)
    return data.assign({name: (("seed", "log_time"), values) for name, values in curves.items()})


def direction_ratio(data: xr.Dataset) -> xr.DataArray:
    """Statistic: measured over predicted direction error C/(log t + gamma u . w~) at the horizon, furthest from one."""
    last = data.isel(log_time=-1)
    return furthest(last["direction"] * (last["log_time"] + last["offset"]) / last["direction_constant"], 1.0)


def direction_ratio_unprojected(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the same where the constant is gamma |w~| instead of gamma |P w~|."""
    last = data.isel(log_time=-1)
    along = last["offset"] / last["gamma"]
    constant = last["gamma"] * np.hypot(last["perpendicular"], along)
    return furthest(last["direction"] * (last["log_time"] + last["offset"]) / constant, 1.0)


def gap_ratio(data: xr.Dataset) -> xr.DataArray:
    """Statistic: |w| gap, less its term of order 1/|w|, over H - H_inf at the horizon, furthest from one."""
    last = data.isel(log_time=-1)
    return furthest(scaled_gap(last) / (last["entropy"] - last["min_entropy"]), 1.0)


def gap_ratio_shannon(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the same over the Shannon entropy alone."""
    last = data.isel(log_time=-1)
    return furthest(scaled_gap(last) / last["entropy"], 1.0)


def scaled_gap(data: xr.Dataset) -> xr.DataArray:
    """|w| (gamma - margin) - gamma |P w~|^2 / (2 |w|): the second term is the next order of the expansion."""
    return data["norm"] * data["gap"] - data["gamma"] * data["perpendicular"] ** 2 / (2 * data["norm"])


def log_scaled_loss(data: xr.Dataset) -> xr.DataArray:
    """Statistic: log(gamma^2 t L) at the horizon, furthest from zero."""
    return furthest(data["log_scaled_loss"].isel(log_time=-1), 0.0)


def log_scaled_mean_loss(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the same with the mean loss, whose gradient is n times smaller than the flow's."""
    last = data["log_scaled_loss"].isel(log_time=-1)
    return furthest(last - np.log(2 * last["d"] + 6), 0.0)


def norm_ratio(data: xr.Dataset) -> xr.DataArray:
    """Statistic: gamma |w| over log t + gamma u . w~ at the horizon, furthest from one."""
    last = data.isel(log_time=-1)
    return furthest(last["gamma"] * last["norm"] / (last["log_time"] + last["offset"]), 1.0)


def residual_error(data: xr.Dataset) -> xr.DataArray:
    """Statistic: |w - w_hat log t - w~| at the horizon, the largest over losses and dimensions."""
    return furthest(data["residual_error"].isel(log_time=-1), 0.0)


def residual_error_uniform(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the same with the w~ of equal multipliers, the smallest over losses and dimensions."""
    last = data["residual_error_uniform"].isel(log_time=-1)
    return last.min([dim for dim in last.dims if dim != "seed"])


def angle_times_norm(data: xr.Dataset) -> xr.DataArray:
    """Statistic: |w| times the angle, over |P w~|, at the horizon, furthest from one."""
    last = data.isel(log_time=-1)
    angle = 2 * np.arcsin(last["direction"] / 2)
    return furthest(angle * last["norm"] / last["perpendicular"], 1.0)


def direction_squaring_ratio(data: xr.Dataset) -> xr.DataArray:
    """Statistic: e(t^2)/e(t) of the direction error, t^2 at the horizon, furthest from 1/2."""
    return furthest(squaring_ratio(data["direction"]), 0.5)


def direction_rate(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the power p in e = C/(log t + c)^p, furthest from one."""
    return furthest(shifted_logarithmic_rate(data["direction"]), 1.0)


def direction_power_of_time(data: xr.Dataset) -> xr.DataArray:
    """Statistic: the power r in e = C t^-r (log t)^-p, furthest from zero."""
    return furthest(exponential_rate(data["direction"]), 0.0)


def squaring_curve(error: xr.DataArray) -> xr.DataArray:
    """e(t^2)/e(t) (seed, log_time) at every recorded log t whose double lies within the horizon."""
    times = error["log_time"].values
    at = [x for x in times if 2 * x <= times[-1] * (1 + 1e-9)]
    ratios = [squaring_ratio(error, at=x) for x in at]
    return xr.concat(ratios, "log_time").assign_coords(log_time=at)


def furthest(values: xr.DataArray, target: float) -> xr.DataArray:
    """For each replicate the value furthest from the target over the grid: one estimate speaks for all cells."""
    stacked = values.stack(cell=[dim for dim in values.dims if dim != "seed"]).transpose("seed", "cell")
    chosen = np.abs(stacked.values - target).argmax(axis=1)
    return xr.DataArray(stacked.values[np.arange(len(chosen)), chosen], dims="seed")


def _uniform_residual(r, rows):
    """The w~ that equal multipliers of the same sum would give."""
    equal = np.full(len(r.support), r.alpha.sum() / len(r.support))
    return np.linalg.lstsq(rows[r.support], -np.log(equal), rcond=None)[0]


def _logsumexp(values):
    top = values.max(-1, keepdims=True)
    return (top + np.log(np.exp(values - top).sum(-1, keepdims=True)))[..., 0]
