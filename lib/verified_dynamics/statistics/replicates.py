"""What counts as a replicate: an independent seed, data set or starting point, along the dimension `seed`."""

import numpy as np
import xarray as xr

from verified_dynamics.statistics.errors import ReplicateError, StatisticsError

REPLICATE = "seed"


def replicates(values: xr.DataArray) -> tuple[np.ndarray, int]:
    """The replicates (s,) as floats, with anything that is not a number as +inf, and how many are not finite.

    Raises ReplicateError unless `values` is a DataArray whose only dimension is `seed`.
    """
    _check_array(values)
    if REPLICATE not in values.dims:
        raise ReplicateError(
            f"There are no replicates: the dimension '{REPLICATE}' is missing from {_named(values)}; "
            "use summary='exact' for a single exact number."
        )
    others = [str(dimension) for dimension in values.dims if dimension != REPLICATE]
    if others:
        raise ReplicateError(
            f"The points of one curve are not replicates: reduce the dimension {', '.join(others)} of "
            f"{_named(values)} to one number per {REPLICATE} first."
        )
    numbers = _floats(values)
    if not numbers.size:
        raise StatisticsError(f"There are no replicates: the dimension '{REPLICATE}' is empty.")
    nonfinite = int((~np.isfinite(numbers)).sum())
    return np.where(np.isnan(numbers), np.inf, numbers), nonfinite


def exact_value(values: xr.DataArray) -> float:
    """The number in a DataArray without dimensions; ReplicateError for any other."""
    _check_array(values)
    if values.dims:
        raise ReplicateError(
            f"summary='exact' takes one number without dimensions, but {_named(values)} has "
            f"{', '.join(map(str, values.dims))}; use summary='every' to hold every replicate to the prediction."
        )
    return float(_floats(values))


def _check_array(values: xr.DataArray) -> None:
    if not isinstance(values, xr.DataArray):
        raise ReplicateError(
            f"Statistics take an xarray.DataArray, whose dimensions say what a replicate is, "
            f"not {type(values).__name__}."
        )


def _floats(values: xr.DataArray) -> np.ndarray:
    if values.dtype.kind not in "biuf":
        raise StatisticsError(f"Statistics take real numbers, but {_named(values)} has dtype {values.dtype}.")
    return values.to_numpy().astype(np.float64)


def _named(values: xr.DataArray) -> str:
    return f"the array '{values.name}'" if values.name is not None else "the array"
