"""The evolving trade-off of loss and complexity: which of two solutions a posterior prefers, by sample size."""

import numpy as np
from scipy.special import lambertw


def log_odds(n: np.ndarray, *, loss_gap: float, extra_coefficient: float) -> np.ndarray:
    r"""Leading log posterior odds $\Delta\lambda\log n-n|\Delta\ell|$ of the simple against the accurate solution.

    n: samples. loss_gap: by how many nats a sample the simple one is worse; extra_coefficient: by how much its
    learning coefficient is lower. Source: Carroll et al. 2025, equation 8.
    """
    n = np.asarray(n, dtype=float)
    return extra_coefficient * np.log(n) - n * loss_gap


def crossing(loss_gap: float, extra_coefficient: float, *, branch: str = "later") -> float:
    r"""The sample size $-\frac{\Delta\lambda}{|\Delta\ell|}W(-|\Delta\ell|/\Delta\lambda)$ of vanishing log odds.

    branch "later": W_{-1}, from which on the accurate solution is preferred for good; "earlier": W_0, below e, where
    the asymptotic formula means nothing. Infinite where the losses agree; not a number where the accurate solution
    is preferred at every n, that is from |Δℓ| = Δλ/e on. Raises ValueError for signs that make no trade-off.
    """
    if branch not in ("later", "earlier"):
        raise ValueError(f'branch is "later" or "earlier", not {branch!r}.')
    if loss_gap < 0 or extra_coefficient <= 0:
        raise ValueError(
            "there is a trade-off only where the simple solution has the higher loss and the lower coefficient: "
            f"loss_gap={loss_gap} must not be negative and extra_coefficient={extra_coefficient} must be positive."
        )
    if loss_gap == 0:
        return np.inf if branch == "later" else 1.0
    ratio = loss_gap / extra_coefficient
    if ratio > np.exp(-1):
        return np.nan
    return float((-lambertw(-ratio, -1 if branch == "later" else 0) / ratio).real)


def nats(squared_error, noise_variance: float):
    """A squared error (a number or an array of any kind) in nats, up to a constant: divided by 2σ²."""
    return squared_error / (2 * noise_variance)
