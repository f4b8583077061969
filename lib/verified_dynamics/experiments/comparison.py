"""When two results are the same: exactly (digest), or within the tolerances of the experiment (deviations)."""

import hashlib
from collections.abc import Mapping

import numpy as np
import xarray as xr

from verified_dynamics.experiments.declaration import Tolerance


def digest(data: xr.Dataset) -> str:
    """SHA-256 over the names, dimensions and values of all variables and coordinates, in their order of names."""
    total = hashlib.sha256()
    for name in sorted(map(str, data.variables)):
        variable = data.variables[name]
        total.update(f"{name}|{variable.dims}|{variable.shape}|".encode())
        total.update(_canonical(variable.values))
    return total.hexdigest()


def deviations(
    reference: xr.Dataset, other: xr.Dataset, tolerances: Mapping[str, Tolerance]
) -> dict[str, float]:
    """Largest deviation of each variable of `reference`, in units of its tolerance; at most 1 means the same.

    Infinite where a variable is missing, has another shape or other coordinates, is text that differs, or is
    finite in one and not in the other.
    """
    return {str(name): _deviation(reference, other, str(name), tolerances) for name in reference.data_vars}


def _deviation(reference, other, name, tolerances) -> float:
    if (
        name not in other
        or reference[name].dims != other[name].dims
        or reference[name].shape != other[name].shape
    ):
        return float("inf")
    for dim in reference[name].dims:
        if dim in reference.coords and not _same(reference[dim].values, other[dim].values):
            return float("inf")
    a, b = reference[name].values, other[name].values
    if a.dtype.kind not in "fiub" or b.dtype.kind not in "fiub":
        return 0.0 if np.array_equal(a, b) else float("inf")
    a, b = a.astype(float), b.astype(float)
    equal = (a == b) | (np.isnan(a) & np.isnan(b))
    if equal.all():
        return 0.0
    tolerance = tolerances.get(name, Tolerance())
    allowed = tolerance.atol + tolerance.rtol * np.abs(a)
    with np.errstate(divide="ignore", invalid="ignore"):
        units = np.where(equal, 0.0, np.abs(a - b) / allowed)
    return float(np.nan_to_num(units, nan=np.inf, posinf=np.inf).max())


def _same(a: np.ndarray, b: np.ndarray) -> bool:
    if a.dtype.kind in "fiu" and b.dtype.kind in "fiu":
        return a.shape == b.shape and np.allclose(a, b, rtol=1e-12, atol=0)
    return np.array_equal(a.astype(str), b.astype(str))


def _canonical(values: np.ndarray) -> bytes:
    if values.dtype.kind == "f":
        return np.ascontiguousarray(values.astype("<f8") + 0.0).tobytes()  # + 0.0: minus zero becomes zero
    if values.dtype.kind in "iub":
        return np.ascontiguousarray(values.astype("<i8")).tobytes()
    return "\x00".join(map(str, values.ravel())).encode()
