"""Rates of decay or growth, fitted along one coordinate separately for each replicate.

Every fit takes a DataArray with the dimension that it fits along and any others, usually `seed`, and keeps the
others: the points along one curve give one number, and only these numbers are replicates.
A replicate whose values do not allow the fit (zero where a logarithm is taken, infinite, not a number) gets NaN.
"""

import numpy as np
import xarray as xr

from verified_dynamics.statistics.curves import along, coordinate, keep
from verified_dynamics.statistics.errors import StatisticsError
from verified_dynamics.statistics.least_squares import coefficients, shifted_logarithm


def power_law_exponent(y: xr.DataArray, over: str) -> xr.DataArray:
    """The exponent b of |y| = C x^b: least-squares slope of log |y| on log x, x the coordinate `over` > 0."""
    x = coordinate(y, over, positive=True)
    design = np.stack([np.ones_like(x), np.log(x)], axis=-1)  # (t, 2)
    return keep(y, over, coefficients(design, _log(along(y, over)))[..., 1], "power-law exponent")


def linear_slope(y: xr.DataArray, over: str) -> xr.DataArray:
    """The slope of the least-squares line of y on the coordinate `over`."""
    x = coordinate(y, over)
    design = np.stack([np.ones_like(x), x - x.mean()], axis=-1)  # (t, 2)
    return keep(y, over, coefficients(design, along(y, over))[..., 1], "slope")


def last_slope(y: xr.DataArray, over: str, *, decades: float = 1.0) -> xr.DataArray:
    """The power-law exponent over the last decades of the coordinate only, where an asymptote shows first."""
    x = coordinate(y, over, positive=True)
    tail = y.isel({over: np.flatnonzero(x >= x.max() * 10.0**-decades * (1 - 1e-12))})
    return power_law_exponent(tail, over).rename("last slope")


def local_slopes(y: xr.DataArray, over: str) -> xr.DataArray:
    """d log |y| / d log x between neighbouring points, at their geometric means; keeps the dimension `over`."""
    x = coordinate(y, over, positive=True)
    slopes = np.diff(_log(along(y, over)), axis=-1) / np.diff(np.log(x))
    middle = np.sqrt(x[1:] * x[:-1])
    return keep(y, over, slopes, "local slope", {over: middle})


def squaring_ratio(error: xr.DataArray, *, over: str = "log_time", at: float | None = None) -> xr.DataArray:
    r"""e(t^2) / e(t) at log t = `at`, by default at half the horizon.

    The ratio tells slow rates apart where log-log slopes do not: (log t)^-p gives 2^-p, t^-p gives 0,
    log log t / log t gives (1 + log 2 / log log t) / 2. The coordinate `over` is log t, positive and growing;
    between its points log e is interpolated linearly in log log t.
    """
    x = coordinate(error, over, positive=True)
    at = x[-1] / 2 if at is None else float(at)
    if not x[0] * (1 - 1e-12) <= at <= x[-1] / 2 * (1 + 1e-12):
        raise StatisticsError(
            f"A squaring ratio at {over} = {at:g} needs the errors at {at:g} and {2 * at:g}, "
            f"but the curve goes from {x[0]:g} to {x[-1]:g}."
        )
    y = _log(along(error, over))
    ratio = np.exp(_interpolated(x, y, 2 * at) - _interpolated(x, y, at))
    return keep(error, over, ratio, "squaring ratio")


def logarithmic_fit(error: xr.DataArray, over: str = "log_time") -> xr.Dataset:
    r"""Least squares of log e = a - p log tau - r tau along tau = log t, the coordinate `over`.

    Variables: `intercept` a, `logarithmic_rate` p, `exponential_rate` r (the power of t, since
    e^(-r tau) = t^-r). Time up to 10^6 spans too little of tau to tell p from r: report the horizon.
    """
    tau = coordinate(error, over, positive=True, fewest=3)
    design = np.stack([np.ones_like(tau), -np.log(tau), -tau], axis=-1)  # (t, 3)
    fit = coefficients(design, _log(along(error, over)))
    names = ("intercept", "logarithmic_rate", "exponential_rate")
    return xr.Dataset({name: keep(error, over, fit[..., i], name) for i, name in enumerate(names)})


def logarithmic_rate(error: xr.DataArray, over: str = "log_time") -> xr.DataArray:
    """The p of `logarithmic_fit`: e falls like (log t)^-p times a power of t."""
    return logarithmic_fit(error, over)["logarithmic_rate"]


def exponential_rate(error: xr.DataArray, over: str = "log_time") -> xr.DataArray:
    """The r of `logarithmic_fit`: zero where the error falls like a power of log t alone."""
    return logarithmic_fit(error, over)["exponential_rate"]


def shifted_logarithmic_fit(error: xr.DataArray, over: str = "log_time") -> xr.Dataset:
    r"""Least squares of log e = a - p log(tau + c) along tau = log t > 0, with c > -min tau.

    Variables: `intercept` a, `logarithmic_rate` p, `shift` c. The shift is the first correction to a
    logarithmic rate, as the constant in 1 / (log t + c) is.
    """
    tau = coordinate(error, over, positive=True, fewest=3)
    fit = shifted_logarithm(tau, _log(along(error, over)))
    names = ("intercept", "logarithmic_rate", "shift")
    return xr.Dataset({name: keep(error, over, value, name) for name, value in zip(names, fit, strict=True)})


def shifted_logarithmic_rate(error: xr.DataArray, over: str = "log_time") -> xr.DataArray:
    """The p of `shifted_logarithmic_fit`."""
    return shifted_logarithmic_fit(error, over)["logarithmic_rate"]


def _log(values: np.ndarray) -> np.ndarray:
    with np.errstate(divide="ignore"):
        return np.log(np.abs(values))


def _interpolated(x: np.ndarray, y: np.ndarray, at: float) -> np.ndarray:
    """y (..., t) at one point, linear in log x."""
    right = int(np.clip(np.searchsorted(x, at), 1, x.size - 1))
    weight = np.clip(np.log(at / x[right - 1]) / np.log(x[right] / x[right - 1]), 0.0, 1.0)
    if weight in (0.0, 1.0):  # a point of the grid: its neighbour may be infinite
        return y[..., right - 1 + int(weight)]
    return (1 - weight) * y[..., right - 1] + weight * y[..., right]
