"""What an interval says about a prediction: equivalent to it, excluded from it, or neither."""

from math import isfinite, isnan

from verified_dynamics.statistics.errors import StatisticsError
from verified_dynamics.statistics.estimates import Estimate


def equivalent(estimate: Estimate, predicted: float, within: float) -> bool:
    """Whether the whole interval lies in [predicted - within, predicted + within].

    This is the test of equivalence by inclusion of the interval (Schuirmann 1987): a wide interval fails it,
    and failing to tell an estimate from the prediction is no evidence for the prediction.
    """
    low, high = _allowed(predicted, within)
    return bool(low <= estimate.low and estimate.high <= high)


def excludes(estimate: Estimate, predicted: float, within: float = 0.0) -> bool:
    """Whether the interval has no point in [predicted - within, predicted + within]."""
    low, high = _allowed(predicted, within)
    return bool(estimate.high < low or estimate.low > high)


def _allowed(predicted: float, within: float) -> tuple[float, float]:
    if not isfinite(predicted):
        raise StatisticsError(f"A prediction is a finite number, but {predicted} was given.")
    if isnan(within) or within < 0:
        raise StatisticsError(f"A tolerance is at least zero, but within={within} was given.")
    return predicted - within, predicted + within
