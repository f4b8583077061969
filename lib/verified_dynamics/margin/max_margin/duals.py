"""Which dual gradient flow selects when the support vectors are linearly dependent."""

import numpy as np
from scipy.optimize import linprog


def interior_dual(rows: np.ndarray, w_hat: np.ndarray, support: np.ndarray):
    """(every support vector can be positive, alpha (n,), w_tilde (d,)) for linearly dependent support vectors.

    The multipliers are then not unique. The residual of the flow satisfies sum_n exp(-x_n . v) x_n = w_hat over the
    support vectors, the stationarity of a convex function of v, so that alpha_n = exp(-x_n . v) is the dual of largest
    entropy. Where some support vector is zero in every dual, v does not exist: w_tilde is NaN.
    """
    chosen = rows[support]
    alpha = np.zeros(len(rows))
    largest = _dual_of_largest_support(chosen, w_hat)
    if (largest <= 1e-10 * largest.max()).any():
        alpha[support] = largest
        return False, alpha, np.full(rows.shape[1], np.nan)
    w_tilde = stationary_point(chosen, w_hat)
    alpha[support] = np.exp(-chosen @ w_tilde)
    return True, alpha, w_tilde


def _dual_of_largest_support(chosen: np.ndarray, w_hat: np.ndarray) -> np.ndarray:
    """A dual that is positive wherever some dual is: maximise sum s, 0 <= s <= 1, X^T (b + s) = c w_hat, c >= 1."""
    k = len(chosen)
    equalities = np.hstack([chosen.T, chosen.T, -w_hat[:, None]])  # unknowns b (k), s (k), c
    bounds = [(0, None)] * k + [(0, 1)] * k + [(1, None)]
    objective = np.concatenate([np.zeros(k), -np.ones(k), [0.0]])
    result = linprog(objective, A_eq=equalities, b_eq=np.zeros(len(w_hat)), bounds=bounds, method="highs")
    if result.x is None:
        raise ValueError(f"The duals of these data could not be found: {result.message}")
    return (result.x[:k] + result.x[k : 2 * k]) / result.x[-1]


def stationary_point(chosen: np.ndarray, w_hat: np.ndarray) -> np.ndarray:
    """Minimiser of sum_n exp(-x_n . v) + w_hat . v on the span of the rows, by damped Newton steps."""
    _, singular, basis = np.linalg.svd(chosen, full_matrices=False)
    basis = basis[singular > 1e-12 * singular[0]]  # (rank, d)
    z, target = chosen @ basis.T, basis @ w_hat
    v = np.zeros(len(basis))

    def value(point):
        return np.exp(-z @ point).sum() + target @ point

    for _ in range(200):
        weights = np.exp(-z @ v)
        gradient = target - z.T @ weights
        move = -np.linalg.solve((z * weights[:, None]).T @ z, gradient)
        length = 1.0
        while value(v + length * move) > value(v) + 1e-14 * abs(value(v)) and length > 1e-12:
            length /= 2
        v = v + length * move
        if np.abs(move).max() < 1e-14 * (1 + np.abs(v).max()):
            break
    return basis.T @ v
