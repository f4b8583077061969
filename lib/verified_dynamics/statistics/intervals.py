"""Intervals for means, medians and proportions of a sample, along its last axis.

Each function takes a sample (..., s) without NaN, returns the value and the two ends (...), and is vectorised
over the leading axes, so that its coverage can be measured by simulation.
"""

import warnings

import numpy as np
from scipy import stats

from verified_dynamics.statistics.errors import StatisticsError

FEWEST_FOR_BOOTSTRAP = 32
_RESAMPLES = 4999
_BOOTSTRAP_SEED = 1979
_BATCH = 2**20  # numbers resampled at a time


def student_mean(sample: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean with Student's t interval; exact for normal replicates (Student 1908)."""
    size = sample.shape[-1]
    centre = sample.mean(axis=-1)
    error = sample.std(axis=-1, ddof=1) / np.sqrt(size)
    half = stats.t.ppf((1 + level) / 2, size - 1) * error
    return centre, centre - half, centre + half


def median(sample: np.ndarray) -> np.ndarray:
    """The median; infinite where a middle order statistic is."""
    middle = (sample.shape[-1] - 1) // 2, sample.shape[-1] // 2
    ordered = np.sort(sample, axis=-1)  # faster than a partition along so short an axis
    return _between(ordered[..., middle[0]], ordered[..., middle[1]], 0.5)


def exact_median(sample: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
    """The median between the order statistics d and s + 1 - d, and the attained level.

    They cover the median of every distribution with probability at least P(d <= B <= s - d), B binomial(s, 1/2);
    d is the largest for which that is at least `level`. Raises StatisticsError where even d = 1 is too few.
    """
    depth = _median_depth(sample.shape[-1], level)
    ordered = np.sort(sample, axis=-1)
    attained = _median_coverage(sample.shape[-1], depth)
    return median(sample), ordered[..., depth - 1], ordered[..., -depth], attained


def interpolated_median(sample: np.ndarray, level: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The median with an interval between neighbouring order statistics (Hettmansperger and Sheather 1986).

    The exact intervals at depth d and d + 1 have coverages c(d) >= level > c(d + 1); the ends are interpolated
    with the weight (s - d) f / (d + (s - 2 d) f) of the inner interval, f = (c(d) - level) / (c(d) - c(d + 1)).
    Measured coverage at 95 % from 6 replicates on: 93.9 % to 95.4 % for uniform, normal, Laplace, exponential,
    log-normal and Cauchy replicates. Where the density has a gap at the median it is less: use `exact_median`.
    """
    size = sample.shape[-1]
    depth = _median_depth(size, level)
    ordered = np.sort(sample, axis=-1)
    outer, inner = _median_coverage(size, depth), _median_coverage(size, depth + 1)
    share = (outer - level) / (outer - inner)
    weight = (size - depth) * share / (depth + (size - 2 * depth) * share)
    low = _between(ordered[..., depth - 1], ordered[..., depth], weight)
    high = _between(ordered[..., -depth], ordered[..., -depth - 1], weight)
    return median(sample), low, high


def proportion(successes: np.ndarray, size: int, level: float) -> tuple[np.ndarray, np.ndarray]:
    """The interval of Clopper and Pearson (1934) for a share: it covers every true share with at least `level`."""
    successes = np.asarray(successes)
    tail = (1 - level) / 2
    with np.errstate(invalid="ignore"):
        low = np.where(successes > 0, stats.beta.ppf(tail, successes, size - successes + 1), 0.0)
        high = np.where(successes < size, stats.beta.isf(tail, successes + 1, size - successes), 1.0)
    return low, high


def bootstrap_mean(
    sample: np.ndarray, level: float, *, resamples: int = _RESAMPLES
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The mean with SciPy's bias-corrected and accelerated bootstrap interval (Efron 1987).

    Resamples scatter less than samples do, by (s - 1) / s, and know no t distribution: the nominal level is
    raised by as much as this costs (the expansion of Hesterberg 2015). Measured coverage at 95 %: 94 % to 96 %
    for normal and uniform replicates from 32 on, 93 % to 96 % for exponential and Laplace ones from 64 on.
    """
    size = sample.shape[-1]
    quantile = stats.t.ppf((1 + level) / 2, size - 1) * np.sqrt(size / (size - 1))
    low, high = _bootstrap(sample, np.mean, 2 * stats.norm.cdf(quantile) - 1, "BCa", resamples)
    return sample.mean(axis=-1), low, high


def bootstrap_median(
    sample: np.ndarray, level: float, *, resamples: int = _RESAMPLES
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The median with SciPy's percentile bootstrap interval.

    Not the accelerated one: its acceleration comes from the jackknife, which is inconsistent for the median.
    """
    low, high = _bootstrap(sample, _resampled_median, level, "percentile", resamples)
    return median(sample), low, high


def _resampled_median(sample: np.ndarray, axis: int = -1) -> np.ndarray:
    return median(np.moveaxis(sample, axis, -1))


def _bootstrap(sample, statistic, level, method, resamples) -> tuple[np.ndarray, np.ndarray]:
    with warnings.catch_warnings(), np.errstate(invalid="ignore"):
        warnings.simplefilter("ignore", stats.DegenerateDataWarning)
        result = stats.bootstrap(
            (sample,), statistic, axis=-1, n_resamples=resamples, confidence_level=level, method=method,
            vectorized=True, batch=max(1, _BATCH // sample.size), rng=np.random.default_rng(_BOOTSTRAP_SEED),
        )  # fmt: skip
    constant = (sample == sample[..., :1]).all(axis=-1)  # then every resample is the sample itself
    low, high = result.confidence_interval
    return np.where(constant, sample[..., 0], low), np.where(constant, sample[..., 0], high)


def _median_coverage(size: int, depth: int) -> float:
    return float(1 - 2 * stats.binom.cdf(depth - 1, size, 0.5))


def _median_depth(size: int, level: float) -> int:
    depth = int(stats.binom.ppf((1 - level) / 2, size, 0.5))
    while depth >= 1 and _median_coverage(size, depth) < level:
        depth -= 1
    if depth < 1:
        needed = next(s for s in range(1, 10_000) if _median_coverage(s, 1) >= level)
        raise StatisticsError(
            f"A median's interval at level {level:g} needs at least {needed} replicates, but there are {size}: "
            "run more or use summary='every'."
        )
    return depth


def _between(start: np.ndarray, end: np.ndarray, weight: float) -> np.ndarray:
    """(1 - weight) start + weight end, also where an end is infinite and without rounding where they agree."""
    with np.errstate(invalid="ignore"):
        mixed = start + weight * (end - start)
    infinite = np.where(np.isinf(end) & (weight > 0), end, start)
    infinite = np.where(np.isinf(start) & (weight < 1), start, infinite)
    return np.where(np.isinf(start) | np.isinf(end), infinite, np.where(start == end, start, mixed))
