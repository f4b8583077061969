"""Whether Markov chains have mixed: split R-hat, and how many independent draws their draws are worth."""

import numpy as np
from scipy import stats

from verified_dynamics.statistics.errors import StatisticsError

FEWEST_DRAWS = 4


def split_r_hat(draws: np.ndarray) -> float:
    """The rank-normalised split R-hat of draws (chains, draws): 1 where halves of all chains agree.

    The larger of the values for the draws and for their distances from the median, so that chains that differ in
    spread alone are noticed too. A single chain is compared with itself, first half against second. Not a number
    where a draw is not finite or no draw differs. Raises StatisticsError for fewer than 4 draws. Source: Vehtari
    et al. 2021, equations 4, 14 and section 4.
    """
    halves = _halves(draws)
    if not np.isfinite(halves).all() or np.ptp(halves) == 0:
        return float("nan")
    folded = np.abs(halves - np.median(halves))
    return max(_r_hat(_normal_scores(halves)), _r_hat(_normal_scores(folded)))


def effective_sample_size(draws: np.ndarray) -> float:
    """How many independent draws estimate the mean as well as these (chains, draws) do.

    Autocorrelations of the chains' halves, summed over Geyer's initial monotone sequence. Not a number where a
    draw is not finite. Raises StatisticsError for fewer than 4 draws. Source: Vehtari et al. 2021, section 3.2.
    """
    halves = _halves(draws)
    length = halves.shape[1]
    if not np.isfinite(halves).all():
        return float("nan")
    if np.ptp(halves) < np.finfo(float).resolution:
        return float(halves.size)
    covariance = _autocovariances(halves).mean(axis=0)  # (lags,)
    within = covariance[0] * length / (length - 1)
    total = covariance[0] + halves.mean(axis=1).var(ddof=1)
    correlation = 1 - (within - covariance) / total
    correlation[0] = 1.0
    pairs = correlation[: 2 * (length // 2)].reshape(-1, 2).sum(axis=1)
    negative = np.flatnonzero(pairs <= 0)
    last = max(0, (length - 1) // 2 - 1)  # the last pair whose sum the sequence may look at
    end = min(int(negative[0]), last) if negative.size else last
    time = -1 + 2 * np.minimum.accumulate(pairs[:end]).sum() + max(correlation[2 * end], 0.0)
    return float(halves.size / max(time, 1 / np.log10(halves.size)))


def _halves(draws: np.ndarray) -> np.ndarray:
    draws = np.asarray(draws, dtype=float)
    if draws.ndim != 2 or draws.shape[1] < FEWEST_DRAWS or not draws.shape[0]:
        raise StatisticsError(
            f"Mixing is judged from draws (chains, draws), at least {FEWEST_DRAWS} of each chain, "
            f"not from shape {draws.shape}."
        )
    half = draws.shape[1] // 2
    return np.concatenate([draws[:, :half], draws[:, -half:]])


def _normal_scores(draws: np.ndarray) -> np.ndarray:
    ranks = stats.rankdata(draws, method="average").reshape(draws.shape)
    return stats.norm.ppf((ranks - 0.375) / (draws.size + 0.25))


def _r_hat(draws: np.ndarray) -> float:
    length = draws.shape[1]
    within = draws.var(axis=1, ddof=1).mean()
    between = draws.mean(axis=1).var(ddof=1)
    if within == 0:
        return float("inf")
    return float(np.sqrt(between / within + (length - 1) / length))


def _autocovariances(draws: np.ndarray) -> np.ndarray:
    """Of every row, all lags (chains, length), with the divisor `length` at each lag."""
    length = draws.shape[1]
    centred = draws - draws.mean(axis=1, keepdims=True)
    spectrum = np.fft.rfft(centred, n=2 * length, axis=1)
    return np.fft.irfft(np.abs(spectrum) ** 2, n=2 * length, axis=1)[:, :length] / length
