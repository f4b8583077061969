"""Maximal margins in three norms."""

import numpy as np
from scipy.optimize import linprog

from verified_dynamics.margin.max_margin.hard_margin import NotSeparable
from verified_dynamics.margin.max_margin.reference import as_rows, reference

NORMS = ("l1", "l2", "linf")


def maximal_margin(x, norm: str) -> float:
    """max_w min_n x_n . w over |w| <= 1 in the norm "l1", "l2" or "linf"; x (n, d). Linear programs for l1 and linf.

    Raises NotSeparable where the maximum is not positive, ValueError for another norm.
    """
    if norm not in NORMS:
        raise ValueError(f"The norm must be one of {', '.join(NORMS)}, not {norm!r}.")
    if norm == "l2":
        return reference(x).gamma
    rows = as_rows(x)
    margin = _l1_margin(rows) if norm == "l1" else _linf_margin(rows)
    if margin <= 0:
        raise NotSeparable(
            "The data are not linearly separable through the origin: no w has all margins positive."
        )
    return margin


def normalised_margin(x: np.ndarray, w: np.ndarray, norm: str) -> np.ndarray:
    """min_n x_n . w / |w| in the given norm; x (..., n, d), w (..., d)."""
    order = {"l1": 1, "l2": 2, "linf": np.inf}[norm]
    return (x @ w[..., None])[..., 0].min(-1) / np.linalg.norm(w, ord=order, axis=-1)


def _linf_margin(rows):
    n, d = rows.shape  # maximise m subject to m - rows w <= 0, |w_i| <= 1
    constraints = np.hstack([-rows, np.ones((n, 1))])
    return _optimum(constraints, np.zeros(n), [(-1, 1)] * d + [(None, None)])


def _l1_margin(rows):
    n, d = rows.shape  # w = a - b with a, b >= 0 and sum (a + b) <= 1
    constraints = np.vstack([np.hstack([-rows, rows, np.ones((n, 1))]), np.append(np.ones(2 * d), 0.0)])
    return _optimum(constraints, np.append(np.zeros(n), 1.0), [(0, None)] * (2 * d) + [(None, None)])


def _optimum(constraints, right, bounds) -> float:
    objective = np.zeros(constraints.shape[1])
    objective[-1] = -1.0
    return float(-linprog(objective, A_ub=constraints, b_ub=right, bounds=bounds, method="highs").fun)
