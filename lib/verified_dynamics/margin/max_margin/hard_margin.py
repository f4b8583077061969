"""Hard-margin separation as a least-distance problem, solved to rounding error."""

import numpy as np
from scipy.optimize import nnls

_SEPARATED = 1e-10  # smallest margin, relative to the longest row, that float64 tells from zero


class NotSeparable(ValueError):
    """No w has x_n . w > 0 for every row."""


def hard_margin(rows: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """w_hat (d,), dual multipliers alpha (n,) and the relative KKT residual for `rows` (n, d).

    min |w|^2 subject to rows @ w >= 1 is the least-distance problem of Lawson and Hanson 1974 (chapter 23): with
    E = [X^T; 1^T] and f = e_{d+1}, the residual r = E v - f of min_{v >= 0} |E v - f| gives w_hat = -r[:d]/r[d] and
    alpha = -v/r[d]. The active set that it finds is then solved by QR and corrected until the KKT conditions hold.
    """
    lengths = np.linalg.norm(rows, axis=1)
    if (lengths == 0).any():
        raise NotSeparable(f"Row {int(np.argmin(lengths))} is zero, so that no w gives it a positive margin.")
    scale = lengths.max()
    scaled = rows / scale
    active = _least_distance_active_set(scaled)
    w, alpha = _correct(scaled, active)
    if (scaled @ w).min() <= 0.5 or np.linalg.norm(w) * _SEPARATED > 1:
        raise NotSeparable(
            "The data are not linearly separable through the origin: absorb the labels (x_n = y_n z_n), "
            "or append a constant feature where a bias is meant."
        )
    w, alpha = w / scale, alpha / scale**2
    return w, alpha, kkt_residual(rows, w, alpha)


def kkt_residual(rows: np.ndarray, w: np.ndarray, alpha: np.ndarray) -> float:
    """Largest relative violation of w = X^T alpha, x_n . w >= 1, alpha >= 0 and alpha_n (x_n . w - 1) = 0."""
    margins, largest = rows @ w, max(alpha.max(), np.finfo(float).tiny)
    return float(max(
        np.linalg.norm(w - rows.T @ alpha) / np.linalg.norm(w),
        (1 - margins).max(initial=0.0),
        (-alpha / largest).max(initial=0.0),
        np.abs(alpha / largest * (margins - 1)).max(),
    ))  # fmt: skip


def _least_distance_active_set(rows: np.ndarray) -> np.ndarray:
    n, d = rows.shape
    system = np.vstack([rows.T, np.ones(n)])
    weights, _ = nnls(system, np.eye(d + 1)[d], maxiter=max(300, 50 * n))
    return np.flatnonzero(weights > 1e-12 * max(weights.max(), 1e-300))


def _correct(rows: np.ndarray, active: np.ndarray, rounds: int = 60) -> tuple[np.ndarray, np.ndarray]:
    """Solve on the active set; drop the most negative multiplier or add the most violated row until neither is left."""
    best, best_residual = (np.zeros(rows.shape[1]), np.zeros(len(rows))), np.inf
    for _ in range(rounds):
        w, alpha = _solve_active(rows, active)
        residual = kkt_residual(rows, w, alpha) if np.isfinite(w).all() and w.any() else np.inf
        if residual < best_residual:
            best, best_residual = (w, alpha), residual
        margins = rows @ w
        if alpha.min() < -1e-13 * alpha.max():
            active = active[active != np.argmin(alpha)]
        elif margins.min() < 1 - 1e-13 * np.linalg.norm(w) and np.argmin(margins) not in active:
            active = np.append(active, np.argmin(margins))
        else:
            break
        if not len(active):
            break
    return best


def _solve_active(rows: np.ndarray, active: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The shortest w with margin one on the active rows, and its multipliers, by QR of the active rows."""
    alpha = np.zeros(len(rows))
    q, r = np.linalg.qr(rows[active].T)  # (d, k), (k, k)
    if len(active) > rows.shape[1] or np.abs(np.diag(r)).min(initial=np.inf) < 1e-14:
        return np.zeros(rows.shape[1]), alpha
    coordinates = np.linalg.solve(r.T, np.ones(len(active)))
    alpha[active] = np.linalg.solve(r, coordinates)
    w = q @ coordinates
    w += q @ np.linalg.solve(
        r.T, 1 - rows[active] @ w
    )  # one refinement step removes the rounding of the first solve
    return w, alpha
