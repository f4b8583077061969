"""Statistics of the detector of stages: one number for each curve."""

from collections.abc import Callable

import xarray as xr


def recovery_error(noise: float) -> Callable[[xr.Dataset], xr.DataArray]:
    """Mean relative error of the boundaries found, in log(1 + t); 1 where their number is wrong."""
    return lambda data: data.error.sel(kind="three steps", noise=noise)


def recovered(noise: float) -> Callable[[xr.Dataset], xr.DataArray]:
    """Whether a curve of three steps got exactly two certain boundaries."""
    return lambda data: data.certain.sel(kind="three steps", noise=noise) == 2


def coverage(noise: float) -> Callable[[xr.Dataset], xr.DataArray]:
    """Share of the true boundaries inside their intervals, of curves whose boundaries were all found."""

    def covered(data: xr.Dataset) -> xr.DataArray:
        one = data.sel(kind="three steps", noise=noise)
        return one.covered[one.certain == 2]

    return covered


def false_alarm(kind: str, noise: float) -> Callable[[xr.Dataset], xr.DataArray]:
    """Whether a smooth curve got a boundary that counts as certain."""
    return lambda data: data.certain.sel(kind=kind, noise=noise) > 0


def threshold_over_prediction(data: xr.Dataset) -> xr.DataArray:
    """The least distance of two steps at which a boundary is certain, over the predicted one."""
    return data.threshold / data.predicted


def threshold_in_widths(data: xr.Dataset) -> xr.DataArray:
    """The least distance, in widths of a step, at which a boundary is certain."""
    return data.threshold
