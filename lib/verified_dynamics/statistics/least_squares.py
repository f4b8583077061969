"""Least squares of many curves at once."""

import numpy as np

_GRID = 129
_BISECTIONS = 80
_NEWTON_STEPS = 12


def coefficients(design: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Least-squares coefficients (..., c) of the curves y (..., t) on the columns of the design (t, c).

    By QR with columns scaled to norm one. A curve that is not finite gets NaN.
    """
    scale = np.linalg.norm(design, axis=0)
    q, r = np.linalg.qr(design / scale)
    finite = np.isfinite(y).all(axis=-1)
    projected = np.where(finite[..., None], y, 0.0) @ q  # (..., c)
    solved = np.linalg.solve(r, projected[..., None])[..., 0] / scale
    return np.where(finite[..., None], solved, np.nan)


def shifted_logarithm(tau: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """(a, p, c) minimising |y - a + p log(tau + c)|^2 for the curves y (..., t), with c > -min tau.

    For fixed c the fit is linear, so the residual is a function of c alone: searched on a grid of
    log(min tau + c), narrowed by golden sections, polished by Gauss-Newton steps that are kept while they help.
    """
    shape = y.shape[:-1]
    y = y.reshape(-1, tau.size)
    finite = np.isfinite(y).all(axis=-1)
    curves = np.where(finite[:, None], y, 0.0)  # (s, t)
    grid = np.linspace(np.log(tau[0] * 1e-6), np.log(tau[-1] * 1e3), _GRID)
    residuals = np.stack([_profile(tau, curves, np.full(len(curves), u))[0] for u in grid])  # (g, s)
    best = np.clip(residuals.argmin(axis=0), 1, _GRID - 2)
    u = _golden(tau, curves, grid[best - 1], grid[best + 1])
    fit = _polished(tau, curves, np.exp(u) - tau[0])
    return tuple(np.where(finite, value, np.nan).reshape(shape) for value in fit)


def _profile(tau: np.ndarray, y: np.ndarray, u: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The least residual (s,) at shifts c = e^u - min tau, with its intercept and rate."""
    logs = np.log((tau - tau[0]) + np.exp(u)[:, None])  # (s, t)
    centred = logs - logs.mean(axis=-1, keepdims=True)
    offset = y - y.mean(axis=-1, keepdims=True)
    rate = -(centred * offset).sum(axis=-1) / (centred**2).sum(axis=-1)
    intercept = y.mean(axis=-1) + rate * logs.mean(axis=-1)
    return ((offset + rate[:, None] * centred) ** 2).sum(axis=-1), intercept, rate


def _golden(tau: np.ndarray, y: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    ratio = (np.sqrt(5) - 1) / 2
    for _ in range(_BISECTIONS):
        left, right = high - ratio * (high - low), low + ratio * (high - low)
        lower = _profile(tau, y, left)[0] < _profile(tau, y, right)[0]
        low, high = np.where(lower, low, left), np.where(lower, right, high)
    return (low + high) / 2


def _polished(tau: np.ndarray, y: np.ndarray, shift: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    residual, intercept, rate = _profile(tau, y, np.log(shift + tau[0]))
    for _ in range(_NEWTON_STEPS):
        inverse = 1 / (tau + shift[:, None])  # (s, t)
        columns = np.stack([np.ones_like(inverse), np.log(inverse), -rate[:, None] * inverse], axis=-1)
        error = y - intercept[:, None] - rate[:, None] * np.log(inverse)
        step = np.linalg.pinv(columns) @ error[..., None]  # (s, 3, 1)
        trial = np.maximum(shift + step[:, 2, 0], (shift - tau[0]) / 2)
        new = _profile(tau, y, np.log(trial + tau[0]))
        better = new[0] < residual
        old = (residual, intercept, rate)
        residual, intercept, rate = (np.where(better, *pair) for pair in zip(new, old, strict=True))
        shift = np.where(better, trial, shift)
    return intercept, rate, shift
