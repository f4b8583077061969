"""Estimates of one number from independent replicates: the value, its interval, and how both were made."""

import difflib
from dataclasses import dataclass
from math import floor, isnan, log10

import numpy as np
import xarray as xr

from verified_dynamics.statistics import intervals
from verified_dynamics.statistics.errors import StatisticsError
from verified_dynamics.statistics.replicates import exact_value, replicates


@dataclass(frozen=True)
class Estimate:
    """One number with an interval.

    value: the summary of the replicates; low, high: ends of the interval (they may be infinite);
    level: the confidence level of the interval, 1 where the interval is no confidence interval but contains
    every replicate; replicates: how many there were, non-finite ones included; method: the name of the
    interval; nonfinite: how many replicates were infinite or not a number.
    """

    value: float
    low: float
    high: float
    level: float
    replicates: int
    method: str
    nonfinite: int

    def __post_init__(self) -> None:
        if self.low > self.high:
            raise StatisticsError(
                f"An interval has its lower end first, but [{self.low}, {self.high}] was given."
            )

    def contains(self, number: float) -> bool:
        """Whether the closed interval contains the number."""
        return bool(self.low <= number <= self.high)

    def __str__(self) -> str:
        text = _rounded(self.value, self.low, self.high)
        return text if not self.nonfinite else f"{text} ({self.nonfinite} of {self.replicates} not finite)"


def estimate(values: xr.DataArray, *, summary: str = "mean", level: float = 0.95) -> Estimate:
    """Estimate one number from replicates, which lie along the dimension `seed` and no other.

    summary says which number and which interval:

    - `mean`: the mean with Student's t interval, for replicates that are close to normal or numerous;
    - `median`: the median with interpolated order statistics (Hettmansperger and Sheather 1986), for any
      continuous distribution;
    - `exact-median`: the median between the two order statistics that cover it with at least the level, for
      every distribution; `level` of the result is the attained one;
    - `bootstrap-mean`, `bootstrap-median`: bootstrap intervals of SciPy with fixed draws;
    - `proportion`: the share of True with the interval of Clopper and Pearson, which covers it with at least
      the level;
    - `every`: the median of the replicates with the hull of all of them;
    - `exact`: a number without replicates (an array without dimensions), compared as it is.

    A replicate that is not a number counts as infinite, as a diverged run is. Raises ReplicateError where the
    array has another dimension than `seed`, StatisticsError where the replicates do not allow the interval.
    """
    if summary not in _SUMMARIES:
        near = difflib.get_close_matches(summary, _SUMMARIES, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"choose one of {', '.join(_SUMMARIES)}."
        raise StatisticsError(f"There is no summary '{summary}': {hint}")
    if not 0 < level < 1:
        raise StatisticsError(f"A confidence level lies between 0 and 1, but {level} was given.")
    if summary == "exact":
        number = exact_value(values)
        return Estimate(number, number, number, 1.0, 1, "exact", int(not np.isfinite(number)))
    if summary == "proportion":
        return _proportion(values, level)
    sample, nonfinite = replicates(values)  # (s,)
    _refuse_what_does_not_fit(summary, sample, nonfinite)
    value, low, high, attained, method = _SUMMARIES[summary](sample, level)
    return Estimate(float(value), float(low), float(high), float(attained), sample.size, method, nonfinite)


def _proportion(values: xr.DataArray, level: float) -> Estimate:
    if isinstance(values, xr.DataArray) and values.dtype != bool:
        raise StatisticsError(f"A proportion needs values that are true or false, not {values.dtype}.")
    sample, _ = replicates(values)
    low, high = intervals.proportion(int(sample.sum()), sample.size, level)
    method = "Clopper-Pearson interval"
    return Estimate(float(sample.mean()), float(low), float(high), level, sample.size, method, 0)


def _refuse_what_does_not_fit(summary: str, sample: np.ndarray, nonfinite: int) -> None:
    if nonfinite and summary in ("mean", "bootstrap-mean"):
        raise StatisticsError(
            f"{nonfinite} of {sample.size} replicates are not finite, so their mean is none either: "
            "use summary='median' or look at the runs that diverged."
        )
    fewest = {"mean": 2, "bootstrap-mean": intervals.FEWEST_FOR_BOOTSTRAP, "every": 1}
    fewest["bootstrap-median"] = intervals.FEWEST_FOR_BOOTSTRAP
    needed = fewest.get(summary, 1)
    if sample.size < needed:
        raise StatisticsError(
            f"summary='{summary}' needs at least {needed} replicates, but there are {sample.size}: run more."
        )


def _mean(sample: np.ndarray, level: float) -> tuple:
    return *intervals.student_mean(sample, level), level, "Student's t interval"


def _median(sample: np.ndarray, level: float) -> tuple:
    return *intervals.interpolated_median(sample, level), level, "interpolated order statistics"


def _exact_median(sample: np.ndarray, level: float) -> tuple:
    *ends, attained = intervals.exact_median(sample, level)
    return *ends, attained, "exact order statistics"


def _bootstrap_mean(sample: np.ndarray, level: float) -> tuple:
    return *intervals.bootstrap_mean(sample, level), level, "bootstrap interval (BCa) of the mean"


def _bootstrap_median(sample: np.ndarray, level: float) -> tuple:
    return *intervals.bootstrap_median(sample, level), level, "bootstrap interval (percentile) of the median"


def _every(sample: np.ndarray, level: float) -> tuple:
    return intervals.median(sample), sample.min(), sample.max(), 1.0, "hull of all replicates"


_SUMMARIES = {
    "mean": _mean,
    "median": _median,
    "exact-median": _exact_median,
    "bootstrap-mean": _bootstrap_mean,
    "bootstrap-median": _bootstrap_median,
    "proportion": _proportion,
    "every": _every,
    "exact": None,
}


def _rounded(value: float, low: float, high: float) -> str:
    width = high - low
    if isnan(width) or width == 0 or not np.isfinite(width):
        return f"{value:.5g}" if low == high else f"{value:.5g} [{low:.5g}, {high:.5g}]"
    decimals = 1 - floor(log10(width))  # two digits of the interval's width
    largest = max(abs(value), abs(low), abs(high))
    if decimals <= 6 and largest < 1e6:
        decimals = max(decimals, 0)
        return f"{value:.{decimals}f} [{low:.{decimals}f}, {high:.{decimals}f}]"
    digits = max(2, min(16, decimals + 1 + floor(log10(largest))))
    return f"{value:.{digits}g} [{low:.{digits}g}, {high:.{digits}g}]"
