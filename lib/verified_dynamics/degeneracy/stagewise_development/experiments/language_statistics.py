"""Statistics of the language models: one number for each seed."""

from collections.abc import Callable

import numpy as np
import xarray as xr

Statistic = Callable[[xr.Dataset], xr.DataArray]
TWO, ONE, ONE_PERIOD = "two layers", "one layer", "one layer, one period"


def half_time(curve: xr.DataArray) -> xr.DataArray:
    """The step at which curves (seed, step) first pass half of their way from the first to the last value.

    Interpolated in log(1 + step) between checkpoints.
    """
    u = np.log1p(curve.step.values)
    times = []
    for row in curve.transpose("seed", "step").values:
        way = (row - row[0]) / (row[-1] - row[0])
        after = int(np.flatnonzero(way >= 0.5)[0])
        share = (0.5 - way[after - 1]) / (way[after] - way[after - 1])
        times.append(np.expm1(u[after - 1] + share * (u[after] - u[after - 1])))
    return xr.DataArray(times, dims="seed", name="half-time")


def bigram_time(data: xr.Dataset) -> xr.DataArray:
    """The checkpoint at which the two-layer model is nearest to the bigram law."""
    return data.bigram_divergence.sel(setup=TWO).idxmin("step").drop_vars("setup").astype(float)


def copying_delay(data: xr.Dataset) -> xr.DataArray:
    """Log ratio of the half-time of copying to the time at which the model is nearest to the bigram law."""
    return np.log(half_time(data.copying_score.sel(setup=TWO)) / bigram_time(data))


def bigram_comes_first(data: xr.Dataset) -> xr.DataArray:
    """1 where the bigram law comes before copying."""
    return (copying_delay(data) > 0).astype(float)


def head_delay(data: xr.Dataset) -> xr.DataArray:
    """Log ratio of the half-times of prefix matching and of the previous-token score, two layers."""
    both = data.sel(setup=TWO)
    return np.log(half_time(both.prefix_matching_score) / half_time(both.previous_token_score))


def score_minus_parts(data: xr.Dataset) -> xr.DataArray:
    """Largest |bigram score - entropy - divergence| over training, all setups."""
    gap = data.bigram_score - data.bigram_entropy - data.bigram_divergence
    return np.abs(gap).max(("step", "setup"))


def loss_minus_parts(data: xr.Dataset) -> xr.DataArray:
    """The same with the loss on the text in place of the score."""
    return np.abs(data.loss - data.bigram_entropy - data.bigram_divergence).max(("step", "setup"))


def seen_predecessor(setup: str, *, silent: bool = False) -> Statistic:
    """How much the last layer's weights know of the token before a key; silent: without the first layer's output."""
    name = "predecessor_effect_without_first_layer" if silent else "predecessor_effect"
    return lambda data: data[name].sel(setup=setup)


def final_copying(setup: str) -> Statistic:
    """The copying score at the end of training, in nats per token."""
    return lambda data: data.copying_score.sel(setup=setup).isel(step=-1)


def prefix_matching_gain(setup: str, other: str) -> Statistic:
    """The final prefix-matching score of one setup minus that of another."""

    def gain(data: xr.Dataset) -> xr.DataArray:
        final = data.prefix_matching_score.isel(step=-1)
        return final.sel(setup=setup, drop=True) - final.sel(setup=other, drop=True)

    return gain


def prefix_matching_lost(data: xr.Dataset) -> xr.DataArray:
    """By how much prefix matching falls when the first layer writes nothing, two layers."""
    both = data.sel(setup=TWO)
    return both.prefix_matching_score.isel(step=-1, drop=True) - both.prefix_matching_without_first_layer


def ceiling_slope(sampling: str) -> Statistic:
    """The slope of the estimate over nβ against minus the loss, over checkpoints: 1 for saturated chains."""

    def slope(data: xr.Dataset) -> xr.DataArray:
        excess = (data.chain_loss - data.baseline_loss).sel(sampling=sampling)
        loss = data.baseline_loss.sel(sampling=sampling)
        centred = -(loss - loss.mean("checkpoint"))
        return (centred * excess).sum("checkpoint") / (centred**2).sum("checkpoint")

    return slope


def negative_at_start(sampling: str) -> Statistic:
    """1 where the estimate before the first step of training is negative."""
    return lambda data: (data.estimate.sel(sampling=sampling).isel(checkpoint=0) < 0).astype(float)


def clean_at_start(data: xr.Dataset) -> xr.DataArray:
    """Share of the temperatures whose verdict before training found no failure."""
    return data.trustworthy.isel(checkpoint=0).mean("sampling")


def transferred_share(setup: str) -> Statistic:
    """The final copying score on blocks of all lengths over that on the lengths of the training."""
    return lambda data: data.transferred_copying.sel(setup=setup) / final_copying(setup)(data)
