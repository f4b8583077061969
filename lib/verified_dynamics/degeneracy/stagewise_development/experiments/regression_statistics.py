"""Statistics of the regression half: the audit of every curve, its stages, and its components beside their null."""

from collections.abc import Callable

import numpy as np
import xarray as xr

from verified_dynamics.degeneracy.stagewise_development.experiments.regression import (
    HOT,
    LOCALISED,
    PUBLISHED,
)
from verified_dynamics.degeneracy.stagewise_development.saturation_audit import SaturationAudit, audit_curve

Statistic = Callable[[xr.Dataset], xr.DataArray]
_N_BETA = {"published": PUBLISHED["n_beta"], "hot": HOT["n_beta"], "localised": LOCALISED["n_beta"]}


def curve_audit(data: xr.Dataset, setting: str, seed: int) -> SaturationAudit:
    """The audit of one seed's estimates in one setting, over all checkpoints at which estimates were made."""
    one = data.sel(setting=setting, seed=seed)
    return audit_curve(
        one.sample_loss, one.estimate, n_beta=_N_BETA[setting], untrained_loss=float(one.untrained_loss),
        stability=one.stability,
    )  # fmt: skip


def audited_slope(setting: str) -> Statistic:
    """Slope of the estimates on -nβ loss, per seed: 1 where the chains forget their checkpoint."""

    def slope(data: xr.Dataset) -> xr.DataArray:
        found = [curve_audit(data, setting, int(seed)).slope for seed in data.seed]
        return xr.DataArray(found, dims="seed")

    return slope


def chain_over_zero(setting: str) -> Statistic:
    """Mean chain loss in one setting over the loss of predicting zero on the same sequences, per seed."""
    return lambda data: data.chain_loss.sel(setting=setting).mean("checkpoint") / data.zero_loss


def largest_localised_estimate(data: xr.Dataset) -> xr.DataArray:
    """Largest estimate in the localised setting at any checkpoint but the last, per seed."""
    return data.estimate.sel(setting="localised").isel(checkpoint=slice(None, -1)).max("checkpoint")


def plateau_step(data: xr.Dataset) -> xr.DataArray:
    """Step of the smallest mean square prediction, the end of stage LR1, per seed."""
    return data.step.isel(step=data.mean_square.argmin("step")).drop_vars("step")


def _at_plateau(values: xr.DataArray, data: xr.Dataset) -> xr.DataArray:
    return values.isel(step=data.mean_square.argmin("step")).drop_vars("step")


def plateau_loss_over_prior(data: xr.Dataset) -> xr.DataArray:
    """Loss at the end of LR1 over that of predicting zero on the same sequences, the mean of y², per seed."""
    return _at_plateau(data.loss, data) / data.evaluation_zero_loss


def final_loss_over_prior(data: xr.Dataset) -> xr.DataArray:
    """Loss at the end of the training over the loss of predicting zero, per seed."""
    return data.loss.isel(step=-1).drop_vars("step") / data.evaluation_zero_loss


def plateau_mean_square(data: xr.Dataset) -> xr.DataArray:
    """Smallest mean square prediction, per seed."""
    return data.mean_square.min("step")


def final_mean_square(data: xr.Dataset) -> xr.DataArray:
    """Mean square prediction at the end of the training, per seed."""
    return data.mean_square.isel(step=-1).drop_vars("step")


def first_share_in_null(data: xr.Dataset) -> xr.DataArray:
    """Where the first component's share lies among those of the sign walks, from 0 to 1, per seed."""
    share = data.shares.sel(component=1)
    return (data.null_shares.sel(component=1) <= share).mean("walk")


def published_ratio(stage: str) -> Statistic:
    """Gain of the published estimate over the published loss of the loss in one stage."""
    return lambda data: data.ratio.sel(stage=stage)


def ratio_spread(run: str) -> Statistic:
    """Largest minus smallest ratio of a published run, over nβ of the regression run; 0 for chains that forget."""

    def spread(data: xr.Dataset) -> xr.DataArray:
        chosen = data.ratio[np.array([str(s).startswith(run) for s in data.stage.values])]
        return (chosen.max() - chosen.min()) / PUBLISHED["n_beta"]

    return spread


def walk_share(component: int, path: str = "walk") -> Statistic:
    """Share of one component of a simulated path, per seed."""
    return lambda data: data.shares.sel(path=path, component=component)


def walk_cosine(component: int, path: str = "walk") -> Statistic:
    """Squared correlation of one component of a simulated path with its cosine, per seed."""
    return lambda data: data.cosine.sel(path=path, component=component)


def parabola(path: str) -> Statistic:
    """Squared correlation of the second component with the parabola 2c² - 1 of the first, per seed."""
    return lambda data: data.parabola.sel(path=path)
