"""Statistics of races: epochs to the threshold relative to a reference, at one learning rate and at tuned ones.

A run that never crosses the threshold has infinitely many epochs.  A ratio is then infinite (only the starting point
fails), zero (only the reference fails) or not a number (both fail), which the estimates count as infinite.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr


def epochs_ratio(start: str, reference: str = "baseline"):
    """Statistic: epochs to the threshold over those of the reference with the same seed and learning rate, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        return _ratio(*(data["epochs"].sel(start=name, drop=True) for name in (start, reference)))

    return statistic


def ratio_at_rate(start: str, learning_rate: float, reference: str = "baseline"):
    """Statistic: `epochs_ratio` at one learning rate of the grid, per seed."""
    return at(epochs_ratio(start, reference), learning_rate=learning_rate)


def at(statistic: Callable[[xr.Dataset], xr.DataArray], **where: float):
    """Statistic: another one on the part of the data that has these coordinates, depth=3 for instance."""
    return lambda data: statistic(data.sel(where, drop=True))


def best_rate(data: xr.Dataset, start: str) -> float:
    """The learning rate of the grid at which the median over all seeds is smallest; the smaller one of equals."""
    epochs = data["epochs"].sel(start=start).transpose("learning_rate", "seed")
    return float(data["learning_rate"][int(np.argmin(_medians(epochs.values)))])


def epochs_at_best_rate(data: xr.Dataset, start: str) -> xr.DataArray:
    """Epochs of every seed at the learning rate that was best for the *other* seeds (by their median).

    The rate is tuned as a practitioner tunes it, once for a starting point, and no run is counted at a rate that was
    chosen because this very run did well there: the smallest number over the grid per seed would be such a choice.
    """
    epochs = data["epochs"].sel(start=start, drop=True).transpose("learning_rate", "seed")
    table = epochs.values  # (rates, s)
    chosen = [int(np.argmin(_medians(np.delete(table, seed, axis=1)))) for seed in range(table.shape[1])]
    values = table[chosen, np.arange(table.shape[1])]
    return xr.DataArray(values, dims="seed", coords={"seed": epochs["seed"]})


def ratio_at_best_rates(start: str, reference: str = "baseline"):
    """Statistic: epochs at the best rate of the starting point over the reference's at its own best rate, per seed.

    See `epochs_at_best_rate` for how the rates are chosen.
    """

    def statistic(data: xr.Dataset) -> xr.DataArray:
        return _ratio(*(epochs_at_best_rate(data, name) for name in (start, reference)))

    return statistic


def fails(start: str, learning_rate: float):
    """Statistic: whether the run at this rate never crosses the threshold, diverged or stuck, per seed."""
    return lambda data: np.isinf(
        data["epochs"].sel(start=start, learning_rate=learning_rate, drop=True).astype(float)
    )


def epochs_apart(first: str, second: str):
    """Statistic: largest relative difference of the epochs of two starting points over the learning rates, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        a, b = (data["epochs"].sel(start=name, drop=True) for name in (first, second))
        apart = xr.where(a == b, 0.0, abs(_ratio(a, b) - 1))
        return apart.max([dim for dim in apart.dims if dim != "seed"], skipna=False)

    return statistic


def _ratio(numerator: xr.DataArray, denominator: xr.DataArray) -> xr.DataArray:
    with np.errstate(invalid="ignore", divide="ignore"):
        return numerator / denominator


def _medians(table: np.ndarray) -> np.ndarray:
    """Medians (rates,) of (rates, s); infinite where a middle one is."""
    ordered = np.sort(table, axis=1)
    size = table.shape[1]
    return (ordered[:, (size - 1) // 2] + ordered[:, size // 2]) / 2
