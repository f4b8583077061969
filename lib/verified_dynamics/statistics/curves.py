"""Curves as arrays: the coordinate that a fit runs along, and the dimensions that it keeps."""

from collections.abc import Mapping

import numpy as np
import xarray as xr

from verified_dynamics.statistics.errors import ReplicateError, StatisticsError


def coordinate(y: xr.DataArray, over: str, *, positive: bool = False, fewest: int = 2) -> np.ndarray:
    """The coordinate (t,) that a fit runs along: finite, strictly growing, positive where a logarithm is taken."""
    if not isinstance(y, xr.DataArray):
        raise ReplicateError(
            f"A fit takes an xarray.DataArray with named dimensions, not {type(y).__name__}."
        )
    if over not in y.dims:
        present = ", ".join(map(str, y.dims)) or "no dimension"
        raise StatisticsError(f"There is no dimension '{over}' to fit along: the array has {present}.")
    if over not in y.coords:
        raise StatisticsError(f"The dimension '{over}' has no coordinate: a fit needs its values.")
    x = y.coords[over].to_numpy().astype(np.float64)
    if x.size < fewest:
        raise StatisticsError(
            f"This fit needs at least {fewest} points along '{over}', but there are {x.size}."
        )
    if not np.isfinite(x).all() or (np.diff(x) <= 0).any():
        raise StatisticsError(f"The coordinate '{over}' must be finite and strictly growing.")
    if positive and x[0] <= 0:
        raise StatisticsError(
            f"The coordinate '{over}' must be positive for a logarithm, but starts at {x[0]:g}: "
            "select its positive part."
        )
    return x


def along(y: xr.DataArray, over: str) -> np.ndarray:
    """The values (..., t) as floats with the fitted dimension last and the others in their order."""
    return y.transpose(..., over).to_numpy().astype(np.float64)


def keep(
    y: xr.DataArray, over: str, values: np.ndarray, name: str, new: Mapping | None = None
) -> xr.DataArray:
    """A fit's values with the kept dimensions and their coordinates, and with the fitted one where it is `new`."""
    dims = [dim for dim in y.dims if dim != over]
    coords = {dim: y.coords[dim].to_numpy() for dim in dims if dim in y.coords} | dict(new or {})
    return xr.DataArray(values, dims=dims + list(new or {}), coords=coords, name=name)
