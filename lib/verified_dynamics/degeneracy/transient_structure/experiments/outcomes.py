"""Statistics of trained networks: one number for each seed, from the datasets of `training`."""

import numpy as np
import xarray as xr

from verified_dynamics.degeneracy.transient_structure.joint_trajectories import (
    joint_components,
    joint_walk_spectrum,
    undirected,
)


def coordinate(data: xr.Dataset) -> xr.DataArray:
    """Place of the networks on the line from ridge (0) to their pool's dMMSE (1), on tasks from the pool.

    By the three squared distances: (|f - ridge|² - |f - dMMSE|² + |ridge - dMMSE|²) / (2 |ridge - dMMSE|²). Not a
    number for Gaussian tasks, where both are the same function.
    """
    mean = data[["to_ridge", "to_dmmse", "between"]].sel(law="pool", drop=True).mean("token")
    between = mean.between.where(mean.between > 1e-12)
    return (mean.to_ridge - mean.to_dmmse + between) / (2 * between)


def final_coordinate(pool: str):
    """`coordinate` at the end of the training on this pool, per seed."""
    return lambda data: coordinate(data.sel(pool=pool)).isel(step=-1)


def off_pool_ratio(pool: str):
    """Final loss on Gaussian tasks over that on the pool's, divided by the same ratio for ridge, per seed.

    1 for a network that treats all tasks alike, as ridge does; larger for one that has specialised.
    """

    def statistic(data: xr.Dataset) -> xr.DataArray:
        mean = data.sel(pool=pool)[["loss", "ridge_loss"]].mean("token").isel(step=-1)
        return (mean.loss / mean.ridge_loss).sel(law="gaussian") / (mean.loss / mean.ridge_loss).sel(
            law="pool"
        )

    return statistic


def ridge_ratio(pool: str):
    """Final loss on Gaussian tasks over ridge's on the same sequences, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        mean = data.sel(pool=pool, law="gaussian")[["loss", "ridge_loss"]].mean("token")
        return mean.loss.isel(step=-1) / mean.ridge_loss

    return statistic


def excess_over_distance(data: xr.Dataset) -> xr.DataArray:
    """Excess loss over each pool's own dMMSE divided by the squared distance to it, summed over records, per seed."""
    mean = data[["loss", "dmmse_loss", "to_dmmse"]].sel(law="pool").mean("token")
    return (mean.loss - mean.dmmse_loss).sum(["step", "pool"]) / mean.to_dmmse.sum(["step", "pool"])


def excess_over_ridge_distance(data: xr.Dataset) -> xr.DataArray:
    """Excess loss over ridge on the pools' tasks divided by the squared distance to ridge, per seed."""
    mean = data[["loss", "ridge_loss", "to_ridge"]].sel(law="pool").mean("token").isel(pool=0)
    return (mean.loss - mean.ridge_loss).sum("step") / mean.to_ridge.sum("step")


def change_of_gaussian_loss(pool: str):
    """Loss on Gaussian tasks after the change of tasks over that before it, per seed."""

    def statistic(data: xr.Dataset) -> xr.DataArray:
        loss = data.loss.sel(pool=pool, law="gaussian").mean("token")
        return loss.isel(step=-1) / loss.isel(step=0)

    return statistic


def against_staying(pool: str):
    """Loss on Gaussian tasks after further training on the pool over that after as much on Gaussian tasks."""
    return lambda data: change_of_gaussian_loss(pool)(data) / change_of_gaussian_loss("infinite")(data)


def gaussian_curve(data: xr.Dataset, pool: str) -> xr.DataArray:
    """Loss on Gaussian tasks along the training (seed, step), averaged over three neighbouring records."""
    loss = data.loss.sel(pool=pool, law="gaussian").mean("token")
    return loss.rolling(step=3, center=True, min_periods=1).mean()


def critical_step(data: xr.Dataset, pool: str) -> xr.DataArray:
    """The step at which the smoothed loss on Gaussian tasks is lowest (t_crit), per seed.

    Source: Carroll et al. 2025, section 5.
    """
    curve = gaussian_curve(data, pool)
    return curve.step[curve.argmin("step")].drop_vars("step")


def late_rise(data: xr.Dataset, pool: str) -> xr.DataArray:
    """Final over lowest smoothed loss on Gaussian tasks, per seed: 1 unless generalisation is transient."""
    curve = gaussian_curve(data, pool)
    return curve.isel(step=-1) / curve.min("step")


def trajectories(data: xr.Dataset, seed: int = 0) -> np.ndarray:
    """The recorded functions (pools, steps, N) of the networks of seed number `seed`."""
    return data.probe.isel(seed=seed).transpose("pool", "step", "place").values


def _per_seed(data: xr.Dataset, statistic) -> xr.DataArray:
    values = [statistic(trajectories(data, seed), seed) for seed in range(data.sizes["seed"])]
    return xr.DataArray(values, dims="seed")


def first_share(data: xr.Dataset) -> xr.DataArray:
    """Share of the variance of the joint trajectories in their first component, over the null's, per seed."""

    def statistic(paths: np.ndarray, seed: int) -> float:
        null = joint_walk_spectrum(len(paths), 1)[0]
        return float(joint_components(paths, 1).explained[0] / null)

    return _per_seed(data, statistic)


def first_share_undirected(data: xr.Dataset) -> xr.DataArray:
    """The same after the sign of every increment was drawn at random."""

    def statistic(paths: np.ndarray, seed: int) -> float:
        null = joint_walk_spectrum(len(paths), 1)[0]
        return float(joint_components(undirected(paths, seed=seed), 1).explained[0] / null)

    return _per_seed(data, statistic)
