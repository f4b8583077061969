"""Which rate a curve of errors has: 1/log t, a power of t, or not to be told from this horizon."""

from dataclasses import dataclass

import numpy as np
import xarray as xr

from verified_dynamics.statistics import (
    Estimate,
    StatisticsError,
    estimate,
    logarithmic_fit,
    shifted_logarithmic_rate,
    squaring_ratio,
)

_FIRST, _SPAN = (
    10.0,
    8.0,
)  # log t from which 1/log t dominates its correction, and the range that tells rates apart


class ShortHorizon(StatisticsError):
    """The curve ends too early for its rate to be told."""


@dataclass(frozen=True)
class RateReport:
    """Rates of an error e(t) over data sets: e(t^2)/e(t), and the fits a - p log log t - r log t, a - p log(log t + c).

    `short` marks a horizon at which these do not tell a logarithm from a power.
    """

    squaring_ratio: Estimate
    logarithmic_rate: Estimate
    exponential_rate: Estimate
    shifted_rate: Estimate
    first_log_time: float
    last_log_time: float
    short: bool

    def __str__(self) -> str:
        warning = " The horizon is too short to tell the rates apart." if self.short else ""
        return (
            f"log t from {self.first_log_time:g} to {self.last_log_time:g}: e(t²)/e(t) = {self.squaring_ratio}; "
            f"e = t^-r (log t)^-p with p = {self.logarithmic_rate}, r = {self.exponential_rate}; "
            f"e = (log t + c)^-p with p = {self.shifted_rate}.{warning}"
        )


def rate_report(error: xr.DataArray, *, first: float = _FIRST, allow_short: bool = False) -> RateReport:
    """Medians over data sets of the rates of `error` (seed, log_time), from log t = `first` on.

    Regressions are per data set, never over pooled points; intervals are over data sets. Raises ShortHorizon, or
    marks the report with `allow_short`, where the last log t is below 8 times the first one used or below 80: with
    t <= 10^6, log t and log log t are so nearly collinear that any rate can be fitted.
    """
    if not isinstance(error, xr.DataArray) or set(error.dims) != {"seed", "log_time"}:
        raise StatisticsError("The errors must be an xarray.DataArray with the dimensions seed and log_time.")
    used = error.sel(log_time=error["log_time"] >= (0.1 if allow_short else first))
    if used.sizes["log_time"] < 4:
        raise ShortHorizon(
            f"There are {used.sizes['log_time']} points with log t >= {first:g}; a rate needs four."
        )
    times = used["log_time"].values
    short = bool(times[-1] < max(_SPAN * _FIRST, _SPAN * times[0]) * (1 - 1e-9))
    if short and not allow_short:
        raise ShortHorizon(
            f"The horizon log t = {times[-1]:g} is too short to tell 1/log t from a power of t: "
            f"run the flow to log t = {max(_SPAN * _FIRST, _SPAN * times[0]):g} or more, or set allow_short=True."
        )
    fit = logarithmic_fit(used)
    return RateReport(
        squaring_ratio=estimate(squaring_ratio(used), summary="median"),
        logarithmic_rate=estimate(fit["logarithmic_rate"], summary="median"),
        exponential_rate=estimate(fit["exponential_rate"], summary="median"),
        shifted_rate=estimate(shifted_logarithmic_rate(used), summary="median"),
        first_log_time=float(times[0]),
        last_log_time=float(np.max(times)),
        short=short,
    )
