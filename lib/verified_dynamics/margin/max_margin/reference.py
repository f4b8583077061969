"""The exact hard-margin solution and every constant that it predicts for gradient descent."""

from dataclasses import dataclass

import numpy as np
import torch

from verified_dynamics.margin.max_margin.duals import interior_dual
from verified_dynamics.margin.max_margin.hard_margin import hard_margin

_ON_MARGIN = 1e-9  # relative slack below which a row counts as a support vector
_POSITIVE = 1e-10  # dual multipliers below this fraction of the largest count as zero


@dataclass(frozen=True)
class Reference:
    """Hard-margin solution of label-absorbed rows x_n, and what it predicts for flow and descent from w(0) = 0.

    Arrays are NumPy float64. `w_tilde`, `direction_constant`, `slowest_mode` are NaN where the theory gives no value
    (see the flags); `gap_constant` is NaN only with zero duals.
    """

    gamma: float  # maximal margin, 1/|w_hat|
    u: np.ndarray  # (d,) maximal-margin direction
    w_hat: np.ndarray  # (d,) u / gamma
    alpha: np.ndarray  # (n,) dual multipliers, w_hat = X^T alpha; of all duals the one of largest entropy
    p: np.ndarray  # (n,) gamma^2 alpha, a probability vector
    support: np.ndarray  # (k,) indices of the rows with x_n . w_hat = 1
    w_tilde: np.ndarray  # (d,) limit of w(t) - w_hat log t
    entropy: float  # Shannon entropy of p in nats
    min_entropy: float  # -log max p
    direction_constant: float  # limit of log t |w/|w| - u|
    gap_constant: float  # limit of log t (gamma - margin)
    next_margin: float  # kappa, the smallest x_n . w_hat off the margin (inf where there is none)
    slowest_mode: float  # smallest eigenvalue of sum_n alpha_n x_n x_n^T on the span of the data
    kkt_residual: float
    zero_duals: bool  # a support vector has no positive multiplier in any dual: w - w_hat log t is unbounded
    spanning: bool  # the support vectors span the data
    equal_duals: bool  # all multipliers on the margin are equal: both constants vanish
    unique_duals: bool  # the support vectors are linearly independent

    @property
    def effective_support(self) -> float:
        """exp(entropy): the effective number of support vectors."""
        return float(np.exp(self.entropy))

    @property
    def perpendicular(self) -> np.ndarray:
        """(d,) component of w_tilde orthogonal to u: the limit of |w| (w/|w| - u)."""
        return self.w_tilde - (self.u @ self.w_tilde) * self.u


def reference(x) -> Reference:
    """Exact maximal margin of the rows of `x` (n, d), labels absorbed, no bias, with all predicted constants.

    The problem min |w|^2 subject to x_n . w >= 1 is solved by non-negative least squares and its active set is then
    solved exactly (`hard_margin`). A constant feature gives a bias that is regularised with the rest.
    Raises ValueError where the shape or a value does not fit, NotSeparable where no w has all margins positive.
    Source: Soudry et al. 2018, theorems 3 to 5 (direction, residual); the constants are derived in the chapter.
    """
    rows = as_rows(x)
    w_hat, alpha, residual = hard_margin(rows)
    margins = rows @ w_hat
    slack = _ON_MARGIN * (1 + np.linalg.norm(rows, axis=1) * np.linalg.norm(w_hat))
    on = margins - 1 <= slack
    support = np.flatnonzero(on)
    rank = np.linalg.matrix_rank(rows)
    support_rank = np.linalg.matrix_rank(rows[support])
    unique = bool(support_rank == len(support))
    zero = bool((alpha[support] <= _POSITIVE * alpha.max()).any())
    w_tilde = np.full(rows.shape[1], np.nan)
    if not unique:
        positive, alpha, w_tilde = interior_dual(rows, w_hat, support)
        zero = not positive
    elif not zero:
        w_tilde = np.linalg.lstsq(rows[support], -np.log(alpha[support]), rcond=None)[0]
    spanning = bool(support_rank == rank)
    if not spanning:
        w_tilde = np.full(rows.shape[1], np.nan)  # the part off the support vectors depends on the whole path
    return _assemble(rows, w_hat, alpha, support, w_tilde, residual, zero, spanning, unique)


def _assemble(rows, w_hat, alpha, support, w_tilde, residual, zero, spanning, unique) -> Reference:
    gamma = 1 / np.linalg.norm(w_hat)
    u = gamma * w_hat
    p = gamma**2 * alpha
    positive = p[p > 0]
    entropy, min_entropy = float(-positive @ np.log(positive)), float(-np.log(p.max()))
    others = np.delete(rows @ w_hat, support)
    spread = alpha[support].max() - alpha[support].min()
    return Reference(
        gamma=float(gamma), u=u, w_hat=w_hat, alpha=alpha, p=p, support=support, w_tilde=w_tilde,
        entropy=entropy, min_entropy=min_entropy,
        direction_constant=float(gamma * np.linalg.norm(w_tilde - (u @ w_tilde) * u)),
        gap_constant=float("nan") if zero else float(gamma * (entropy - min_entropy)),
        next_margin=float(others.min()) if len(others) else float("inf"),
        slowest_mode=_slowest_mode(rows[support], alpha[support]) if spanning and not zero else float("nan"),
        kkt_residual=residual, zero_duals=zero, spanning=spanning,
        equal_duals=bool(not zero and spread <= 1e-9 * alpha.max()), unique_duals=unique,
    )  # fmt: skip


def _slowest_mode(rows, alpha) -> float:
    """Smallest non-zero eigenvalue of sum_n alpha_n x_n x_n^T: its rate of return to w_tilde in log-time."""
    values = np.linalg.svd(np.sqrt(alpha)[:, None] * rows, compute_uv=False) ** 2
    return float(values[np.linalg.matrix_rank(rows) - 1])


def as_rows(x) -> np.ndarray:
    """The data as a float64 array (n, d), or one sentence on why not."""
    rows = x.detach().cpu().numpy() if isinstance(x, torch.Tensor) else np.asarray(x)
    if rows.dtype.kind not in "iuf":
        raise TypeError(f"The data must be real numbers, one row per sample, not {rows.dtype}.")
    if rows.ndim != 2 or 0 in rows.shape:
        raise ValueError(f"The data must have the shape (samples, features), not {tuple(rows.shape)}.")
    rows = rows.astype(np.float64)
    if not np.isfinite(rows).all():
        raise ValueError(
            f"Row {int(np.argmin(np.isfinite(rows).all(axis=1)))} holds a value that is not finite."
        )
    return rows
